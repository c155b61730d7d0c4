/** One job in the panel's list. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { refreshIcon, stopIcon, textEditorIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { isTerminal, type Job } from '../api/types';
import { Ago, IconButton, JobProgress, State } from './basics';
import { initials } from './words';

/** What can be done with a job from where it is shown. */
export interface JobActions {
  open: (id: string, tab?: string) => void;
  stop: (id: string) => void;
  retry: (id: string) => void;
}

export interface JobRowProps {
  job: Job;
  now: number;
  /** Whether the keyboard stands on this row; only this one is in the tab order. */
  current: boolean;
  selected: boolean;
  mayStop: boolean;
  mayRetry: boolean;
  actions: JobActions;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function JobRow(props: JobRowProps): React.ReactElement {
  const { job, now, current, selected, actions, trans } = props;
  return (
    <div className={`sub-JobRow${selected ? ' sub-mod-selected' : ''}`}>
      <button
        type="button"
        className="sub-JobRow-main"
        data-job={job.id}
        tabIndex={current ? 0 : -1}
        aria-current={selected}
        onClick={() => actions.open(job.id)}
      >
        <span className="sub-JobRow-first">
          <span className="sub-JobRow-name" title={job.name}>
            {job.name}
          </span>
          <span className="sub-Initials" title={job.owner} aria-label={job.owner}>
            {initials(job.owner)}
          </span>
        </span>
        <span className="sub-JobRow-second">
          <State job={job} trans={trans} />
          <span className="sub-JobRow-age">
            <Ago time={job.created} now={now} trans={trans} />
          </span>
        </span>
      </button>
      <JobProgress job={job} trans={trans} />
      {job.reason && job.state !== 'succeeded' && <div className="sub-Reason">{job.reason}</div>}
      <RowActions {...props} tabIndex={current ? 0 : -1} />
    </div>
  );
}

function RowActions(props: JobRowProps & { tabIndex: number }): React.ReactElement {
  const { job, mayStop, mayRetry, actions, trans, tabIndex } = props;
  const done = isTerminal(job.state);
  return (
    <div className="sub-JobRow-actions">
      {done && mayRetry && (
        <IconButton
          icon={refreshIcon}
          name={trans.__('Run %1 again', job.name)}
          tabIndex={tabIndex}
          onClick={() => actions.retry(job.id)}
        />
      )}
      {!done && mayStop && (
        <IconButton
          icon={stopIcon}
          name={trans.__('Stop %1', job.name)}
          tabIndex={tabIndex}
          onClick={() => actions.stop(job.id)}
        />
      )}
      <IconButton
        icon={textEditorIcon}
        name={trans.__('Open the log of %1', job.name)}
        tabIndex={tabIndex}
        onClick={() => actions.open(job.id, 'logs')}
      />
    </div>
  );
}
