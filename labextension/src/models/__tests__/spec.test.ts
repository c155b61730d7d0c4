import { describe, expect, it } from 'vitest';
import { asCommand, asMagic, asPython, differences } from '../spec';
import { split } from '../words';
import { job } from './fakes';

describe('a job as one would type it', () => {
  it('is a command line that reads back as the same words', () => {
    const command = ['python', '-c', `print("it's")`, '$HOME', ''];
    const line = asCommand(job(1, { spec: { command } })) ?? '';
    expect(split(line).words).toEqual(['submarine', 'run', '--', ...command]);
  });

  it('names every option that the grammar has for what the spec holds', () => {
    const spec = {
      notebook: 'a b.ipynb',
      parameters: { lr: 0.1, name: 'x y' },
      resources: { cpu: 2, memory: '8Gi', gpu: 1, gpu_type: 'a100' },
      distributed: { framework: 'torch' as const, processes_per_node: 2 },
      environment: '/usr/bin/python3',
      retries: 1,
      timeout_seconds: 90,
      tags: ['t'],
      env: { A: 'b c' }
    };
    expect(asMagic(job(1, { spec }))).toBe(
      `%submarine run 'a b.ipynb' -p lr=0.1 -p 'name=x y' --python /usr/bin/python3 --cpu 2 ` +
        '--memory 8Gi --gpu 1 --gpu-type a100 --framework torch --processes 2 --retries 1 ' +
        `--timeout 90s --tag t --env 'A=b c'`
    );
  });

  it('names an image, a queue and secrets', () => {
    const spec = { command: ['a'], environment: 'team/torch:2', queue: 'gold', secrets: ['TOKEN'] };
    expect(asMagic(job(1, { spec }))).toBe(
      '%submarine run --image team/torch:2 --queue gold --secret TOKEN -- a'
    );
  });

  it('is a cell magic for a cell', () => {
    const spec = { code: 'print(1)', resources: { gpu: 1 } };
    expect(asMagic(job(1, { spec }))).toBe('%%submarine run --gpu 1\nprint(1)');
    expect(asCommand(job(1, { spec }))).toBeNull();
  });

  it('is Python with Python literals', () => {
    const spec = { command: ['a'], parameters: { x: null, y: [true], z: { k: 'v' } } };
    expect(asPython(job(1, { spec }))).toContain(
      'parameters={"x": None, "y": [True], "z": {"k": "v"}},'
    );
  });
});

describe('a remedy', () => {
  it('is told by what it changes', () => {
    const spec = { command: ['a'], resources: { memory: '1Gi' } };
    expect(differences(spec, { ...spec, resources: { memory: '24Gi' } })).toEqual(['memory 24Gi']);
  });
});
