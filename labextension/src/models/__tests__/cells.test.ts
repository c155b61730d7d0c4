import { describe, expect, it } from 'vitest';
import { defining, definitions, imports } from '../cells';
import { jobOf, linkTo, type LinkedCell } from '../celllink';
import { fitOf, roomFor } from '../room';
import type { Engine, Me } from '../../api/types';

describe('a cell', () => {
  it.each<[string, string[]]>([
    ['import numpy as np, os.path', ['np', 'os']],
    ['from a.b import c, d as e  # why', ['c', 'e']],
    ['from a import (b, c)', ['b', 'c']],
    ['x, y = 1, 2', ['x', 'y']],
    ['rate: float = 0.1', ['rate']],
    ['def f(a):\n    inner = 1', ['f']],
    ['async def g(): ...', ['g']],
    ['class A(B): ...', ['A']],
    ['for row in rows:', ['row']],
    ['with open("a") as file:', ['file']],
    ['if x == 1: ...', []],
    ['print(x)', []]
  ])('%s defines %j', (source, names) => {
    expect(definitions(source)).toEqual(names);
  });

  it('that defines a name last is the one that counted', () => {
    const above = ['df = 1', 'import os', 'df = 2', 'other = 3'];
    expect(defining(['df', 'os'], above)).toEqual(['import os', 'df = 2']);
  });

  it('lends its imports, each once', () => {
    const above = ['import numpy as np\nx = 1', 'import numpy as np\nfrom a import b'];
    expect(imports(['np', 'b', 'x'], above)).toEqual(['import numpy as np', 'from a import b']);
  });
});

describe('the link from a cell to its job', () => {
  const cell = (id: string, metadata: unknown): LinkedCell => ({ id, getMetadata: () => metadata });

  it('is the cell’s that was run', () => {
    const one = cell('a', linkTo('job1', 'a'));
    expect(jobOf(one, [one])).toBe('job1');
  });

  it('is not a copy’s', () => {
    const [one, copy] = [cell('a', linkTo('job1', 'a')), cell('b', linkTo('job1', 'a'))];
    expect(jobOf(copy, [one, copy])).toBeNull();
    expect(jobOf(copy, [copy])).toBeNull();
  });

  it('is the first one’s where cells have no lasting ids', () => {
    const [one, copy] = [cell('x', linkTo('job1', null)), cell('y', linkTo('job1', null))];
    expect([one, copy].map(each => jobOf(each, [one, copy]))).toEqual(['job1', null]);
  });

  it.each([undefined, null, 'job1', {}, { job: '../me' }, { job: 1 }, { job: '<b>' }])(
    'is none where the metadata holds %j',
    metadata => {
      const one = cell('a', metadata);
      expect(jobOf(one, [one])).toBeNull();
    }
  );
});

describe('room', () => {
  const engine = {
    capacity: { cpu: 8, memory: 1024, gpu: 0 },
    in_use: { cpu: 6, memory: 0, gpu: 0 }
  } as Engine;
  const me = { quota: { cpu: '6' }, use: { cpu: 2 } } as Me;

  it('is what is free and what the quota leaves', () => {
    expect(roomFor('cpu', engine, me)).toEqual({ all: 8, free: 2, left: 4 });
    expect(roomFor('memory', engine, me).left).toBeNull();
    expect(roomFor('cpu', null, null)).toEqual({ all: null, free: null, left: null });
  });

  it.each([
    [2, 'fits'],
    [3, 'waits'],
    [5, 'quota'],
    [9, 'never'],
    [null, 'fits']
  ])('for %s means that it %s', (asked, fit) => {
    expect(fitOf(asked, roomFor('cpu', engine, me))).toBe(fit);
  });
});
