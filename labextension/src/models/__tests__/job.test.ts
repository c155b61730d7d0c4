import { describe, expect, it } from 'vitest';
import { Problem } from '../../api/problem';
import type { Job } from '../../api/types';
import { JobModel } from '../job';
import { atOnce, job, settled, wire } from './fakes';

const TOPIC = 'jobs/j1';

async function watched(read: () => Promise<Job>) {
  const { connection, socket } = wire();
  const model = new JobModel({ id: 'j1', read, connection, schedule: atOnce });
  await settled();
  socket().accept();
  socket().subscribed(TOPIC, 3);
  await settled();
  return { model, socket: socket() };
}

describe('one job', () => {
  it('is read, then follows its frames by revision', async () => {
    const { model, socket } = await watched(async () => job(1, { revision: 4 }));
    const change = (revision: number, reason: string) =>
      socket.frame({ topic: TOPIC, seq: 5, type: 'job', data: { id: 'j1', revision, reason } });
    change(3, 'old');
    change(5, 'new');
    expect(model.job?.reason).toBe('new');
  });

  it('does not lose a frame that overtakes the reading', async () => {
    let answer: (found: Job) => void = () => undefined;
    const { model, socket } = await watched(() => new Promise(resolve => (answer = resolve)));
    const data = { id: 'j1', revision: 2, state: 'succeeded' };
    socket.frame({ topic: TOPIC, seq: 5, type: 'job', data });
    answer(job(1, { revision: 1 }));
    await settled();
    expect(model.job?.state).toBe('succeeded');
  });

  it('says that there is no such job', async () => {
    const { model } = await watched(async () => {
      throw new Problem('There is no such thing here.', 404, 'not_found');
    });
    expect([model.job, model.absence]).toEqual([null, 'unknown']);
  });

  it('says in a sentence why it can not be read', async () => {
    const { model } = await watched(async () => {
      throw new Problem('Away.', 503, 'unavailable');
    });
    expect([model.job, model.missing, model.problem]).toEqual([null, false, 'Away.']);
  });

  it('says that it was deleted', async () => {
    const { model, socket } = await watched(async () => job(1));
    socket.frame({ topic: TOPIC, seq: 6, type: 'deleted', data: { id: 'j1' } });
    expect([model.job, model.absence, model.deleted?.id]).toEqual([null, 'deleted', 'j1']);
  });

  it('keeps nothing but its place of what one may not see any more, and can be tried again', async () => {
    const { model, socket } = await watched(async () => job(1));
    const data = { code: 4403, detail: 'No longer yours.' };
    socket.frame({ topic: TOPIC, type: 'closed', data });
    expect([model.job, model.absence, model.deleted]).toEqual([null, 'revoked', null]);
    expect(model.place?.project).toBe('default');
    await model.retry();
    expect([model.job?.id, model.absence]).toEqual(['j1', null]);
  });

  it('shows at once what an action will do, and takes it back where it fails', async () => {
    const { model } = await watched(async () => job(1, { state: 'failed', attempt: 1 }));
    let refuse: (error: Error) => void = () => undefined;
    const refused = new Promise<never>((_, reject) => (refuse = reject));
    const told = model.foresee({ state: 'pending', attempt: 2 }, () => refused);
    expect([model.job?.state, model.job?.attempt]).toEqual(['pending', 2]);
    refuse(new Error('The quota is used up.'));
    await expect(told).rejects.toThrow('The quota is used up.');
    expect([model.job?.state, model.job?.attempt]).toEqual(['failed', 1]);
    const again = async () => job(1, { state: 'queued', attempt: 2, revision: 9 });
    await model.foresee({ state: 'pending' }, again);
    expect(model.job?.state).toBe('queued');
  });
});
