/** From metric series to what a chart draws. Pure functions, no I/O. */
import type { MetricValue, Series } from '../api/types';

/** Steps, seconds since the run began, or the time of day. */
export type Axis = 'step' | 'time' | 'clock';

/** A part of an axis, both ends included. */
export type Range = readonly [from: number, to: number];

/** How curves are drawn; `smoothing` is between 0 (as measured) and 1 (flat). */
export interface CurveOptions {
  axis: Axis;
  log: boolean;
  smoothing: number;
  /** Seconds since the epoch at which relative time begins. */
  origin: number;
}

/** Ascending `x`; where a value can't be drawn it is not finite. */
export interface Curve {
  x: readonly number[];
  /** As it is drawn. */
  y: readonly number[];
  /** As it was measured; the same array where nothing is smoothed. */
  raw: readonly number[];
}

/** A value as a number; what JSON could not carry comes as text. */
export function toNumber(value: MetricValue): number {
  return typeof value === 'number' ? value : Number(value);
}

/** One series as a curve. */
export function curve(series: Series, options: CurveOptions): Curve {
  const { axis, log, smoothing, origin } = options;
  const xs = places(series, axis, origin);
  const values = series.value.map(toNumber);
  const order = ascending(xs);
  const pick = (numbers: number[]) => (order ? order.map(index => numbers[index]) : numbers);
  const raw = pick(values);
  const drawn = smoothing > 0 ? smooth(raw, smoothing) : raw;
  return { x: pick(xs), y: log ? drawn.map(positive) : drawn, raw };
}

/** Where the points of a series stand on an axis. */
function places({ step, time }: Series, axis: Axis, origin: number): number[] {
  return axis === 'step' ? step : axis === 'time' ? time.map(at => at - origin) : time;
}

/** The first moment of any series, for relative time to begin at. */
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

/**
 * A thinned-out series with a part of it read anew, as fine as it is. What came after that
 * reading is in the first one only, and stays.
 */
export function refined(coarse: Series, fine: Series, by: 'step' | 'time'): Series {
  const count = fine[by].length;
  if (count === 0) {
    return coarse;
  }
  const [first, last] = [fine[by][0], fine[by][count - 1]];
  const before = coarse[by].findIndex(x => x >= first);
  const after = coarse[by].findIndex(x => x > last);
  const join = <T>(all: readonly T[], part: readonly T[]): T[] => [
    ...all.slice(0, before < 0 ? all.length : before),
    ...part,
    ...(after < 0 ? [] : all.slice(after))
  ];
  return {
    step: join(coarse.step, fine.step),
    value: join(coarse.value, fine.value),
    time: join(coarse.time, fine.time)
  };
}

/** The last point at or before `x`, or the first one; -1 for an empty curve. */
export function indexAt({ x: xs }: Curve, x: number): number {
  let [low, high] = [0, xs.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= x) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return Math.min(Math.max(0, low - 1), xs.length - 1);
}

/** The point whose place is closest to `x`; -1 for an empty curve. */
export function nearestTo(line: Curve, x: number): number {
  const at = indexAt(line, x);
  const isNext = at + 1 < line.x.length && line.x[at + 1] - x < x - line.x[at];
  return isNext ? at + 1 : at;
}

/** The closest place of any curve to `x`. */
export function snapped(all: readonly Curve[], x: number): number | null {
  let best: number | null = null;
  for (const line of all) {
    const place = line.x[nearestTo(line, x)];
    if (place !== undefined && (best === null || Math.abs(place - x) < Math.abs(best - x))) {
      best = place;
    }
  }
  return best;
}

/** The next place of any curve after `x`, or before it where `sign` is negative. */
export function neighbour(all: readonly Curve[], x: number, sign: 1 | -1): number | null {
  let best: number | null = null;
  for (const line of all) {
    let at = indexAt(line, x);
    while (at >= 0 && at < line.x.length && sign * (line.x[at] - x) <= 0) {
      at += sign;
    }
    const place = line.x[at];
    if (place !== undefined && (best === null || sign * (place - best) < 0)) {
      best = place;
    }
  }
  return best;
}

/** From the first to the last place of any curve. */
export function reach(all: readonly Curve[]): Range | null {
  const some = all.filter(({ x }) => x.length > 0);
  return some.length === 0
    ? null
    : [Math.min(...some.map(({ x }) => x[0])), Math.max(...some.map(({ x }) => x[x.length - 1]))];
}

/** From the lowest to the highest value that is drawn between two places. */
export function height(all: readonly Curve[], [from, to]: Range): Range | null {
  let [low, high] = [Infinity, -Infinity];
  for (const line of all) {
    // One point beyond either end: a line leads there.
    const end = Math.min(indexAt(line, to) + 1, line.x.length - 1);
    for (let at = Math.max(0, indexAt(line, from)); at <= end; at++) {
      const y = line.y[at];
      if (Number.isFinite(y)) {
        low = Math.min(low, y);
        high = Math.max(high, y);
      }
    }
  }
  return low <= high ? [low, high] : null;
}

/** Where a curve ends in values that are not finite: what they are, and from where on. */
export function strandedAt({ x, raw }: Curve): { x: number; value: number } | null {
  let at = raw.length;
  while (at > 0 && !Number.isFinite(raw[at - 1])) {
    at--;
  }
  return at < raw.length ? { x: x[at], value: raw[at] } : null;
}

/** Null where the numbers are in order already, which is almost always. */
function ascending(xs: readonly number[]): number[] | null {
  const sorted = xs.every((x, index) => index === 0 || x >= xs[index - 1]);
  return sorted ? null : xs.map((_, index) => index).sort((a, b) => xs[a] - xs[b]);
}

/** What a log scale has a place for. */
function positive(y: number): number {
  return y > 0 ? y : NaN;
}
