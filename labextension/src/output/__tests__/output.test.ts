/** A notebook's output is data from anybody. Mutant: an `idOf` that takes any string fails. */
import { describe, expect, it } from 'vitest';
import { idOf, MIME_TYPE, outputFactory, RANK } from '..';

describe('the output of a job in a notebook', () => {
  it('names a job by an id that looks like one', () => {
    expect(idOf({ id: 'j0123456789a', project: 'default', base_url: '/' })).toBe('j0123456789a');
  });

  it.each([
    undefined,
    null,
    'j0123456789a',
    {},
    { id: 7 },
    { id: '' },
    { id: '..' },
    { id: '../me' },
    { id: 'j1/stop' },
    { id: 'j1?x=1' },
    { id: '%2e%2e' },
    { id: '<img src=x onerror=alert(1)>' },
    { id: 'j'.repeat(65) }
  ])('names none where it holds %j', data => {
    expect(idOf(data)).toBeNull();
  });

  it('goes before the ipywidget of the same display and is drawn also where not trusted', () => {
    const factory = outputFactory({} as Parameters<typeof outputFactory>[0]);
    expect([factory.safe, factory.mimeTypes, RANK < -10]).toEqual([true, [MIME_TYPE], true]);
  });
});
