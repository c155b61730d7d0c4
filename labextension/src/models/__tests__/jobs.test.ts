import { describe, expect, it } from 'vitest';
import type { JobsQuery } from '../../api/client';
import { Problem } from '../../api/problem';
import type { Job, JobState, Page } from '../../api/types';
import { NO_FILTER } from '../filter';
import { JobsModel } from '../jobs';
import type { Move } from '../knownjobs';
import { atOnce, job, settled, wire, type FakeSocket } from './fakes';

const TOPIC = 'projects/default';

/** A model, its socket, and the lists that it waits for, answered by hand. */
async function panel(): Promise<{
  model: JobsModel;
  socket: FakeSocket;
  asked: JobsQuery[];
  answer: (page: Job[] | Error, next?: string | null) => Promise<void>;
}> {
  const { connection, socket } = wire();
  const asked: JobsQuery[] = [];
  const waiting: { resolve: (page: Page<Job>) => void; reject: (error: Error) => void }[] = [];
  const list = (_: string, query: JobsQuery) => {
    asked.push(query);
    return new Promise<Page<Job>>((resolve, reject) => waiting.push({ resolve, reject }));
  };
  const model = new JobsModel({ project: 'default', list, connection, schedule: atOnce });
  const answer = async (page: Job[] | Error, next: string | null = null) => {
    const request = waiting.shift();
    if (page instanceof Error) {
      request?.reject(page);
    } else {
      request?.resolve({ items: page, next });
    }
    await settled();
  };
  await settled();
  socket().accept();
  await answer([]);
  socket().subscribed(TOPIC, 1);
  return { model, socket: socket(), asked, answer };
}

const states = (model: JobsModel) => model.items.map(({ id, state }) => `${id} ${state}`);

describe('the list of jobs', () => {
  it('lists once subscribed and shows the newest first', async () => {
    const { model, answer } = await panel();
    await answer([job(1), job(3), job(2)]);
    expect(model.items.map(one => one.id)).toEqual(['j3', 'j2', 'j1']);
  });

  it('goes to the very end also while the first jobs for another filter are being read', async () => {
    const { model, answer } = await panel();
    await answer([job(3)]);
    model.setFilter({ ...NO_FILTER, states: ['running'] });
    expect(model.hasMore).toBe(true);
    const all = model.loadAll();
    await answer([job(3)], 'older');
    await answer([job(2)]);
    await all;
    expect([model.hasMore, model.items.length]).toEqual([false, 2]);
  });

  it('applies a frame with a greater revision and ignores an older one', async () => {
    const { model, socket, answer } = await panel();
    await answer([job(1, { revision: 5 })]);
    const change = (revision: number, state: JobState) =>
      socket.frame({ topic: TOPIC, seq: 9, type: 'job', data: { id: 'j1', revision, state } });
    change(5, 'lost');
    expect(states(model)).toEqual(['j1 running']);
    change(6, 'succeeded');
    expect(states(model)).toEqual(['j1 succeeded']);
  });

  it('does not lose a frame that overtakes the list', async () => {
    const { model, socket, answer } = await panel();
    const data = { id: 'j1', revision: 2, state: 'succeeded' };
    socket.frame({ topic: TOPIC, seq: 2, type: 'job', data });
    await answer([job(1, { revision: 1 })]);
    expect(states(model)).toEqual(['j1 succeeded']);
  });

  it('takes in a new job that comes whole and drops one that was deleted', async () => {
    const { model, socket, answer } = await panel();
    await answer([job(1)]);
    socket.frame({ topic: TOPIC, seq: 2, type: 'job', data: job(2, { state: 'pending' }) });
    expect(states(model)).toEqual(['j2 pending', 'j1 running']);
    socket.frame({ topic: TOPIC, seq: 3, type: 'deleted', data: { id: 'j1' } });
    expect(states(model)).toEqual(['j2 pending']);
  });

  it('shows progress of what runs, and none for what has ended', async () => {
    const { model, socket, answer } = await panel();
    await answer([job(2), job(1, { state: 'failed' })]);
    const progress = { fraction: 0.5, message: null, eta_seconds: 3 };
    for (const id of ['j1', 'j2']) {
      const data = { id, progress, latest: { loss: 0.25 } };
      socket.frame({ topic: TOPIC, seq: 1, type: 'progress', data });
    }
    expect(model.items.map(one => one.progress?.fraction)).toEqual([0.5, undefined]);
    expect(model.items[0].latest).toEqual({ loss: 0.25 });
  });

  it('lists again after a gap', async () => {
    const { model, socket, answer } = await panel();
    await answer([job(1)]);
    socket.frame({ topic: TOPIC, type: 'gap', since: 1 });
    await answer([job(1, { state: 'succeeded', revision: 8 }), job(2)]);
    expect(states(model)).toEqual(['j2 running', 'j1 succeeded']);
  });

  it('filters what is known at once and asks the server for the rest', async () => {
    const { model, asked, answer } = await panel();
    await answer([job(1, { name: 'Digits' }), job(2)]);
    model.setFilter({ ...NO_FILTER, states: ['running'], text: ' digits ' });
    expect(model.items.map(one => one.id)).toEqual(['j1']);
    expect(asked[asked.length - 1]).toMatchObject({ state: ['running'], text: 'digits' });
    await answer([job(1, { name: 'Digits' }), job(0, { name: 'digits of old' })]);
    expect(model.items.map(one => one.id)).toEqual(['j1', 'j0']);
  });

  it('drops the answer to a filter that was changed meanwhile', async () => {
    const { model, answer } = await panel();
    await answer([]);
    model.setFilter({ ...NO_FILTER, states: [], text: 'a' });
    model.setFilter({ ...NO_FILTER, states: [], text: 'b' });
    await answer([job(1, { name: 'a' })]);
    await answer([job(2, { name: 'b' })]);
    expect(model.items.map(one => one.id)).toEqual(['j2']);
  });

  it('reads on page by page and shows no hole between pages', async () => {
    const { model, asked, answer } = await panel();
    await answer([job(9), job(8)], 'eight');
    model.put(job(1));
    expect(model.items.map(one => one.id)).toEqual(['j9', 'j8']);
    void model.loadMore();
    expect(asked[asked.length - 1].cursor).toBe('eight');
    await answer([job(2), job(1)]);
    expect(model.items.map(one => one.id)).toEqual(['j9', 'j8', 'j2', 'j1']);
    expect(model.hasMore).toBe(false);
  });

  it('shows no hole where more came than a page holds while it was away', async () => {
    const { model, socket, answer } = await panel();
    await answer([job(1)]);
    socket.frame({ topic: TOPIC, type: 'gap', since: 1 });
    await answer([job(9), job(8)], 'eight');
    expect(model.items.map(one => one.id)).toEqual(['j9', 'j8']);
    expect(model.hasMore).toBe(true);
  });

  it('tells moves of jobs that the filter hides', async () => {
    const { model, socket, answer } = await panel();
    await answer([job(1)]);
    const moves: Move[] = [];
    model.moved.connect((_, move) => void moves.push(move), moves);
    model.setFilter({ ...NO_FILTER, states: ['failed'], text: '' });
    const data = { id: 'j1', revision: 2, state: 'succeeded' };
    socket.frame({ topic: TOPIC, seq: 2, type: 'job', data });
    expect(moves).toEqual([{ id: 'j1', from: 'running', to: 'succeeded' }]);
  });

  it('tells failed from forbidden, and keeps showing what it knows', async () => {
    const { model, answer } = await panel();
    await answer(new Problem('Not yours.', 403, 'forbidden'));
    expect([model.status, model.problem]).toEqual(['forbidden', 'Not yours.']);
    void model.refresh();
    await answer([job(1)]);
    expect([model.status, model.problem]).toEqual(['ready', null]);
    void model.refresh();
    await answer(new Problem('Away.', 503, 'unavailable'));
    expect([model.status, model.items.length]).toEqual(['ready', 1]);
  });

  it('forgets another project, and an answer about it that comes late', async () => {
    const { model, socket, answer } = await panel();
    await answer([job(1)]);
    void model.refresh();
    model.setProject('vision');
    expect(model.items).toEqual([]);
    await answer([job(2)]);
    await answer([job(3, { project: 'vision' })]);
    expect(model.items.map(one => one.id)).toEqual(['j3']);
    socket.frame({ topic: TOPIC, seq: 2, type: 'job', data: job(4) });
    model.put(job(5));
    expect(model.items.map(one => one.id)).toEqual(['j3']);
    model.setProject(null);
    expect([model.items, model.status]).toEqual([[], 'loading']);
  });
});

describe('what was shown last', () => {
  const remembering = () => {
    const { connection } = wire();
    let answer: (page: Page<Job> | Error) => void = () => undefined;
    const list = () =>
      new Promise<Page<Job>>((resolve, reject) => {
        answer = page => (page instanceof Error ? reject(page) : resolve(page));
      });
    const model = new JobsModel({ project: 'default', list, connection, schedule: atOnce });
    model.remind([job(2, { state: 'running', revision: 9 }), job(1)]);
    return { model, answer: (page: Page<Job> | Error) => answer(page) };
  };

  it('is shown until the server has answered, and then nothing of it', async () => {
    const { model, answer } = remembering();
    expect(model.remembered).toBe(true);
    expect(states(model)).toEqual(['j2 running', 'j1 running']);
    answer({ items: [job(2, { state: 'failed', revision: 3 })], next: null });
    await settled();
    expect(model.remembered).toBe(false);
    expect(states(model)).toEqual(['j2 failed']);
  });

  it('is taken away where one may not see it any more', async () => {
    const { model, answer } = remembering();
    answer(new Problem('Nothing here.', 404, 'not_found'));
    await settled();
    expect(model.items).toEqual([]);
    expect(model.status).toBe('forbidden');
  });

  it('stays while the server is away', async () => {
    const { model, answer } = remembering();
    answer(new Error('away'));
    await settled();
    expect(states(model)).toEqual(['j2 running', 'j1 running']);
  });

  it('comes too late for a list that was read', async () => {
    const { model, answer } = await panel();
    await answer([job(1)]);
    model.remind([job(2)]);
    expect(states(model)).toEqual(['j1 running']);
  });
});

describe('a filter by owner', () => {
  it('asks the server and decides the same about what is known', async () => {
    const { model, asked, answer } = await panel();
    await answer([job(2, { owner: 'bob' }), job(1)]);
    expect(model.owners).toEqual(['ada', 'bob']);
    model.setFilter({ ...NO_FILTER, owner: 'bob' });
    expect(asked[asked.length - 1].owner).toBe('bob');
    expect(states(model)).toEqual(['j2 running']);
  });
});
