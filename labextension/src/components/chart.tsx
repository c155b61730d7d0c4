/** A uPlot chart as a component: theme colours, resize, live data, values under the pointer. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import uPlot from 'uplot';
import type { Axis, Curve } from '../models/curves';
import { useSize } from './hooks';
import { duration } from './words';

/** How many colours the style sheet names; with the dashes twice as many curves differ. */
const COLORS = 8;

/** Between two ticks: whole steps, and seconds that make round minutes, hours and days. */
const STEPS = Array.from({ length: 13 }, (_, power) =>
  (power === 0 ? [1, 2, 5] : [1, 2, 2.5, 5]).map(digit => digit * 10 ** power)
).flat();
const SECONDS = [1, 2, 5, 10, 15, 30]
  .flatMap(one => [one, one * 60])
  .concat([1, 2, 3, 6, 12, 24, 48, 96, 240].map(hours => hours * 3600))
  .sort((a, b) => a - b);

export interface ChartProps {
  curves: readonly Curve[];
  /** The place of each curve among all of the job's, which decides its colour. */
  places: readonly number[];
  axis: Axis;
  log: boolean;
  /** Changes with the lab's theme, whose colours a canvas can't inherit. */
  theme: string;
  label: string;
  /** Values under the pointer, one for each curve; null when it leaves. */
  onHover?: (hover: Hover | null) => void;
  trans: TranslationBundle;
}

export interface Hover {
  x: number;
  values: (number | null)[];
}

/** The style-sheet variable of a curve's colour. */
export function curveColor(place: number): string {
  return `--sub-curve-${place % COLORS}`;
}

/** Dashes tell curves apart where colours repeat or can't be told. */
export function curveDash(place: number): number[] {
  return [[], [6, 3], [2, 3], [9, 3, 2, 3]][place % 4];
}

/** See the module's comment. */
export function Chart(props: ChartProps): React.ReactElement {
  const { curves, places, axis, log, theme, label, onHover, trans } = props;
  const holder = React.useRef<HTMLDivElement>(null);
  const plot = React.useRef<uPlot | null>(null);
  const hover = React.useRef(onHover);
  const size = useSize(holder);
  const data = React.useMemo(() => aligned(curves), [curves]);
  const latest = React.useRef(data);
  const shape = JSON.stringify([curves.map(one => one.key), places, axis, log, theme]);

  React.useEffect(() => {
    hover.current = onHover;
    latest.current = data;
  });
  React.useEffect(() => {
    const element = holder.current;
    if (!element) {
      return;
    }
    const options = chartOptions({ element, places, axis, log, trans, hover });
    plot.current = new uPlot(options, latest.current, element);
    return () => {
      plot.current?.destroy();
      plot.current = null;
    };
    // `shape` stands for everything the options are made of.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [shape, trans]);
  React.useEffect(() => plot.current?.setData(data), [data]);
  React.useEffect(() => {
    if (size.width > 0) {
      plot.current?.setSize(size);
    }
  }, [size, shape]);

  return <div className="sub-Chart" ref={holder} role="img" aria-label={label} />;
}

function aligned(curves: readonly Curve[]): uPlot.AlignedData {
  return curves.length === 0
    ? [[]]
    : uPlot.join(curves.map(one => [one.x, one.y] as uPlot.AlignedData));
}

interface Making {
  element: HTMLElement;
  places: readonly number[];
  axis: Axis;
  log: boolean;
  trans: TranslationBundle;
  hover: React.RefObject<ChartProps['onHover']>;
}

function chartOptions(making: Making): uPlot.Options {
  const { element, places, axis, log, trans, hover } = making;
  const style = getComputedStyle(element);
  const color = (name: string) => style.getPropertyValue(name).trim() || '#888';
  const xValues = (_: uPlot, splits: number[]) =>
    splits.map(x => (axis === 'step' ? String(x) : duration(x, trans)));
  const look: uPlot.Axis = {
    stroke: color('--jp-ui-font-color2'),
    font: `11px ${style.getPropertyValue('--jp-ui-font-family') || 'sans-serif'}`,
    grid: { stroke: color('--sub-grid'), width: 1 },
    ticks: { stroke: color('--jp-border-color1'), width: 1, size: 4 }
  };
  return {
    width: element.clientWidth || 300,
    height: element.clientHeight || 150,
    legend: { show: false },
    cursor: { y: false, points: { size: 6 } },
    scales: { x: { time: false }, y: { distr: log ? 3 : 1 } },
    axes: [
      { ...look, size: 28, values: xValues, incrs: axis === 'step' ? STEPS : SECONDS },
      { ...look, size: 56, values: (_, splits) => splits.map(shortNumber) }
    ],
    series: [
      {},
      ...places.map(place => ({
        stroke: color(curveColor(place)),
        dash: curveDash(place),
        width: 1.5,
        points: { show: (self: uPlot) => self.data[0].length < 3 }
      }))
    ],
    hooks: { setCursor: [self => hover.current?.(underPointer(self))] }
  };
}

function underPointer(plot: uPlot): Hover | null {
  const { idx } = plot.cursor;
  if (idx === null || idx === undefined) {
    return null;
  }
  const values = plot.data.slice(1).map(ys => nearest(ys as (number | null | undefined)[], idx));
  return { x: plot.data[0][idx], values };
}

/** The value at a place, or the last one before it: curves need not share their steps. */
function nearest(ys: (number | null | undefined)[], idx: number): number | null {
  for (let at = idx; at >= 0; at--) {
    const y = ys[at];
    if (y !== null && y !== undefined) {
      return y;
    }
  }
  return null;
}

/** A tick's label; a log axis leaves some of its ticks without. */
function shortNumber(value: number | null): string {
  if (value === null) {
    return '';
  }
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e5)
    ? value.toExponential(0)
    : String(Number(value.toPrecision(6)));
}
