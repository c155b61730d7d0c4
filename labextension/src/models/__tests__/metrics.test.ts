import { describe, expect, it } from 'vitest';
import type { Metrics, Series } from '../../api/types';
import { MetricsModel } from '../metrics';
import { atOnce, settled, wire } from './fakes';

const TOPIC = 'jobs/j1/metrics';
const series = (...values: (number | string)[]): Series => ({
  step: values.map((_, index) => index),
  value: values,
  time: values.map((_, index) => 1000 + index)
});
const metrics = (all: Metrics['series'], seq = 7): Metrics => ({ series: all, params: {}, seq });

async function watched(reads: Metrics[]) {
  const { connection, socket } = wire();
  const read = async () => reads.shift() ?? metrics({});
  const model = new MetricsModel({ id: 'j1', read, connection, schedule: atOnce });
  await settled();
  socket().accept();
  socket().subscribed(TOPIC, 7);
  return { model, socket: socket() };
}

describe('the curves of a job', () => {
  it('are read once and then grow by the points that come after', async () => {
    const { model, socket } = await watched([metrics({ loss: series(3, 2) })]);
    expect(socket.asked(TOPIC)).toMatchObject({ since: 7 });
    const points = { loss: { step: [2], value: [1], time: [1002] } };
    socket.frame({ topic: TOPIC, seq: 8, type: 'points', data: { series: points } });
    expect(model.series('loss')?.value).toEqual([3, 2, 1]);
  });

  it('are read again after a gap, from the new cursor', async () => {
    const reads = [metrics({ loss: series(3) }), metrics({ loss: series(3, 2, 1) }, 30)];
    const { model, socket } = await watched(reads);
    socket.frame({ topic: TOPIC, type: 'gap', since: 7 });
    await settled();
    expect(model.series('loss')?.value).toEqual([3, 2, 1]);
    expect(socket.asked(TOPIC)).toMatchObject({ since: 30 });
  });

  it('are read again rather than grow without bound', async () => {
    const reads = [metrics({}), metrics({ loss: series(1, 2) }, 9000)];
    const { model, socket } = await watched(reads);
    const many = series(...Array.from({ length: 8001 }, () => 1));
    socket.frame({ topic: TOPIC, seq: 8001, type: 'points', data: { series: { loss: many } } });
    await settled();
    expect(model.series('loss')?.value).toEqual([1, 2]);
  });

  it('stand with the loss first', async () => {
    const all = { accuracy: series(1), val_loss: series(1), loss: series(1) };
    const { model } = await watched([metrics(all)]);
    expect(model.keys).toEqual(['loss', 'val_loss', 'accuracy']);
  });

  it('come with what they amount to, which grows with them', async () => {
    const { model, socket } = await watched([metrics({ loss: series(3, 'NaN', 2) })]);
    expect(model.summaries.get('loss')).toEqual({ last: 2, min: 2, max: 3 });
    const points = { loss: { step: [3], value: ['Infinity'], time: [1003] } };
    socket.frame({ topic: TOPIC, seq: 8, type: 'points', data: { series: points } });
    expect(model.summaries.get('loss')).toEqual({ last: 'Infinity', min: 2, max: 3 });
  });
});
