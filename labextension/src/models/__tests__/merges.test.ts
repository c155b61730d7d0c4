import { describe, expect, it } from 'vitest';
import type { CellMerge, Json, Merge } from '../../api/types';
import { compose, MergeModel, result, sourceOf, type Cell, type Choice } from '../merges';
import { settled } from './fakes';

/** Numbers that look random and are the same in every run. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return sides => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

function cell(id: string, source: string): Cell {
  return { id, cell_type: 'code', source, metadata: {}, outputs: [], execution_count: null };
}

function merge(cells: CellMerge[], etag = 'theirs'): Merge {
  const conflicts = cells.filter(one => one.side === 'conflict').length;
  const format = { format: 'notebook', nbformat: 4, nbformat_minor: 5, plain: false };
  return { path: 'a.ipynb', ...format, cells, conflicts, metadata: { k: 1 }, etag };
}

function conflict(id: string): CellMerge {
  const [base, mine, theirs] = ['base', 'mine', 'theirs'].map(side => cell(id, `${id} ${side}`));
  return { side: 'conflict', base, mine, theirs, merged: mine };
}

/** A cell as the server could propose it. */
function proposal(id: string, roll: (sides: number) => number): CellMerge {
  const { base, mine, theirs } = conflict(id);
  switch (roll(5)) {
    case 0:
      return { side: 'same', base, mine: base, theirs: base, merged: base };
    case 1:
      return { side: 'mine', base, mine, theirs: base, merged: roll(2) ? mine : null };
    case 2:
      return { side: 'theirs', base: roll(2) ? base : null, mine: base, theirs, merged: theirs };
    case 3:
      return { side: 'conflict', base, mine: roll(2) ? mine : null, theirs, merged: mine };
    default:
      return { side: 'conflict', base, mine, theirs, merged: mine };
  }
}

const CHOICES: (Choice | null)[] = [
  null,
  { take: 'mine' },
  { take: 'theirs' },
  { take: 'both' },
  { take: 'base' },
  { take: 'edited', source: 'edited' }
];

const sources = (content: Json): string[] =>
  (content as { cells: Cell[] }).cells.map(one => sourceOf(one));

describe('a merged notebook', () => {
  it('holds exactly what was chosen, in order, and every cell id once', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const roll = dice(seed);
      const cells = Array.from({ length: roll(8) }, (_, at) => proposal(`c${at}`, roll));
      const chosen = cells.map(one => ({ cell: one, choice: CHOICES[roll(CHOICES.length)] }));
      const made = compose(merge(cells), chosen);
      const expected = chosen.flatMap(({ cell: one, choice }) => {
        const sides = { mine: [one.mine], theirs: [one.theirs], base: [one.base] };
        const taken = choice?.take;
        const kept =
          taken === 'both'
            ? [one.mine, one.theirs]
            : taken === 'edited'
              ? ['edited']
              : taken && taken !== 'merged'
                ? sides[taken]
                : [one.merged];
        return kept
          .filter(side => side !== null)
          .map(side => (typeof side === 'string' ? side : sourceOf(side)));
      });
      expect(sources(made)).toEqual(expected);
      const ids = (made as { cells: Cell[] }).cells.map(one => one.id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(made).toMatchObject({ metadata: { k: 1 }, nbformat: 4, nbformat_minor: 5 });
    }
  });

  it('drops the outputs of a cell that was written anew', () => {
    const ran = {
      ...conflict('c1'),
      mine: { ...cell('c1', 'a'), outputs: [1], execution_count: 3 }
    };
    const [kept] = result({ ...ran, merged: ran.mine }, { take: 'edited', source: 'b' });
    expect(kept).toMatchObject({ source: 'b', outputs: [], execution_count: null });
  });

  it('is a text where the file is one', () => {
    const runs = [conflict('x'), conflict('y')].map(one => ({
      cell: one,
      choice: { take: 'theirs' } as const
    }));
    expect(compose({ ...merge([]), format: 'text' }, runs)).toBe('x theirsy theirs');
  });
});

describe('somebody who merges', () => {
  it('can save once no conflict is left, over the version that was merged', async () => {
    const saved: [Json, string][] = [];
    const model = new MergeModel({
      load: async () => merge([conflict('c1'), conflict('c2')]),
      save: async (content, etag) => saved.push([content, etag]) > 0
    });
    await settled();
    model.choose(0, { take: 'mine' });
    expect(model.conflicts).toEqual({ total: 2, open: 1 });
    await model.save();
    expect(saved).toEqual([]);
    model.choose(1, { take: 'both' });
    await model.save();
    expect(saved.map(([content, etag]) => [sources(content), etag])).toEqual([
      [['c1 mine', 'c2 mine', 'c2 theirs'], 'theirs']
    ]);
    expect(model.status).toBe('saved');
    model.dispose();
  });

  it('begins anew where somebody saved again, and keeps what was chosen', async () => {
    const answers = [merge([conflict('c1')]), merge([conflict('c0'), conflict('c1')], 'newer')];
    const etags: string[] = [];
    const model = new MergeModel({
      load: async () => answers.shift() ?? merge([]),
      save: async (_, etag) => etags.push(etag) > 1
    });
    await settled();
    model.choose(0, { take: 'theirs' });
    await model.save();
    expect(model.again).toBe(true);
    expect(model.cells.map(({ choice }) => choice?.take)).toEqual([undefined, 'theirs']);
    expect(model.conflicts).toEqual({ total: 2, open: 1 });
    model.choose(0, { take: 'mine' });
    await model.save();
    expect(etags).toEqual(['theirs', 'newer']);
    model.dispose();
  });
});
