import { describe, expect, it } from 'vitest';
import { asCsv, ordered, rows, type Compared, type Row } from '../comparison';
import type { Summary } from '../metrics';
import { job } from './fakes';

const compared = (number: number, fields: Partial<Compared> = {}): Compared => ({
  id: `j${number}`,
  job: job(number),
  params: {},
  summaries: new Map(),
  ...fields
});
const loss = (last: Summary['last'], min: number | null = null): Map<string, Summary> =>
  new Map([['loss', { last, min, max: min }]]);
const find = (all: readonly Row[], id: string): Row => {
  const row = all.find(one => one.id === id);
  expect(row, `a row ${id}`).toBeDefined();
  return row as Row;
};
const marks = (row: Row) => row.cells.map(({ mark }) => mark);
const values = (row: Row) => row.cells.map(({ value }) => value);

describe('jobs side by side', () => {
  it('mark what is not what most have', () => {
    const all = [0.1, 0.1, 0.5].map((lr, at) => compared(at, { params: { lr } }));
    const row = find(rows(all, []), 'parameters::lr');
    expect(marks(row)).toEqual([null, null, 'odd']);
    expect(row.differs).toBe(true);
  });

  it('mark both of two that differ, and what one does not have at all', () => {
    const two = [compared(1, { params: { lr: 1, seed: 7 } }), compared(2, { params: { lr: 2 } })];
    expect(marks(find(rows(two, []), 'parameters::lr'))).toEqual(['odd', 'odd']);
    expect(values(find(rows(two, []), 'parameters::seed'))).toEqual([7, null]);
  });

  it('say where nothing differs', () => {
    const same = [compared(1), compared(2)];
    const row = find(rows(same, []), 'spec::command');
    expect([row.differs, marks(row)]).toEqual([false, [null, null]]);
  });

  it('show resources and environment field by field, parameters of notebooks as parameters', () => {
    const spec = { notebook: 'a.ipynb', parameters: { lr: 1 }, resources: { gpu: 2 } };
    const all = rows([compared(1, { job: job(1, { spec }) }), compared(2)], []);
    expect(values(find(all, 'spec::resources.gpu'))).toEqual(['2', null]);
    expect(values(find(all, 'parameters::lr'))).toEqual([1, null]);
    expect(all.map(({ id }) => id)).not.toContain('spec::parameters.lr');
  });

  it('show which versions of files ran', () => {
    const all = [7, 8].map(n => compared(n, { job: job(n, { versions: { 'a.py': `v${n}` } }) }));
    expect(values(find(rows(all, []), 'code::a.py'))).toEqual(['v7', 'v8']);
  });

  it('mark the lowest and the highest of a metric, never NaN', () => {
    const all = [loss(2), loss('NaN'), loss(1), loss(3)].map((summaries, at) =>
      compared(at, { summaries })
    );
    expect(marks(find(rows(all, ['loss']), 'metrics:last:loss'))).toEqual([
      null,
      null,
      'lowest',
      'highest'
    ]);
  });

  it('keep an empty cell for a job that is gone', () => {
    const all = rows([compared(1, { params: { lr: 1 } }), compared(2, { job: null })], []);
    expect(values(find(all, 'spec::command'))[1]).toBeNull();
  });
});

describe('the order of jobs', () => {
  const by = (...given: (number | string | null)[]) =>
    find(
      rows(
        given.map((lr, at) => compared(at, { params: lr === null ? {} : { lr } })),
        []
      ),
      'parameters::lr'
    );

  it('is by number where both are numbers, also written ones', () => {
    expect(ordered(by('10', 9, 1e-3), 3, false)).toEqual([2, 1, 0]);
  });

  it('is by text else, numbers in it as numbers', () => {
    expect(ordered(by('run 10', 'run 9'), 2, false)).toEqual([1, 0]);
  });

  it('puts what has no value last, whichever way it goes', () => {
    expect(ordered(by(null, 1, 'NaN', 2), 4, false)).toEqual([1, 3, 0, 2]);
    expect(ordered(by(null, 1, 'NaN', 2), 4, true)).toEqual([3, 1, 0, 2]);
  });

  it('is that of adding without a row', () => {
    expect(ordered(undefined, 3, true)).toEqual([0, 1, 2]);
  });
});

describe('the table as CSV', () => {
  it('quotes what needs it and writes no formula', () => {
    expect(asCsv(['', 'a,b'], [['=cmd()', '-1.5', 'say "x"']])).toBe(
      ',"a,b"\r\n\'=cmd(),-1.5,"say ""x"""\r\n'
    );
  });
});
