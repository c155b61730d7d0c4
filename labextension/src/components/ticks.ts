/** What stands at the ticks of an axis, and where ticks may stand. Pure. */
import type { Axis, Range } from '../models/curves';
import { locale } from './locale';

/** Whole steps. */
const STEPS = Array.from({ length: 16 }, (_, power) =>
  (power === 0 ? [1, 2, 5] : [1, 2, 2.5, 5]).map(digit => digit * 10 ** power)
).flat();

/** Seconds that make round minutes, hours and days. */
const SECONDS = [1, 2, 5, 10, 15, 30]
  .flatMap(one => [one, one * 60])
  .concat([1, 2, 3, 6, 12, 24, 48, 96, 240, 720, 2400].map(hours => hours * 3600))
  .sort((a, b) => a - b);

/** What may lie between two ticks of each axis. */
export const INCREMENTS: { [axis in Axis]: number[] } = {
  step: STEPS,
  time: SECONDS,
  clock: SECONDS
};

/** A value in a few characters; a log axis leaves some of its ticks without. */
export function shortNumber(value: number | null): string {
  if (value === null) {
    return '';
  }
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e5)
    ? String(Number(value.toPrecision(4)).toExponential())
    : String(Number(value.toPrecision(6)));
}

/** Times of day, with the day where there are several; seconds where they matter. */
export function clock(splits: readonly number[], [from, to]: Range): string[] {
  const day = to - from > 86_400;
  const format = new Intl.DateTimeFormat(locale(), {
    ...(day && { month: 'short', day: 'numeric' }),
    hour: '2-digit',
    minute: '2-digit',
    ...(to - from < 600 && { second: '2-digit' })
  });
  return splits.map(seconds => format.format(seconds * 1000));
}
