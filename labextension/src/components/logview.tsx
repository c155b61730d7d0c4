/** Lines of a log, virtualised, following its end when asked. It draws text, never HTML. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { useVirtualizer } from '@tanstack/react-virtual';
import * as React from 'react';
import type { LogsModel } from '../models/logs';
import { AnsiLine } from './ansi';
import { useSignal } from './hooks';

/** Height of a line in pixels; the style sheet has the same. */
const LINE = 18;
/** Lines from an end of the window at which more is read. */
const NEAR = 50;

export interface LogViewProps {
  model: LogsModel;
  follow: boolean;
  onFollow: (follow: boolean) => void;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function LogView(props: LogViewProps): React.ReactElement {
  const { model, follow, onFollow, trans } = props;
  useSignal(model.changed);
  const scroller = React.useRef<HTMLDivElement>(null);
  const { end } = model;
  const count = model.lines.length;
  const rows = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE,
    overscan: 20
  });
  useAnchor(scroller, model.shifted);
  React.useLayoutEffect(() => {
    const element = scroller.current;
    if (follow && element) {
      element.scrollTop = element.scrollHeight;
    }
    // Only when the log grew: a scroll also draws anew, and must not be undone by it.
  }, [follow, count, end]);
  const scrolled = () => {
    const element = scroller.current;
    if (!element) {
      return;
    }
    const below = element.scrollHeight - element.scrollTop - element.clientHeight;
    const atEnd = below < 2 * LINE;
    if (follow && !atEnd) {
      onFollow(false);
    }
    if (element.scrollTop < NEAR * LINE && !follow) {
      void model.loadBefore();
    } else if (below < NEAR * LINE) {
      void model.loadAfter();
    }
  };
  return (
    <div
      className="sub-LogView"
      ref={scroller}
      onScroll={scrolled}
      tabIndex={0}
      role="log"
      aria-live="off"
      aria-label={trans.__('Log')}
    >
      <div style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map(item => (
          <div
            key={item.key}
            className="sub-LogLine"
            style={{ transform: `translateY(${item.start}px)` }}
          >
            <AnsiLine text={model.lines.at(item.index)} />
          </div>
        ))}
      </div>
    </div>
  );
}

/** Keep the lines in view where they are when others are put or taken before them. */
function useAnchor(scroller: React.RefObject<HTMLElement>, shifted: number): void {
  const before = React.useRef(shifted);
  React.useLayoutEffect(() => {
    scroller.current?.scrollBy({ top: (shifted - before.current) * LINE });
    before.current = shifted;
  }, [scroller, shifted]);
}
