import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';
import { Problem } from '../../../api/problem';
import { fieldOf, GENERAL, mistakeErrors, problemErrors } from '../errors';

describe('an error', () => {
  it.each([
    ['resources.memory', 'resources.memory'],
    ['command[2]', 'command'],
    ['env.LD_PRELOAD', 'env'],
    ['parameters.lr', 'parameters.lr'],
    ['parameters.unknown', 'parameters'],
    ['distributed.nodes', 'distributed.nodes'],
    ['environment', 'environment'],
    ['queue', 'queue'],
    ['resources.gpu_type', 'resources.gpu_type'],
    ['priority', 'priority'],
    [null, GENERAL]
  ])('about %s stands at %s', (path, field) => {
    expect(fieldOf(path, ['lr'])).toBe(field);
  });

  it("is the server's own sentence, without the name of the field where it stands", () => {
    const problem = new Problem('resources.memory: too much.', 400, 'invalid', 'resources.memory');
    expect(problemErrors(problem, [])).toEqual({ 'resources.memory': 'Too much.' });
  });

  it('about one of many keeps its name', () => {
    const problem = new Problem('env.FOO: too long.', 400, 'invalid', 'env.FOO');
    expect(problemErrors(problem, [])).toEqual({ env: 'env.FOO: too long.' });
  });

  it('that the browser found stands at its field, too', () => {
    const trans = nullTranslator.load('submarine_ext');
    const errors = mistakeErrors([{ field: 'parameters', kind: 'parameter', name: 'lr' }], trans);
    expect(Object.keys(errors)).toEqual(['parameters.lr']);
  });
});
