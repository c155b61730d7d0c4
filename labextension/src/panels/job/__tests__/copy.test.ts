/** A job's notebook is anybody's. Mutant: `distrusted` that returns what it was given fails. */
import { describe, expect, it } from 'vitest';
import { distrusted } from '../copy';

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
