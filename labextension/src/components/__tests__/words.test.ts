import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';
import { underWay } from '../words';

const trans = nullTranslator.load('submarine_ext');

describe('what is under way, in words', () => {
  it.each([
    [0, 0, ''],
    [1, 0, '1 job running'],
    [2, 0, '2 jobs running'],
    [0, 1, '1 job waiting'],
    [0, 3, '3 jobs waiting'],
    [1, 1, '1 job running, 1 waiting'],
    [2, 5, '2 jobs running, 5 waiting']
  ])('is, of %i running and %i waiting jobs, "%s"', (running, waiting, words) => {
    expect(underWay(running, waiting, trans)).toBe(words);
  });
});
