import { describe, expect, it } from 'vitest';
import type { Job, Metrics } from '../../api/types';
import { JobModel } from '../job';
import { MetricsModel } from '../metrics';
import { RunsModel, type RunSource } from '../runs';
import type { Share } from '../session';
import { atOnce, job, settled, wire } from './fakes';

const EMPTY: Metrics = { series: {}, params: {}, seq: 0 };

/** A session's shares over a fake wire; `held` names what is held now. */
function source() {
  const { connection, socket } = wire();
  const reads: string[] = [];
  const held = new Set<string>();
  const share = <T extends { dispose: () => void }>(name: string, model: T): Share<T> => {
    held.add(name);
    return { model, isDisposed: false, dispose: () => (held.delete(name), model.dispose()) };
  };
  const read = async (id: string): Promise<Job> => job(Number(id.slice(1)));
  const models: RunSource = {
    job: id => share(`job ${id}`, new JobModel({ id, connection, read, schedule: atOnce })),
    metrics: id => {
      const readMetrics = async () => (reads.push(id), EMPTY);
      const options = { id, connection, read: readMetrics, schedule: atOnce };
      return share(`metrics ${id}`, new MetricsModel(options));
    }
  };
  return { models, reads, held, socket };
}

describe('the jobs that a view holds', () => {
  it('stand in the order of adding, each once', () => {
    const { models } = source();
    const runs = new RunsModel(models, ['j2', 'j1'], atOnce);
    runs.add(['j1', 'j3']);
    expect(runs.ids).toEqual(['j2', 'j1', 'j3']);
    runs.dispose();
  });

  it('are let go when they are removed, and all of them at the end', () => {
    const { models, held } = source();
    const runs = new RunsModel(models, ['j1', 'j2'], atOnce);
    runs.remove('j1');
    expect([...held]).toEqual(['job j2', 'metrics j2']);
    runs.dispose();
    expect(held.size).toBe(0);
  });

  it('keep their places, and so their colours, while others come and go', () => {
    const { models } = source();
    const runs = new RunsModel(models, ['j1', 'j2', 'j3'], atOnce);
    runs.remove('j1');
    runs.add(['j4']);
    expect(runs.items.map(({ id, place }) => [id, place])).toEqual([
      ['j2', 1],
      ['j3', 2],
      ['j4', 0]
    ]);
    runs.dispose();
  });

  it('say that they are others, and that one of them changed', async () => {
    const { models, socket } = source();
    const runs = new RunsModel(models, ['j1'], atOnce);
    const told: string[] = [];
    runs.idsChanged.connect((_, ids) => told.push(ids.join()));
    runs.changed.connect(() => told.push('changed'));
    runs.add(['j2']);
    expect(told).toEqual(['j1,j2', 'changed']);
    await settled();
    socket().accept();
    socket().subscribed('jobs/j1', 1);
    await settled();
    told.length = 0;
    const data = { id: 'j1', revision: 2, state: 'succeeded' };
    socket().frame({ topic: 'jobs/j1', seq: 2, type: 'job', data });
    expect(told).toContain('changed');
    runs.dispose();
  });

  it('are read again when another attempt begins', async () => {
    const { models, reads, socket } = source();
    const runs = new RunsModel(models, ['j1'], atOnce);
    await settled();
    socket().accept();
    socket().subscribed('jobs/j1', 1);
    await settled();
    expect(reads).toEqual(['j1']);
    const data = { id: 'j1', revision: 2, attempt: 2 };
    socket().frame({ topic: 'jobs/j1', seq: 2, type: 'job', data });
    await settled();
    expect(reads).toEqual(['j1', 'j1']);
    runs.dispose();
  });
});
