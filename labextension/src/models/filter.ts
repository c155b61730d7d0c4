/** Which jobs to show. It decides as the server does, for what is known here already. Pure. */
import type { Job, JobState } from '../api/types';

export interface JobsFilter {
  states: readonly JobState[];
  /** The person whose jobs are meant; null: anybody's. */
  owner: string | null;
  text: string;
}

export const NO_FILTER: JobsFilter = { states: [], owner: null, text: '' };

/** Whether anything is filtered away at all. */
export function filters({ states, owner, text }: JobsFilter): boolean {
  return states.length > 0 || owner !== null || text.trim() !== '';
}

/** Any of the states; that owner; the text in the name or the id. */
export function matches(job: Job, { states, owner, text }: JobsFilter): boolean {
  const wanted = text.trim().toLowerCase();
  return (
    (states.length === 0 || states.includes(job.state)) &&
    (owner === null || job.owner === owner) &&
    (wanted === '' || `${job.name}\n${job.id}`.toLowerCase().includes(wanted))
  );
}
