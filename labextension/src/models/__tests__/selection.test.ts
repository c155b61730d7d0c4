import { describe, expect, it } from 'vitest';
import { extended, kept, NONE, toggled, type Selection } from '../selection';

const SHOWN = ['a', 'b', 'c', 'd'].map(id => ({ id }));
const ids = (selection: Selection) => [...selection.ids].sort().join('');

describe('several rows', () => {
  it('are taken in and out one by one', () => {
    const both = toggled(toggled(NONE, 'a'), 'c');
    expect(ids(both)).toBe('ac');
    expect(ids(toggled(both, 'a'))).toBe('c');
  });

  it('are a range from the last one that was taken, in both directions', () => {
    const one = toggled(NONE, 'c');
    expect(ids(extended(one, 'd', SHOWN))).toBe('cd');
    expect(ids(extended(extended(one, 'd', SHOWN), 'a', SHOWN))).toBe('abc');
    expect(ids(extended(NONE, 'b', SHOWN))).toBe('b');
  });

  it('lose those that are gone', () => {
    const both = toggled(toggled(NONE, 'a'), 'x');
    expect(ids(kept(both, SHOWN))).toBe('a');
    const one = toggled(NONE, 'a');
    expect(kept(one, SHOWN)).toBe(one);
  });
});
