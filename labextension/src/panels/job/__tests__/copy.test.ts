/** A job's notebook is anybody's. Mutant: `distrusted` that returns what it was given fails. */
import { describe, expect, it } from 'vitest';
import { distrusted } from '../copy';
import { readLog } from '../download';

describe('the copy of a notebook that a job left', () => {
  it('is never trusted, whatever it says of itself', () => {
    const cell = { cell_type: 'code', metadata: { trusted: true, tags: ['a'] }, outputs: [] };
    expect(distrusted({ nbformat: 4, cells: [cell] })).toEqual({
      nbformat: 4,
      cells: [{ ...cell, metadata: { trusted: false, tags: ['a'] } }]
    });
  });

  it.each([null, 7, { cells: 'odd' }])('leaves %j to the server to refuse', notebook => {
    expect(distrusted(notebook)).toEqual(notebook);
  });
});

describe('the download of a log', () => {
  it('reads part after part to the end, once each', async () => {
    const text = 'one\ntwo\nthree\n';
    const offsets: number[] = [];
    const logs = async (_: string, { offset }: { offset: number }) => {
      offsets.push(offset);
      const next = Math.min(offset + 4, text.length);
      const part = { text: text.slice(offset, next), next, size: text.length };
      return { ...part, complete: next === text.length, attempt: 1 };
    };
    const blob = await readLog({ logs }, 'j1', { rank: 0 });
    expect(await blob.text()).toBe(text);
    expect(offsets).toEqual([0, 4, 8, 12]);
  });
});
