/** The Logs tab: which rank and attempt, where in the log, and its lines. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Job } from '../../api/types';
import { Message, TextButton } from '../../components/basics';
import { useSignal } from '../../components/hooks';
import { LogView } from '../../components/logview';
import { bytes } from '../../components/words';
import type { LogsModel } from '../../models/logs';
import type { LogSearchModel } from '../../models/logsearch';
import { LogSearch } from './search';

export interface LogsTabProps {
  model: LogsModel;
  search: LogSearchModel;
  job: Job;
  /** Where a whole log is downloaded from. */
  urlOf: (rank: number, attempt: number | null) => string;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function LogsTab(props: LogsTabProps): React.ReactElement {
  const { model, search, trans } = props;
  useSignal(model.changed);
  useSignal(search.changed);
  const [follow, setFollow] = React.useState(search.text === '');
  const [wrap, setWrap] = React.useState(false);
  const scroller = React.useRef<HTMLDivElement>(null);
  const field = React.useRef<HTMLInputElement>(null);
  const { text } = search;
  const find = React.useMemo(() => ({ text, case: search.case }), [text, search.case]);
  return (
    <div className="sub-Logs" onKeyDown={event => searched(event, field.current)}>
      <div className="sub-Controls">
        <LogSearch
          model={search}
          field={field}
          onLeave={() => scroller.current?.focus()}
          trans={trans}
        />
        <Movement {...props} follow={follow} onFollow={setFollow} />
        <label>
          <input type="checkbox" checked={wrap} onChange={event => setWrap(event.target.checked)} />{' '}
          {trans.__('Wrap lines')}
        </label>
        <Source {...props} />
        <Download {...props} />
      </div>
      {model.problem && <Message kind="failed">{model.problem}</Message>}
      {model.lines.length === 0 ? (
        <Message kind={model.loading ? 'loading' : 'empty'}>{nothing(props)}</Message>
      ) : (
        <LogView
          model={model}
          follow={follow}
          onFollow={setFollow}
          wrap={wrap}
          find={find}
          scroller={scroller}
          trans={trans}
        />
      )}
    </div>
  );
}

/** Ctrl+F is this search, not the browser's, which knows only the lines in view. */
function searched(event: React.KeyboardEvent, field: HTMLInputElement | null): void {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === 'f') {
    event.preventDefault();
    event.stopPropagation();
    field?.focus();
    field?.select();
  }
}

function nothing({ model, job, trans }: LogsTabProps): string {
  if (model.loading) {
    return trans.__('Loading the log…');
  }
  if (job.finished) {
    return trans.__('It printed nothing.');
  }
  return job.started
    ? trans.__('Nothing was printed yet. Lines appear here as they come.')
    : trans.__('The log begins when the job does.');
}

/** Where in the log one is: its start, its end as it grows, or anywhere between. */
function Movement(
  props: LogsTabProps & { follow: boolean; onFollow: (follow: boolean) => void }
): React.ReactElement {
  const { model, follow, onFollow, trans } = props;
  const toEnd = (stay: boolean) => {
    onFollow(stay);
    if (stay && !model.live) {
      void model.toEnd();
    }
  };
  return (
    <>
      <TextButton
        title={trans.__('Go to the first line')}
        onClick={() => {
          onFollow(false);
          void model.toLine(0);
        }}
      >
        {trans.__('Start')}
      </TextButton>
      <TextButton title={trans.__('Go to the last line')} onClick={() => toEnd(true)}>
        {trans.__('End')}
      </TextButton>
      <label>
        <input type="checkbox" checked={follow} onChange={event => toEnd(event.target.checked)} />{' '}
        {trans.__('Follow')}
      </label>
      <Position model={model} onMove={() => onFollow(false)} trans={trans} />
    </>
  );
}

/** A link, so that the browser saves what comes: however long the log, none of it is held here. */
function Download({ model, urlOf, trans }: LogsTabProps): React.ReactElement {
  return (
    <a
      className="jp-Button jp-mod-styled sub-mod-quiet sub-TextButton"
      href={urlOf(model.rank, model.wanted)}
      download=""
      title={trans.__('Download the whole log')}
    >
      {trans.__('Download')}
    </a>
  );
}

/** Rank and attempt, where there is a choice. */
function Source({ model, job, trans }: LogsTabProps): React.ReactElement {
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
