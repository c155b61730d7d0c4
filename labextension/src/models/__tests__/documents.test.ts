import { describe, expect, it } from 'vitest';
import { Bases, copyName, etagOf, labPathOf, placeOf, sameContent } from '../documents';

describe('places on the project drive', () => {
  it('are told from those on other drives', () => {
    expect(placeOf('submarine:vision/a/train.ipynb')).toEqual({
      project: 'vision',
      path: 'a/train.ipynb'
    });
    expect(placeOf('train.ipynb')).toBeNull();
    expect(placeOf('RTC:vision/train.ipynb')).toBeNull();
    expect(placeOf('submarine:')).toBeNull();
    expect(labPathOf({ project: 'vision', path: '' })).toBe('submarine:vision');
  });

  it('give copies a name of their own, whatever the author is called', () => {
    expect(copyName('v/train.ipynb', 'bob', 1)).toBe('v/train (bob).ipynb');
    expect(copyName('v/train.ipynb', 'bob', 2)).toBe('v/train (bob 2).ipynb');
    expect(copyName('v/.profile', 'a/../b\n', 1)).toBe('v/.profile (a_.._b_)');
  });
});

describe('what documents were made from', () => {
  it('goes along when a folder is renamed, and is forgotten when it is deleted', () => {
    const bases = new Bases();
    bases.set('v/a/x.ipynb', '1');
    bases.set('v/ab.ipynb', '2');
    bases.move('v/a', 'v/b');
    expect([bases.get('v/a/x.ipynb'), bases.get('v/b/x.ipynb')]).toEqual([null, '1']);
    bases.forget('v/b');
    expect([bases.get('v/b/x.ipynb'), bases.get('v/ab.ipynb')]).toEqual([null, '2']);
  });

  it('is what stands in the ETag header', () => {
    expect([etagOf('"abc"'), etagOf('W/"abc"'), etagOf(null), etagOf('abc')]).toEqual([
      'abc',
      'abc',
      null,
      null
    ]);
  });
});

describe('two contents', () => {
  it('are the same whatever the order of fields, the form of sources and the trust', () => {
    const one = { cells: [{ source: ['a\n', 'b'], metadata: { trusted: true } }], nbformat: 4 };
    const other = { nbformat: 4, cells: [{ metadata: {}, source: 'a\nb' }] };
    expect(sameContent(one, other)).toBe(true);
    expect(sameContent(one, { ...other, nbformat: 5 })).toBe(false);
  });
});
