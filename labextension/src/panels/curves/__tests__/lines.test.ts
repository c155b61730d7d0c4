import { describe, expect, it } from 'vitest';
import type { Series } from '../../../api/types';
import { FIRST_CHOICE } from '../../../models/choice';
import type { MetricsModel } from '../../../models/metrics';
import { ZoomModel } from '../../../models/zoom';
import { figures, linesOf, look, partsOf, type Shown } from '../lines';
import { labelled } from '../shown';

const series = (begun: number): Series => ({
  step: [0, 10],
  value: [2, 1],
  time: [begun, begun + 10]
});

/** A run that has one series, or none, of the metrics' model only what is read of it. */
function run(place: number, begun: number, keys = ['loss']): Shown {
  const metrics = {
    keys,
    series: (key: string) => (keys.includes(key) ? series(begun) : undefined)
  };
  const model = metrics as unknown as MetricsModel;
  const id = `j${place}`;
  return { id, name: 'train', place, metrics: model, active: false, gone: null };
}

describe('the lines of a chart', () => {
  const zoom = new ZoomModel({ read: () => Promise.reject(new Error('not here')) });

  it('are named and coloured by metric for one run, by run for several', () => {
    const keys = ['loss', 'accuracy'];
    const [one] = linesOf([run(0, 100, keys)], ['accuracy'], keys, FIRST_CHOICE, zoom);
    expect(one).toMatchObject({ name: 'accuracy', group: 'accuracy', color: 1, dash: 1 });
    const two = linesOf([run(0, 100, keys), run(3, 200)], keys, keys, FIRST_CHOICE, zoom);
    expect(two.map(({ name, group, color, dash }) => [name, group, color, dash])).toEqual([
      ['train: loss', 'j0', 0, 0],
      ['train: accuracy', 'j0', 0, 1],
      ['train: loss', 'j3', 3, 0]
    ]);
  });

  it('begin together in relative time', () => {
    const choice = { ...FIRST_CHOICE, axis: 'time' } as const;
    const lines = linesOf([run(0, 100), run(1, 500)], ['loss'], ['loss'], choice, zoom);
    expect(lines.map(({ curve }) => curve.x)).toEqual([
      [0, 10],
      [0, 10]
    ]);
  });

  it('differ by dashes where colours repeat', () => {
    expect(look(0, 9, true, true)).toEqual({ color: 9, dash: 1 });
    expect(look(0, 1, true, true)).toEqual({ color: 1, dash: 0 });
  });

  it('are in one chart, or each metric in its own', () => {
    expect(figures(['a', 'b'], FIRST_CHOICE)).toEqual([['a', 'b']]);
    expect(figures(['a', 'b'], { ...FIRST_CHOICE, apart: true })).toEqual([['a'], ['b']]);
  });
});

describe('what is read again where one looks closely', () => {
  it('is in steps, or in the time that each run had then, and only what a run has', () => {
    const runs = [run(0, 100), run(1, 500, [])];
    expect(partsOf(runs, ['loss'], { ...FIRST_CHOICE, range: [2, 4] })).toEqual([
      { id: 'j0', keys: ['loss'], by: 'step', from: 2, to: 4 }
    ]);
    const time = { ...FIRST_CHOICE, axis: 'time', range: [2, 4] } as const;
    expect(partsOf(runs, ['loss'], time)).toEqual([
      { id: 'j0', keys: ['loss'], by: 'time', from: 102, to: 104 }
    ]);
  });

  it('is nothing where all is shown', () => {
    expect(partsOf([run(0, 100)], ['loss'], FIRST_CHOICE)).toEqual([]);
  });
});

describe('runs of one name', () => {
  it('are told apart by their ids', () => {
    const names = labelled([run(0, 1), run(1, 1), { ...run(2, 1), name: 'other' }]);
    expect(names.map(({ name }) => name)).toEqual(['train · j0', 'train · j1', 'other']);
  });
});
