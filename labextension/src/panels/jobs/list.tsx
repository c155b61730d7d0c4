/** The virtualised list of jobs: ten thousand rows cost as much as twenty. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import {
  defaultRangeExtractor,
  measureElement,
  observeElementRect,
  useVirtualizer,
  type Range,
  type Virtualizer
} from '@tanstack/react-virtual';
import * as React from 'react';
import { isTerminal, type Job, type Project } from '../../api/types';
import { useNow } from '../../components/hooks';
import { JobRow, PassingRow, type JobActions, type Press } from '../../components/jobrow';
import { may, mayOnJob } from '../../models/rights';

export interface JobListProps {
  jobs: readonly Job[];
  project: Project;
  user: string | null;
  /** The job whose view was opened last. */
  opened: string | null;
  /** Those that are meant together. */
  chosen: ReadonlySet<string>;
  hasMore: boolean;
  onMore: () => void;
  /** Go on to the very first job. */
  onAll: () => void;
  onPress: (id: string, press: Press) => void;
  onChooseAll: () => void;
  onChooseNone: () => void;
  canUndo: (id: string) => boolean;
  actions: JobActions;
  trans: TranslationBundle;
}

/** Heights before any row was measured, in pixels: what is right at first moves nothing later. */
const ROW = 55;
const REASON = 17;
const PROGRESS = 26;

/** A list of usual size, until it is known. */
const SCREEN = { width: 280, height: 600 };

/** Pixels between two drawings from which on rows are not read any more. */
const RUSH = 400;

/** Rows that rush by are drawn in so many elements, again and again: making them is dear. */
const PASSING = 64;

/** How many rows before the end more are asked for: a screenful and what scrolls by meanwhile. */
const AHEAD = 100;

/** See the module's comment. */
export function JobList(props: JobListProps): React.ReactElement {
  const { jobs, project, user, opened, chosen, hasMore, onMore, trans } = props;
  const now = useNow();
  const hint = React.useId();
  const scroller = React.useRef<HTMLDivElement>(null);
  const { rushing, noteSpeed } = useSpeed();
  const heights = useHeights(jobs);
  // The same function as long as the jobs are: another one would have every row placed anew.
  const getItemKey = React.useCallback((index: number) => jobs[index].id, [jobs]);
  const { position, stand, pressed } = useKeyboard(props, scroller, index =>
    rows.scrollToIndex(index)
  );
  const rows = useVirtualizer<HTMLDivElement, Element>({
    count: jobs.length,
    getScrollElement: () => scroller.current,
    ...heights,
    getItemKey,
    // The row where the keyboard stands is always there, or scrolling would lose the focus.
    rangeExtractor: range => withRow(range, position),
    overscan: 8,
    // Rows are there with the list itself, before the browser has told how high it is.
    initialRect: SCREEN,
    observeElementRect: observeShown,
    onChange: noteSpeed
  });
  const last = rows.range?.endIndex ?? -1;
  React.useEffect(() => {
    if (hasMore && last >= jobs.length - AHEAD) {
      onMore();
    }
  }, [hasMore, last, jobs.length, onMore]);
  return (
    <div
      className={`sub-JobList${chosen.size > 0 ? ' sub-mod-choosing' : ''}`}
      ref={scroller}
      onKeyDown={pressed}
    >
      <p id={hint} className="sub-Hidden">
        {trans.__(
          'The arrow keys move, Enter opens, Space chooses, Shift with an arrow key chooses several.'
        )}
      </p>
      <div
        role="list"
        aria-label={trans.__('Jobs')}
        aria-describedby={hint}
        style={{ height: rows.getTotalSize() }}
      >
        {rows.getVirtualItems().map(item => {
          const job = jobs[item.index];
          const passes = rushing.current && item.index !== position;
          return (
            <div
              key={passes ? item.index % PASSING : item.key}
              role="listitem"
              aria-setsize={hasMore ? -1 : jobs.length}
              aria-posinset={item.index + 1}
              className="sub-JobList-item"
              data-index={item.index}
              ref={passes ? undefined : rows.measureElement}
              style={{
                transform: `translateY(${item.start}px)`,
                height: passes ? item.size : undefined
              }}
              onFocus={() => stand(job.id)}
            >
              {passes ? (
                <PassingRow job={job} />
              ) : (
                <JobRow
                  job={job}
                  mayRetry={may(project, 'job:submit')}
                  mayStop={mayOnJob('stop', job, project, user)}
                  now={now}
                  current={item.index === position}
                  opened={job.id === opened}
                  chosen={chosen.has(job.id)}
                  undoable={props.canUndo(job.id)}
                  onPress={props.onPress}
                  actions={props.actions}
                  trans={trans}
                />
              )}
            </div>
          );
        })}
      </div>
      {hasMore && <div className="sub-JobList-more">{trans.__('Loading older jobs…')}</div>}
    </div>
  );
}

/** A hidden list keeps its rows: they are there at once when it is shown. */
const observeShown: typeof observeElementRect = (rows, tell) =>
  observeElementRect(rows, rect => {
    if (rect.height > 0) {
      tell(rect);
    }
  });

/** Whether rows rush by faster than anybody reads: whole screens at a time. */
function useSpeed(): {
  rushing: React.RefObject<boolean>;
  noteSpeed: (rows: Virtualizer<HTMLDivElement, Element>) => void;
} {
  const rushing = React.useRef(false);
  const before = React.useRef(0);
  const noteSpeed = React.useCallback((rows: Virtualizer<HTMLDivElement, Element>) => {
    const offset = rows.scrollOffset ?? 0;
    if (offset !== before.current) {
      rushing.current = Math.abs(offset - before.current) > RUSH;
    }
    rushing.current &&= rows.isScrolling;
    before.current = offset;
  }, []);
  return { rushing, noteSpeed };
}

/** A row's height before it is drawn: that of the lowest like it so far, whatever the font. */
function useHeights(jobs: readonly Job[]): {
  estimateSize: (index: number) => number;
  measureElement: typeof measureElement;
} {
  const seen = React.useRef(new Map<number, number>());
  return {
    estimateSize: index => {
      const like = index < jobs.length ? heightOf(jobs[index]) : ROW;
      return seen.current.get(like) ?? like;
    },
    measureElement: (element, entry, rows) => {
      const height = measureElement(element, entry, rows);
      const index = rows.indexFromElement(element);
      if (height === 0 || index >= jobs.length) {
        return rows.options.estimateSize(index); // a hidden panel's rows have no height
      }
      const like = heightOf(jobs[index]);
      seen.current.set(like, Math.min(height, seen.current.get(like) ?? height));
      return height;
    }
  };
}

/** Where the keyboard stands in the list, and what its keys do. */
function useKeyboard(
  props: JobListProps,
  scroller: React.RefObject<HTMLDivElement>,
  scrollTo: (index: number) => void
): {
  position: number;
  stand: (id: string) => void;
  pressed: (event: React.KeyboardEvent) => void;
} {
  const { jobs, hasMore, onAll, onPress, onChooseAll, onChooseNone } = props;
  // By its id: scrolling draws the list before the row that is wanted is the current one.
  const wanted = React.useRef<string | null>(null);
  const ending = React.useRef(false);
  const [current, setCurrent] = React.useState<string | null>(null);
  const found = jobs.findIndex(job => job.id === current);
  const position = Math.max(0, found);
  const go = (index: number) => {
    wanted.current = jobs[index].id;
    setCurrent(jobs[index].id);
    scrollTo(index);
  };
  React.useEffect(() => {
    if (wanted.current !== null && wanted.current === current) {
      wanted.current = null;
      focusRow(scroller.current, current);
    }
  });
  React.useEffect(() => {
    if (ending.current && !hasMore && jobs.length > 0) {
      ending.current = false;
      go(jobs.length - 1);
    }
  });
  const pressed = (event: React.KeyboardEvent) => {
    const { key, shiftKey } = event;
    const on = (event.target as HTMLElement).closest<HTMLElement>('.sub-JobRow-main');
    const to = target(key, position, jobs.length);
    if (key === 'End' && hasMore) {
      ending.current = true;
      onAll();
    } else if (to !== null) {
      if (shiftKey) {
        onPress(jobs[to].id, 'extend');
      }
      go(to);
    } else if (key === ' ' && on?.dataset.job) {
      onPress(on.dataset.job, 'toggle');
    } else if (key === 'a' && (event.ctrlKey || event.metaKey)) {
      onChooseAll();
    } else if (key === 'Escape' && props.chosen.size > 0) {
      onChooseNone();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return { position, stand: setCurrent, pressed };
}

function heightOf(job: Job): number {
  const progress = job.progress && !isTerminal(job.state) ? PROGRESS : 0;
  return ROW + progress + (job.reason && job.state !== 'succeeded' ? REASON : 0);
}

/** Where a key leads from a row; null where it leads nowhere. */
function target(key: string, from: number, count: number): number | null {
  const moves: { [key: string]: number } = {
    ArrowDown: from + 1,
    ArrowUp: from - 1,
    Home: 0,
    End: count - 1
  };
  const to = moves[key];
  return to === undefined || to < 0 || to >= count ? null : to;
}

function withRow(range: Range, row: number): number[] {
  const visible = defaultRangeExtractor(range);
  return row >= range.count || visible.includes(row)
    ? visible
    : [...visible, row].sort((a, b) => a - b);
}

function focusRow(scroller: HTMLElement | null, id: string): void {
  const rows = scroller?.querySelectorAll<HTMLElement>('.sub-JobRow-main') ?? [];
  [...rows].find(row => row.dataset.job === id)?.focus({ preventScroll: true });
}
