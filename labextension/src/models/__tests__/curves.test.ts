import { describe, expect, it } from 'vitest';
import type { Series } from '../../api/types';
import {
  curve,
  height,
  indexAt,
  nearestTo,
  neighbour,
  origin,
  reach,
  refined,
  smooth,
  snapped,
  strandedAt
} from '../curves';

const series = (...values: (number | string)[]): Series => ({
  step: values.map((_, index) => index),
  value: values,
  time: values.map((_, index) => 1000 + index)
});
const plain = { axis: 'step', log: false, smoothing: 0, origin: 1000 } as const;
const line = (x: number[], y: number[] = x) => ({ x, y, raw: y });

describe('a curve as it is drawn', () => {
  it('leaves a gap for what is not finite', () => {
    expect(curve(series(1, 'NaN', 'Infinity', 2), plain).y).toEqual([1, NaN, Infinity, 2]);
  });

  it('leaves a gap for what a log scale has no place for, and still knows it', () => {
    const drawn = curve(series(1, 0, -1), { ...plain, log: true });
    expect([drawn.y, drawn.raw]).toEqual([
      [1, NaN, NaN],
      [1, 0, -1]
    ]);
  });

  it('counts time in seconds from the origin and goes from left to right', () => {
    const back = { step: [5, 1], value: [50, 10], time: [1005, 1001] };
    expect(curve(back, { ...plain, axis: 'time' })).toMatchObject({ x: [1, 5], y: [10, 50] });
    expect(curve(back, { ...plain, axis: 'clock' }).x).toEqual([1001, 1005]);
    expect(origin([back, series()])).toBe(1005);
  });

  it('smooths without pulling its beginning towards zero, beside what was measured', () => {
    expect(smooth([4, 4, 4], 0.9).map(value => Number(value.toFixed(9)))).toEqual([4, 4, 4]);
    const drawn = curve(series(0, 10), { ...plain, smoothing: 0.5 });
    expect(drawn.y[1]).toBeCloseTo(20 / 3);
    expect(drawn.raw).toEqual([0, 10]);
  });
});

describe('a thinned-out curve', () => {
  const coarse = { step: [0, 50, 100, 150], value: [0, 50, 100, 150], time: [0, 50, 100, 150] };
  const steps = (...step: number[]): Series => ({ step, value: step, time: step });

  it('gets the points of a part that was read as fine as it is', () => {
    expect(refined(coarse, steps(48, 49, 50, 51), 'step').step).toEqual([
      0, 48, 49, 50, 51, 100, 150
    ]);
  });

  it('keeps what came after that reading', () => {
    expect(refined(coarse, steps(98, 99, 100), 'step').step).toEqual([0, 50, 98, 99, 100, 150]);
    expect(refined(coarse, steps(140, 150, 160), 'step').step).toEqual([0, 50, 100, 140, 150, 160]);
  });

  it('stays where the part is empty', () => {
    expect(refined(coarse, steps(), 'step')).toBe(coarse);
  });
});

describe('a place on an axis', () => {
  it('has the last point at or before it', () => {
    expect([-1, 0, 3, 4, 99].map(x => indexAt(line([0, 2, 4]), x))).toEqual([0, 0, 1, 2, 2]);
    expect(indexAt(line([]), 1)).toBe(-1);
  });

  it('is close to the nearer of two points', () => {
    expect([0.9, 1.1].map(x => nearestTo(line([0, 2]), x))).toEqual([0, 1]);
    expect(snapped([line([0, 10]), line([7])], 6)).toBe(7);
    expect(snapped([line([])], 6)).toBeNull();
  });

  it('has a next one and one before on any of the curves', () => {
    const two = [line([0, 10, 20]), line([5, 10])];
    expect(neighbour(two, 0, 1)).toBe(5);
    expect(neighbour(two, 10, 1)).toBe(20);
    expect(neighbour(two, 10, -1)).toBe(5);
    expect(neighbour(two, 20, 1)).toBeNull();
    expect(neighbour(two, -3, 1)).toBe(0);
  });
});

describe('what curves take up', () => {
  it('is from the first to the last point, from the lowest to the highest', () => {
    const two = [line([1, 2, 3], [5, NaN, 9]), line([0, 2], [7, 1])];
    expect(reach(two)).toEqual([0, 3]);
    expect(height(two, [0, 3])).toEqual([1, 9]);
  });

  it('is only what is seen, and one point beyond for a line to lead to', () => {
    expect(height([line([0, 1, 2, 3, 4], [9, 1, 2, 3, 99])], [1.5, 2])).toEqual([1, 3]);
  });

  it('is nothing without a finite value', () => {
    expect(reach([line([])])).toBeNull();
    expect(height([line([0], [NaN])], [0, 1])).toBeNull();
  });
});

describe('a curve that ends in values that are not finite', () => {
  it('says since when', () => {
    expect(strandedAt(line([0, 1, 2, 3], [1, NaN, 2, NaN]))).toEqual({ x: 3, value: NaN });
    expect(strandedAt(line([0, 1], [Infinity, Infinity]))).toEqual({ x: 0, value: Infinity });
    expect(strandedAt(line([0, 1], [NaN, 2]))).toBeNull();
  });
});
