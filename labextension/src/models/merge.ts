/** How lists and frames become one truth about a job. Pure functions, no I/O. */
import { isTerminal, type Job, type Progress } from '../api/types';

/** The fields of a job that a `job` frame carries. */
export type Change = Partial<Job> & Pick<Job, 'id' | 'revision'>;

/** What a `progress` frame carries; it has no revision of its own. */
export interface ProgressChange {
  id: string;
  progress?: Progress | null;
  latest?: Job['latest'];
  trace?: Job['trace'];
  /** How many artifacts it has reported. */
  artifacts?: number;
}

/** Whether a frame brought the whole job, as it does for a new one. */
export function isWhole(change: Partial<Job>): change is Job {
  return change.spec !== undefined && change.state !== undefined && change.created !== undefined;
}

/** The newer of two whole jobs. */
export function newer(known: Job | undefined, other: Job): Job {
  return known && known.revision >= other.revision ? known : other;
}

/** The job after a change, or the same object where the change says nothing new. */
export function apply(job: Job, change: Change): Job {
  return change.revision > job.revision ? { ...job, ...change } : job;
}

/** Progress of a job that has ended is old news. */
export function applyProgress(job: Job, change: ProgressChange): Job {
  if (isTerminal(job.state)) {
    return job;
  }
  const { progress = job.progress, trace = job.trace, latest } = change;
  return { ...job, progress, trace, latest: { ...job.latest, ...latest } };
}
