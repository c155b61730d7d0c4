import { describe, expect, it } from 'vitest';
import { apart, changes, earlier, otherFiles } from '../changes';
import { job } from './fakes';

const at = (minute: number) => `2026-11-29T10:0${minute}:00Z`;

describe('what changed between two jobs', () => {
  it('is what they ran, their parameters, files and results', () => {
    const before = {
      job: job(1, {
        spec: { script: 'train.py', args: ['--lr', '0.1'], resources: { memory: '1Gi' } },
        versions: { 'train.py': '3', 'old.py': '1' },
        latest: { loss: 0.5 }
      }),
      params: { lr: 0.1, kind: 'sgd' }
    };
    const after = {
      job: job(2, {
        name: 'another',
        spec: { script: 'train.py', args: ['--lr', '0.2'], resources: { memory: '2Gi' } },
        versions: { 'train.py': '7' },
        latest: { loss: 0.25 }
      }),
      params: { lr: 0.2, kind: 'sgd' }
    };
    expect(changes(before, after)).toEqual([
      { kind: 'spec', name: 'args', before: '--lr 0.1', after: '--lr 0.2' },
      { kind: 'spec', name: 'resources.memory', before: '1Gi', after: '2Gi' },
      { kind: 'param', name: 'lr', before: '0.1', after: '0.2' },
      { kind: 'file', name: 'old.py', before: '1', after: null },
      { kind: 'file', name: 'train.py', before: '3', after: '7' },
      { kind: 'metric', name: 'loss', before: '0.5', after: '0.25' }
    ]);
  });

  it('is nothing between a job and itself', () => {
    const same = { job: job(1), params: { lr: 0.1 } };
    expect(changes(same, same)).toEqual([]);
    expect(otherFiles(same, same)).toBe(false);
  });

  it('says that files differ also where no version tells which', () => {
    const [a, b] = ['a', 'b'].map(bundle => ({ job: job(1, { spec: { bundle } }), params: {} }));
    expect(otherFiles(a, b)).toBe(true);
    b.job.versions = { 'train.py': '2' };
    expect(otherFiles(a, b)).toBe(false);
  });
});

it('cuts long texts to where they differ', () => {
  const [head, tail] = ['a'.repeat(100), 'z'.repeat(100)];
  expect(apart(`${head}1${tail}`, `${head}22${tail}`)).toEqual([
    `… ${'a'.repeat(40)}1${'z'.repeat(40)} …`,
    `… ${'a'.repeat(40)}22${'z'.repeat(40)} …`
  ]);
  expect(apart('lr 0.1', 'lr 0.10')).toEqual(['lr 0.1', 'lr 0.10']);
});

it('may be asked of every earlier job, the namesakes first and the newest first', () => {
  const jobs = [
    job(1, { name: 'train', created: at(1) }),
    job(2, { name: 'other', created: at(2) }),
    job(3, { name: 'train', created: at(3) }),
    job(4, { name: 'train', created: at(4) }),
    job(5, { name: 'train', created: at(5) })
  ];
  expect(earlier(jobs[3], [...jobs, jobs[0]]).map(({ id }) => id)).toEqual(['j3', 'j1', 'j2']);
});
