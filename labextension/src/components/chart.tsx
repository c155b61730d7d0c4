/**
 * A chart as a component: theme colours, resize, live data; the pointer or the keyboard moves a
 * cursor that other charts may share. Its cursor is a slider that speaks the values there.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Crosshair } from '../models/crosshair';
import { indexAt, neighbour, reach, type Axis, type Range } from '../models/curves';
import { useSize } from './hooks';
import { Plot, type Line } from './plot';
import { metric, placeWords } from './words';

export interface ChartProps {
  /** The same array as long as nothing is to be drawn anew. */
  lines: readonly Line[];
  axis: Axis;
  log: boolean;
  /** Changes with the lab's theme, whose colours a canvas can't inherit. */
  theme: string;
  label: string;
  /** The part that is shown, and the way to another; without them all of it is. */
  range?: Range | null;
  onZoom?: (range: Range | null) => void;
  /** Without it nothing is shown of where the pointer is. */
  crosshair?: Crosshair;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function Chart(props: ChartProps): React.ReactElement {
  const { lines, axis, log, theme, label, range = null, crosshair, trans } = props;
  const holder = React.useRef<HTMLDivElement>(null);
  const plot = React.useRef<Plot | null>(null);
  const latest = React.useRef(props);
  const size = useSize(holder);

  React.useEffect(() => {
    latest.current = props;
  });
  React.useEffect(() => {
    const element = holder.current;
    if (!element) {
      return;
    }
    const made = new Plot({
      element,
      axis,
      log,
      onPoint: (x, group) => {
        latest.current.crosshair?.moveTo(x);
        latest.current.crosshair?.lookAt(group);
      },
      onZoom: part => latest.current.onZoom?.(part),
      trans
    });
    plot.current = made;
    return () => {
      made.dispose();
      plot.current = null;
    };
    // The theme's colours are read when the plot is made.
  }, [axis, log, theme, trans]);
  React.useEffect(() => {
    plot.current?.draw(lines, range, crosshair?.group ?? null);
  }, [lines, range, crosshair, axis, log, theme, trans]);
  React.useEffect(() => {
    if (size.width > 0) {
      plot.current?.resize(size);
    }
  }, [size, axis, log, theme, trans]);
  React.useEffect(() => {
    const move = () => plot.current?.moveTo(crosshair?.x ?? null);
    const look = () => plot.current?.lookAt(crosshair?.group ?? null);
    move();
    crosshair?.changed.connect(move);
    crosshair?.groupChanged.connect(look);
    return () => {
      crosshair?.changed.disconnect(move);
      crosshair?.groupChanged.disconnect(look);
    };
  }, [crosshair]);

  return (
    <div className="sub-Chart">
      <div className="sub-Chart-plot" ref={holder} role="img" aria-label={label} />
      {crosshair && (
        <Cursor {...props} crosshair={crosshair} shown={() => plot.current?.range ?? null} />
      )}
    </div>
  );
}

/** Around the chart while it has the focus; the pointer reaches through it. */
function Cursor(
  props: ChartProps & { crosshair: Crosshair; shown: () => Range | null }
): React.ReactElement {
  const { lines, axis, label, range = null, crosshair, shown, onZoom, trans } = props;
  const [at, setAt] = React.useState<number | null>(null);
  const [from, to] = range ?? reach(lines.map(({ curve }) => curve)) ?? [0, 1];
  const pressed = (event: React.KeyboardEvent) => {
    const part = shown();
    const next = part && moved(event.key, lines, crosshair.x ?? part[0], part, event.shiftKey);
    const zoom = part && zoomed(event.key, crosshair.x, part);
    if (typeof next === 'number') {
      crosshair.moveTo(next);
      setAt(next);
    } else if (zoom !== undefined && onZoom) {
      onZoom(zoom && within(zoom, lines));
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div
      className="sub-Chart-cursor"
      role="slider"
      tabIndex={0}
      aria-label={trans.__('Cursor in: %1', label)}
      aria-keyshortcuts="ArrowLeft ArrowRight Home End + - 0"
      aria-valuemin={from}
      aria-valuemax={to}
      aria-valuenow={at ?? from}
      aria-valuetext={
        at === null
          ? trans.__('Arrow keys move, plus and minus zoom, 0 shows all.')
          : spoken(lines, axis, at, trans)
      }
      onKeyDown={pressed}
      onBlur={() => crosshair.moveTo(null)}
    />
  );
}

/** Where a key leads from a place; nowhere for other keys. */
function moved(
  key: string,
  lines: readonly Line[],
  x: number,
  [from, to]: Range,
  far: boolean
): number | null {
  const curves = lines.map(({ curve }) => curve);
  const clamp = (place: number) => Math.min(to, Math.max(from, place));
  const leap = (to - from) / 20;
  const step = (sign: 1 | -1, away: number) =>
    neighbour(curves, clamp(x + sign * away), sign) ?? (sign > 0 ? to : from);
  switch (key) {
    case 'ArrowRight':
      return clamp(step(1, far ? leap : 0));
    case 'ArrowLeft':
      return clamp(step(-1, far ? leap : 0));
    case 'PageUp':
      return clamp(step(1, leap));
    case 'PageDown':
      return clamp(step(-1, leap));
    case 'Home':
      return from;
    case 'End':
      return to;
    default:
      return null;
  }
}

/** The part that a key shows: half or twice as much around the cursor, or all of it. */
function zoomed(key: string, x: number | null, [from, to]: Range): Range | null | undefined {
  const middle = x !== null && x >= from && x <= to ? x : (from + to) / 2;
  switch (key) {
    case '+':
    case '=':
      return [middle - (middle - from) / 2, middle + (to - middle) / 2];
    case '-':
      return [middle - (middle - from) * 2, middle + (to - middle) * 2];
    case '0':
      return null;
    default:
      return undefined;
  }
}

/** A part, or null for one that goes beyond all that there is. */
function within([from, to]: Range, lines: readonly Line[]): Range | null {
  const all = reach(lines.map(({ curve }) => curve));
  return !all || (from <= all[0] && to >= all[1]) ? null : [from, to];
}

/** What is there, as a sentence for those who hear it. */
function spoken(lines: readonly Line[], axis: Axis, x: number, trans: TranslationBundle): string {
  const values = lines.slice(0, 12).map(({ label, curve }) => {
    const at = indexAt(curve, x);
    return `${label} ${at < 0 || curve.x[at] > x ? '–' : metric(spelled(curve.raw[at]))}`;
  });
  return [placeWords(x, axis, trans), ...values].join(', ');
}

function spelled(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}
