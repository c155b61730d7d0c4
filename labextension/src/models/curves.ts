/** From metric series to what a chart draws. Pure functions, no I/O. */
import type { MetricValue, Series } from '../api/types';

export type Axis = 'step' | 'time';

/** How curves are drawn; `smoothing` is between 0 (as measured) and 1 (flat). */
export interface CurveOptions {
  axis: Axis;
  log: boolean;
  smoothing: number;
  /** Seconds since the epoch at which the time axis begins. */
  origin: number;
}

/** Ascending `x` with a gap (null) where a value can't be drawn. */
export interface Curve {
  key: string;
  x: number[];
  y: (number | null)[];
}

/** A value as a number; what JSON could not carry comes as text. */
export function toNumber(value: MetricValue): number {
  return typeof value === 'number' ? value : Number(value);
}

/** One series as a curve. */
export function curve(key: string, series: Series, options: CurveOptions): Curve {
  const { axis, log, smoothing, origin } = options;
  const xs = axis === 'step' ? series.step : series.time.map(time => time - origin);
  const ys = smooth(series.value.map(toNumber), smoothing);
  const order = ascending(xs);
  return {
    key,
    x: order.map(index => xs[index]),
    y: order.map(index => drawable(ys[index], log))
  };
}

/** The first moment of any series, for the time axis to begin at. */
export function origin(all: readonly Series[]): number {
  const firsts = all.filter(one => one.time.length > 0).map(one => one.time[0]);
  return firsts.length > 0 ? Math.min(...firsts) : 0;
}

/**
 * An exponential moving average that is not drawn towards zero at its beginning.
 * What is not finite passes through and leaves the average alone.
 */
export function smooth(values: readonly number[], factor: number): number[] {
  let average = 0;
  let weight = 0;
  return values.map(value => {
    if (!Number.isFinite(value) || factor <= 0) {
      return value;
    }
    average = factor * average + (1 - factor) * value;
    weight = factor * weight + (1 - factor);
    return average / weight;
  });
}

/** Indices in the order of `xs`; almost always they are in order already. */
function ascending(xs: readonly number[]): number[] {
  const order = xs.map((_, index) => index);
  const sorted = xs.every((x, index) => index === 0 || x >= xs[index - 1]);
  return sorted ? order : order.sort((a, b) => xs[a] - xs[b]);
}

function drawable(y: number, log: boolean): number | null {
  return Number.isFinite(y) && (!log || y > 0) ? y : null;
}
