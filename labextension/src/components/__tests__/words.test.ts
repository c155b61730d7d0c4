import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';
import type { Engine } from '../../api/types';
import { enginePlace, engineTitle, underWay } from '../words';

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

describe('an engine', () => {
  const engine = (name: string, title: string) => ({ name, title }) as Engine;

  it('is called as the server calls it', () => {
    expect(engineTitle(engine('kubernetes', 'Kubernetes (lab)'), trans)).toBe('Kubernetes (lab)');
    expect(enginePlace('kubernetes', trans)).toBe('kubernetes');
  });

  it("that is a person's machine is called that, by its owner and by others", () => {
    expect(engineTitle(engine('machine:alice', ''), trans)).toBe("This machine (alice's server)");
    expect(enginePlace('machine:alice', trans)).toBe("alice's machine");
  });
});
