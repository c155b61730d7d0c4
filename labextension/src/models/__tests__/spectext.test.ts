import { describe, expect, it } from 'vitest';
import type { JobSpec } from '../../api/types';
import { EMPTY_DRAFT, write, type Draft } from '../draft';
import { read } from '../draftread';
import { parametersOf } from '../parameters';
import { lineOf, parse, render, type Format } from '../spectext';

const FULL: JobSpec = {
  script: 'src/train.py',
  args: ['--lr', '0.1', 'two words', ''],
  name: 'digits',
  engine: 'local',
  environment: '/usr/bin/python3',
  workdir: 'src',
  resources: { cpu: 2, memory: '2Gi', gpu: 1, gpu_type: 'a100' },
  distributed: { framework: 'torch', nodes: 2, processes_per_node: 4 },
  queue: 'fast',
  priority: -3,
  env: { A: '1', B: 'x=y', LINES: 'one\ntwo', QUOTED: '"kept"' },
  secrets: ['TOKEN'],
  outputs: ['out/*.pt', '*.csv'],
  retries: 3,
  timeout_seconds: 60,
  tags: ['a', 'b']
};
const IN_CODE: Draft = { ...EMPTY_DRAFT, folder: 'code', travels: true };

describe('a spec', () => {
  it.each<[string, JobSpec]>([
    ['of a script', FULL],
    ['of a command', { command: ['sh', '-c', 'echo "$HOME" | wc'], resources: { cpu: '500m' } }],
    ['of a cell', { code: 'print(1)\n\nprint("two")\n' }],
    [
      'of a notebook',
      { notebook: 'a.ipynb', parameters: { lr: 0.1, n: 1, t: '1', u: 'u', l: [1], b: false } }
    ],
    ['with a bundle of its own', { ...FULL, bundle: 'f'.repeat(64) }]
  ])('%s is the same after it was a draft', (_, spec) => {
    expect(write(read(spec, IN_CODE), [])).toEqual({ spec, mistakes: [] });
  });

  it.each<Format>(['json', 'yaml'])('is the same after it was %s', format => {
    const code = 'if True:\n    print("# no comment")\n';
    for (const spec of [FULL, { code }, { command: ['true'], env: { NO: 'no', ON: '1e3' } }]) {
      expect(parse(render(spec, format))).toEqual({ spec, faults: [] });
    }
  });

  it('leaves to the project and the folder what it does not say', () => {
    const draft = read({ script: 'a.py' }, { ...IN_CODE, project: 'vision', above: ['x = 1'] });
    expect(draft).toMatchObject({
      project: 'vision',
      folder: 'code',
      file: 'code/a.py',
      above: ['x = 1']
    });
  });

  it('keeps a text that a notebook declares as one', () => {
    const source = 'tag = "a"\nn = 1';
    const declared = parametersOf({
      cells: [{ cell_type: 'code', source, metadata: { tags: ['parameters'] } }]
    });
    const spec = { notebook: 'a.ipynb', parameters: { tag: '2', n: 3 } };
    expect(write(read(spec, IN_CODE, declared), declared).spec).toEqual(spec);
  });
});

describe('a fault', () => {
  it.each<[string, string, object]>([
    ['in YAML', 'command: [a\nname: b\n', { kind: 'syntax', line: 2 }],
    ['in JSON', '{\n  "name": "a"\n  "queue": "b"\n}', { kind: 'syntax', line: 3 }],
    [
      'a field that is elsewhere',
      'command: [a]\nmemroy: 2Gi',
      { kind: 'unknown', line: 2, field: 'memroy', near: 'resources.memory' }
    ],
    [
      'a field of nothing',
      'command: [a]\nzzz: 2',
      { kind: 'unknown', line: 2, field: 'zzz', near: null }
    ],
    [
      'a field inside',
      '{"command": ["a"],\n "resources": {\n  "cpus": 2}}',
      { kind: 'unknown', line: 3, field: 'resources.cpus', near: 'resources.cpu' }
    ],
    ['a word for a number', 'command: [a]\nretries: two', { kind: 'whole', line: 2 }],
    ['a text for a list', 'name: x\ncommand: python a.py', { kind: 'texts', line: 2 }],
    ['a number for a text', 'command: [a]\n\nname: 3', { kind: 'text', line: 3 }],
    ['a list of variables', 'command: [a]\nenv:\n  - A=1', { kind: 'pairs', line: 2 }],
    ['two things to run', 'command: [a]\ncode: b', { kind: 'two', line: 2, other: 'command' }],
    ['a list for a spec', '- a', { kind: 'map', line: 1 }],
    [
      'a framework that nobody knows',
      'command: [a]\ndistributed:\n  framework: jax',
      { kind: 'framework', line: 3, field: 'distributed.framework' }
    ]
  ])('%s is told with its line', (_, text, fault) => {
    const { spec, faults } = parse(text);
    expect(spec).toBeNull();
    expect(faults[0]).toMatchObject(fault);
  });

  it('of every field is told at once', () => {
    expect(parse('nmae: a\nretries: x\n').faults.map(({ line }) => line)).toEqual([1, 2]);
  });

  it('is what refers to something else: small texts would become enormous', () => {
    expect(parse('a: &a [1]\ncommand: [*a, *a]').spec).toBeNull();
  });
});

it('knows the line of a field that the server names', () => {
  const text = render(FULL, 'yaml');
  const line = (field: string) => text.split('\n')[(lineOf(text, field) ?? 0) - 1].trim();
  expect(line('resources.memory')).toBe('memory: 2Gi');
  expect(line('args[1]')).toContain('0.1');
  expect(line('env.B')).toBe('B: x=y');
  expect(line('resources.nothing')).toBe('resources:');
});
