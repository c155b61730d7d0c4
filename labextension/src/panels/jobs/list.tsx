/** The virtualised list of jobs: ten thousand rows cost as much as twenty. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { defaultRangeExtractor, useVirtualizer, type Range } from '@tanstack/react-virtual';
import * as React from 'react';
import type { Job, Project } from '../../api/types';
import { useNow } from '../../components/hooks';
import { JobRow, type JobActions } from '../../components/jobrow';
import { may, mayOnJob } from '../../models/rights';

export interface JobListProps {
  jobs: readonly Job[];
  project: Project;
  user: string | null;
  selected: string | null;
  hasMore: boolean;
  onMore: () => void;
  actions: JobActions;
  trans: TranslationBundle;
}

/** Height of a row before it was measured, in pixels. */
const ROW = 56;

/** See the module's comment. */
export function JobList(props: JobListProps): React.ReactElement {
  const { jobs, project, user, selected, hasMore, onMore, actions, trans } = props;
  const now = useNow();
  const scroller = React.useRef<HTMLDivElement>(null);
  const wanted = React.useRef(false);
  const [current, setCurrent] = React.useState<string | null>(null);
  const position = Math.max(
    0,
    jobs.findIndex(job => job.id === current)
  );
  const rows = useVirtualizer({
    count: jobs.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    getItemKey: index => jobs[index].id,
    // The row where the keyboard stands is always there, or scrolling would lose the focus.
    rangeExtractor: range => withRow(range, position),
    overscan: 6
  });
  const items = rows.getVirtualItems();
  const last = rows.range?.endIndex ?? -1;
  React.useEffect(() => {
    if (hasMore && last >= jobs.length - 10) {
      onMore();
    }
  }, [hasMore, last, jobs.length, onMore]);

  const move = (event: React.KeyboardEvent) => {
    const to = target(event.key, position, jobs.length);
    if (to !== null) {
      event.preventDefault();
      wanted.current = true;
      setCurrent(jobs[to].id);
      rows.scrollToIndex(to);
    }
  };
  React.useEffect(() => {
    if (wanted.current && current !== null) {
      wanted.current = false;
      focusRow(scroller.current, current);
    }
  }, [current]);

  return (
    <div className="sub-JobList" ref={scroller} onKeyDown={move}>
      <div role="list" aria-label={trans.__('Jobs')} style={{ height: rows.getTotalSize() }}>
        {items.map(item => (
          <div
            key={item.key}
            role="listitem"
            aria-setsize={hasMore ? -1 : jobs.length}
            aria-posinset={item.index + 1}
            className="sub-JobList-item"
            data-index={item.index}
            ref={rows.measureElement}
            style={{ transform: `translateY(${item.start}px)` }}
            onFocus={() => setCurrent(jobs[item.index].id)}
          >
            <JobRow
              job={jobs[item.index]}
              mayRetry={may(project, 'job:submit')}
              mayStop={mayOnJob('stop', jobs[item.index], project, user)}
              now={now}
              current={item.index === position}
              selected={jobs[item.index].id === selected}
              actions={actions}
              trans={trans}
            />
          </div>
        ))}
      </div>
    </div>
  );
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
