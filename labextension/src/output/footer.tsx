/** Below a cell that was run as a job: state, progress, main metric, what to do. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { closeIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { isTerminal, type Job } from '../api/types';
import { Ago, IconButton, JobProgress, NoJob, State, TextButton } from '../components/basics';
import { useNow, useSignal } from '../components/hooks';
import { metric } from '../components/words';
import type { JobModel } from '../models/job';

export interface FooterProps {
  job: JobModel;
  /** Whether the cell has another source than the one that ran. */
  changedSince: (job: Job) => boolean;
  /** Not in a notebook that is not trusted: what it names must not be stopped by a slip. */
  mayStop: (job: Job) => boolean;
  onStop: () => void;
  onOpen: () => void;
  onDismiss: () => void;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function CellFooter(props: FooterProps): React.ReactElement {
  const { job: model, onDismiss, trans } = props;
  useSignal(model.changed);
  return (
    <section
      className="sub-CellFooter"
      aria-label={trans.__('Job of this cell: %1', model.job?.name ?? '')}
    >
      {model.job ? (
        <Found {...props} found={model.job} />
      ) : (
        <NoJob missing={model.missing} problem={model.problem} trans={trans} />
      )}
      <IconButton
        icon={closeIcon}
        name={trans.__('Take this line away; the job goes on')}
        onClick={onDismiss}
      />
    </section>
  );
}

function Found(props: FooterProps & { found: Job }): React.ReactElement {
  const { found: job, changedSince, mayStop, onStop, onOpen, trans } = props;
  const now = useNow();
  const [main] = Object.entries(job.latest);
  return (
    <>
      <span className="sub-CellFooter-state" role="status">
        <State job={job} trans={trans} />
      </span>
      <JobProgress job={job} trans={trans} />
      {main && (
        <span className="sub-CellFooter-metric">
          {main[0]} <strong>{metric(main[1])}</strong>
        </span>
      )}
      <span className="sub-CellFooter-age">
        <Ago time={job.finished ?? job.started ?? job.created} now={now} trans={trans} />
      </span>
      {changedSince(job) && (
        <span className="sub-CellFooter-old">{trans.__('the cell was changed since')}</span>
      )}
      <span className="sub-CellFooter-buttons">
        {!isTerminal(job.state) && mayStop(job) && (
          <TextButton onClick={onStop} disabled={job.target === 'stop'}>
            {trans.__('Stop')}
          </TextButton>
        )}
        <TextButton onClick={onOpen}>{trans.__('Open')}</TextButton>
      </span>
      {job.reason && <div className="sub-Reason">{job.reason}</div>}
    </>
  );
}
