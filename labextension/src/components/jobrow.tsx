/** One job in the panel's list. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { refreshIcon, stopIcon, textEditorIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import { isTerminal, type Job } from '../api/types';
import { Ago, IconButton, JobProgress, State } from './basics';
import { Sparkline } from './sparkline';
import { initials } from './words';

/** What can be done with a job from where it is shown. */
export interface JobActions {
  open: (id: string, tab?: string) => void;
  stop: (id: string) => void;
  /** Take a stop back that was not sent yet. */
  undoStop: (id: string) => void;
  retry: (id: string) => void;
}

/** How a row was pressed: alone it opens the job, with a key it is chosen beside others. */
export type Press = 'open' | 'toggle' | 'extend';

export interface JobRowProps {
  job: Job;
  now: number;
  /** Whether the keyboard stands on this row; only this one is in the tab order. */
  current: boolean;
  /** Whether this job's view was opened last. */
  opened: boolean;
  /** Whether it is one of those that are meant together. */
  chosen: boolean;
  mayStop: boolean;
  mayRetry: boolean;
  /** Whether it is about to be stopped and nothing was sent yet. */
  undoable: boolean;
  onPress: (id: string, press: Press) => void;
  actions: JobActions;
  trans: TranslationBundle;
}

/** See the module's comment. A row that is as it was is not drawn again. */
export const JobRow = React.memo(function JobRow(props: JobRowProps): React.ReactElement {
  const { job, now, current, opened, chosen, onPress, trans } = props;
  const tabIndex = current ? 0 : -1;
  // Icons are dear: a row has its buttons once the mouse or the keyboard has come to it.
  const [visited, setVisited] = React.useState(false);
  return (
    <div
      className={`sub-JobRow${opened ? ' sub-mod-selected' : ''}${chosen ? ' sub-mod-chosen' : ''}`}
      onPointerEnter={() => setVisited(true)}
    >
      <input
        type="checkbox"
        className="sub-JobRow-check"
        aria-label={trans.__('Choose %1', job.name)}
        title={trans.__('Choose several: click here, or press Space')}
        tabIndex={tabIndex}
        checked={chosen}
        onChange={event => onPress(job.id, isShift(event.nativeEvent) ? 'extend' : 'toggle')}
      />
      <button
        type="button"
        className="sub-JobRow-main"
        data-job={job.id}
        tabIndex={tabIndex}
        aria-current={opened}
        onClick={event => onPress(job.id, pressOf(event))}
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
          <Sparkline job={job} trans={trans} />
          <span className="sub-JobRow-age">
            <Ago time={job.created} now={now} trans={trans} />
          </span>
        </span>
      </button>
      <JobProgress job={job} trans={trans} />
      {job.reason && job.state !== 'succeeded' && <div className="sub-Reason">{job.reason}</div>}
      {props.undoable && <Undo {...props} tabIndex={tabIndex} />}
      {(visited || current) && <RowActions {...props} tabIndex={tabIndex} />}
    </div>
  );
});

/** A job that rushes by: what an eye can catch, at a tenth of the cost. */
export function PassingRow({ job }: { job: Job }): React.ReactElement {
  return (
    <div className="sub-JobRow">
      <div className="sub-JobRow-first">
        <span className="sub-JobRow-name">{job.name}</span>
      </div>
    </div>
  );
}

/** The way back, while nothing was sent. */
function Undo(props: JobRowProps & { tabIndex: number }): React.ReactElement {
  const { job, actions, trans, tabIndex } = props;
  return (
    <div className="sub-JobRow-undo">
      <button
        type="button"
        className="jp-Button jp-mod-styled sub-mod-quiet sub-TextButton"
        tabIndex={tabIndex}
        aria-label={trans.__('Undo: let %1 run on', job.name)}
        onClick={() => actions.undoStop(job.id)}
      >
        {trans.__('Undo')}
      </button>
    </div>
  );
}

function RowActions(props: JobRowProps & { tabIndex: number }): React.ReactElement {
  const { job, mayStop, mayRetry, undoable, actions, trans, tabIndex } = props;
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
          name={undoable ? trans.__('Stop %1 now', job.name) : trans.__('Stop %1', job.name)}
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

function pressOf(event: React.MouseEvent): Press {
  return event.shiftKey ? 'extend' : event.ctrlKey || event.metaKey ? 'toggle' : 'open';
}

function isShift(event: Event): boolean {
  return event instanceof MouseEvent && event.shiftKey;
}
