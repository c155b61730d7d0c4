/** The head of a job's view: what it is, how it stands, what can be done. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { isTerminal, type Job, type JobSpec } from '../../api/types';
import { JobProgress, State, TextButton } from '../../components/basics';
import { differences } from '../../models/spec';
import { Timeline } from './timeline';

export interface JobViewActions {
  stop: () => void;
  /** Let it run on: the stop was not sent yet. */
  undoStop: () => void;
  retry: () => void;
  remove: () => void;
  rerun: (project: string, spec: JobSpec) => void;
  /** Run this, and stop the job once that is accepted. */
  replace: (project: string, spec: JobSpec) => void;
}

interface HeaderProps {
  job: Job;
  now: number;
  /** What one may do with it; what one may not is not offered. */
  mayStop: boolean;
  mayRetry: boolean;
  mayDelete: boolean;
  /** Whether a stop can be taken back. */
  mayUndo: boolean;
  actions: JobViewActions;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function JobHeader(props: HeaderProps): React.ReactElement {
  const { job, now, ...rest } = props;
  const { trans } = rest;
  return (
    <div className="sub-JobHeader">
      <div className="sub-JobHeader-title">
        <h1>{job.name}</h1>
        <span role="status" aria-live="polite">
          <State job={job} trans={trans} />
        </span>
        <span className="sub-JobHeader-buttons">
          <Buttons job={job} {...rest} />
        </span>
      </div>
      {job.reason && <p className="sub-Reason">{job.reason}</p>}
      <JobProgress job={job} trans={trans} />
      <Timeline job={job} now={now} trans={trans} />
    </div>
  );
}

function Buttons(props: Omit<HeaderProps, 'now'>): React.ReactElement | null {
  const { job, mayStop, mayRetry, mayDelete, mayUndo, actions, trans } = props;
  const { remedy } = job;
  const changes = remedy && differences(job.spec, remedy).join(', ');
  if (!isTerminal(job.state)) {
    const stopping = job.target === 'stop';
    return !mayStop ? null : (
      <>
        {remedy && mayRetry && !stopping && job.state !== 'running' && (
          <TextButton accept onClick={() => actions.replace(job.project, remedy)}>
            {trans.__('Run with %1 instead', changes)}
          </TextButton>
        )}
        <TextButton onClick={actions.stop} disabled={stopping}>
          {stopping ? trans.__('Stopping…') : trans.__('Stop')}
        </TextButton>
        {mayUndo && <TextButton onClick={actions.undoStop}>{trans.__('Undo')}</TextButton>}
      </>
    );
  }
  return (
    <>
      {remedy && mayRetry && (
        <TextButton accept onClick={() => actions.rerun(job.project, remedy)}>
          {trans.__('Rerun with %1', changes)}
        </TextButton>
      )}
      {mayRetry && <TextButton onClick={actions.retry}>{trans.__('Run again')}</TextButton>}
      {mayDelete && <TextButton onClick={actions.remove}>{trans.__('Delete…')}</TextButton>}
    </>
  );
}
