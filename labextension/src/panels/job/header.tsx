/** The head of a job's view: what it is, how it stands, what can be done. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { isTerminal, type Job, type JobSpec } from '../../api/types';
import { locale } from '../../components/locale';
import { JobProgress, State, TextButton } from '../../components/basics';
import { duration, exactTime } from '../../components/words';
import { differences } from '../../models/spec';

export interface JobViewActions {
  stop: () => void;
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
        {job.attempt > 1 && (
          <span className="sub-JobHeader-attempt">{trans.__('attempt %1', job.attempt)}</span>
        )}
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
  const { job, mayStop, mayRetry, mayDelete, actions, trans } = props;
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

/** When it was created, queued, started and finished, and how long each took. */
function Timeline(props: { job: Job; now: number; trans: TranslationBundle }): React.ReactElement {
  const { job, now, trans } = props;
  const steps: [string, string | null | undefined][] = [
    [trans.__('Created'), job.created],
    [trans.__('Queued'), job.queued],
    [trans.__('Started'), job.started],
    [trans.__('Finished'), job.finished]
  ];
  const reached = steps.filter((step): step is [string, string] => Boolean(step[1]));
  return (
    <ol className="sub-Timeline" aria-label={trans.__('Timeline')}>
      {reached.map(([word, time], index) => (
        <li key={word}>
          <span className="sub-Timeline-word">{word}</span>
          <time dateTime={time} title={exactTime(time)}>
            {new Date(time).toLocaleTimeString(locale())}
          </time>
          <span className="sub-Timeline-span">{span(job, reached, index, now, trans)}</span>
        </li>
      ))}
    </ol>
  );
}

function span(
  job: Job,
  reached: [string, string][],
  index: number,
  now: number,
  trans: TranslationBundle
): string {
  const from = Date.parse(reached[index][1]);
  if (index + 1 < reached.length) {
    const to = Date.parse(reached[index + 1][1]);
    return to - from >= 1000 ? trans.__('for %1', duration((to - from) / 1000, trans)) : '';
  }
  return isTerminal(job.state) ? '' : trans.__('for %1', duration((now - from) / 1000, trans));
}
