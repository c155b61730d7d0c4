/** The Logs tab: which rank and attempt, where in the log, and its lines. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Job } from '../../api/types';
import { Message, TextButton } from '../../components/basics';
import { useSignal } from '../../components/hooks';
import { LogView } from '../../components/logview';
import { bytes } from '../../components/words';
import type { LogsModel } from '../../models/logs';

export interface LogsTabProps {
  model: LogsModel;
  job: Job;
  onDownload: (rank: number, attempt: number | null) => void;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function LogsTab(props: LogsTabProps): React.ReactElement {
  const { model, job, onDownload, trans } = props;
  useSignal(model.changed);
  const [follow, setFollow] = React.useState(true);
  const setFollowing = (next: boolean) => {
    setFollow(next);
    if (next && !model.live) {
      void model.toEnd();
    }
  };
  return (
    <div className="sub-Logs">
      <div className="sub-Controls">
        <Source model={model} job={job} trans={trans} />
        <label>
          <input
            type="checkbox"
            checked={follow}
            onChange={event => setFollowing(event.target.checked)}
          />{' '}
          {trans.__('Follow')}
        </label>
        <Position model={model} onMove={() => setFollow(false)} trans={trans} />
        <TextButton onClick={() => onDownload(model.rank, model.wanted)}>
          {trans.__('Download')}
        </TextButton>
      </div>
      {model.problem && <Message kind="failed">{model.problem}</Message>}
      {model.lines.length === 0 ? (
        <Message kind={model.loading ? 'loading' : 'empty'}>
          {model.loading ? trans.__('Loading the log…') : trans.__('Nothing was printed yet.')}
        </Message>
      ) : (
        <LogView model={model} follow={follow} onFollow={setFollow} trans={trans} />
      )}
    </div>
  );
}

/** Rank and attempt, where there is a choice. */
function Source(props: {
  model: LogsModel;
  job: Job;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, job, trans } = props;
  return (
    <>
      {job.ranks > 1 && (
        <label>
          {trans.__('Rank')}{' '}
          <select
            className="jp-mod-styled"
            value={model.rank}
            onChange={event => void model.show(Number(event.target.value), model.wanted)}
          >
            {numbers(0, job.ranks)}
          </select>
        </label>
      )}
      {job.attempt > 1 && (
        <label>
          {trans.__('Attempt')}{' '}
          <select
            className="jp-mod-styled"
            value={model.wanted ?? ''}
            onChange={event => void model.show(model.rank, Number(event.target.value) || null)}
          >
            <option value="">{trans.__('latest')}</option>
            {numbers(1, job.attempt + 1)}
          </select>
        </label>
      )}
    </>
  );
}

function numbers(from: number, to: number): React.ReactElement[] {
  return Array.from({ length: to - from }, (_, index) => (
    <option key={from + index} value={from + index}>
      {from + index}
    </option>
  ));
}

/** Where the window stands in a log that is longer than the window. */
function Position(props: {
  model: LogsModel;
  onMove: () => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { model, onMove, trans } = props;
  const { start, end, size } = model;
  const [dragged, setDragged] = React.useState<number | null>(null);
  if (start === 0 && end >= size) {
    return <span className="sub-Controls-note">{bytes(size)}</span>;
  }
  const move = () => {
    if (dragged !== null) {
      onMove();
      void model.toOffset(dragged);
      setDragged(null);
    }
  };
  return (
    <label className="sub-Position">
      {trans.__('Position')}{' '}
      <input
        type="range"
        min={0}
        max={size}
        step={Math.max(1, Math.floor(size / 200))}
        value={dragged ?? start}
        aria-valuetext={trans.__('%1 of %2', bytes(dragged ?? start), bytes(size))}
        onChange={event => setDragged(Number(event.target.value))}
        onPointerUp={move}
        onKeyUp={move}
        onBlur={move}
      />
      <span className="sub-Controls-note">
        {trans.__('%1 of %2', bytes(dragged ?? start), bytes(size))}
      </span>
    </label>
  );
}
