/** Lines of a log, virtualised, following its end when asked. It draws text, never HTML. */
import type { TranslationBundle } from '@jupyterlab/translation';
import {
  defaultRangeExtractor,
  useVirtualizer,
  type Range,
  type Virtualizer
} from '@tanstack/react-virtual';
import * as React from 'react';
import type { LogsModel } from '../models/logs';
import { AnsiLine, plain, type Find } from './ansi';
import { useSignal } from './hooks';
import { copySelected, useSelectedLines } from './logselection';

/** Height of a line in pixels; the style sheet has the same. */
const LINE = 18;
/** Lines from an end of the window at which more is read. */
const NEAR = 50;

export interface LogViewProps {
  model: LogsModel;
  follow: boolean;
  onFollow: (follow: boolean) => void;
  /** Whether long lines are broken. */
  wrap: boolean;
  /** What to mark in the lines. */
  find: Find;
  /** The element that scrolls and takes the keyboard. */
  scroller: React.RefObject<HTMLDivElement>;
  trans: TranslationBundle;
}

type Rows = Virtualizer<HTMLDivElement, Element>;

/** See the module's comment. */
export function LogView(props: LogViewProps): React.ReactElement {
  const { model, follow, onFollow, wrap, find, scroller, trans } = props;
  useSignal(model.changed);
  const rows = useRows(props);
  useAnchor(scroller, model.shifted);
  useEnd(scroller, follow, `${model.lines.length} ${model.end} ${wrap && rows.getTotalSize()}`);
  useMarked(rows, model, onFollow);
  const { shifted, marked } = model;
  return (
    <div
      className={wrap ? 'sub-LogView sub-mod-wrap' : 'sub-LogView'}
      ref={scroller}
      onScroll={event => scrolled(event.currentTarget, props)}
      onCopy={event => copySelected(event, line => plain(model.lines.at(line + shifted)))}
      tabIndex={0}
      role="log"
      aria-live="off"
      aria-label={trans.__('Log')}
    >
      <div style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map(item => (
          <div
            key={item.key}
            ref={wrap ? rows.measureElement : undefined}
            data-index={item.index}
            data-line={item.index - shifted}
            className={item.index === marked ? 'sub-LogLine sub-mod-current' : 'sub-LogLine'}
            style={{ transform: `translateY(${item.start}px)` }}
          >
            <AnsiLine text={model.lines.at(item.index)} find={find} />
          </div>
        ))}
      </div>
    </div>
  );
}

/** The lines in view, and those at which a selection begins and ends. */
function useRows({ model, wrap, scroller }: LogViewProps): Rows {
  const kept = useSelectedLines(scroller);
  const { shifted } = model;
  const count = model.lines.length;
  const rows = useVirtualizer<HTMLDivElement, Element>({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE,
    getItemKey: index => index - shifted,
    rangeExtractor: (range: Range) => {
      const selected = kept.map(line => line + shifted).filter(at => at >= 0 && at < count);
      return [...new Set([...defaultRangeExtractor(range), ...selected])].sort((a, b) => a - b);
    },
    overscan: 20
  });
  React.useEffect(() => rows.measure(), [rows, wrap]);
  return rows;
}

/** Read more where somebody comes near an end of the window; who scrolls up stops following. */
function scrolled(element: HTMLElement, { model, follow, onFollow }: LogViewProps): void {
  const below = element.scrollHeight - element.scrollTop - element.clientHeight;
  if (follow && below >= 2 * LINE) {
    onFollow(false);
  }
  if (element.scrollTop < NEAR * LINE && !follow) {
    void model.loadBefore();
  } else if (below < NEAR * LINE) {
    void model.loadAfter();
  }
}

/** Stay at the end, when it moves: a scroll also draws anew, and must not be undone by that. */
function useEnd(scroller: React.RefObject<HTMLElement>, follow: boolean, end: string): void {
  React.useLayoutEffect(() => {
    if (follow) {
      scroller.current?.scrollTo({ top: scroller.current.scrollHeight });
    }
  }, [scroller, follow, end]);
}

/** Keep the lines in view where they are when others are put or taken before them. */
function useAnchor(scroller: React.RefObject<HTMLElement>, shifted: number): void {
  const before = React.useRef(shifted);
  React.useLayoutEffect(() => {
    scroller.current?.scrollBy({ top: (shifted - before.current) * LINE });
    before.current = shifted;
  }, [scroller, shifted]);
}

/** Show the line that was asked for, each time that one is. */
function useMarked(rows: Rows, model: LogsModel, onFollow: (follow: boolean) => void): void {
  const { marks } = model;
  const shown = React.useRef(marks);
  React.useLayoutEffect(() => {
    const { marked } = model;
    if (shown.current !== marks && marked !== null) {
      shown.current = marks;
      onFollow(false);
      rows.scrollToIndex(marked, { align: 'center' });
    }
  }, [rows, model, marks, onFollow]);
}
