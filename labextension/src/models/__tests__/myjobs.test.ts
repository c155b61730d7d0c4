import { describe, expect, it } from 'vitest';
import type { Job, Project } from '../../api/types';
import { MyJobs } from '../myjobs';
import { ProjectsModel } from '../projects';
import { Reading } from '../reading';
import { atOnce, job, me, project, settled, wire } from './fakes';

const VISION = 'projects/vision';

/** Ada's jobs on a server with these projects; `lists` is what it answers, by project. */
async function following(lists: { [project: string]: Job[] }, ...items: Project[]) {
  const { connection, socket } = wire();
  const reading = new Reading({ read: async () => me('ada') });
  const projects = new ProjectsModel({ connection, me: reading, list: async () => items });
  const asked: string[] = [];
  const list = async (name: string, owner: string) => {
    asked.push(`${name} of ${owner}`);
    return lists[name] ?? [];
  };
  const jobs = new MyJobs({ connection, projects, me: reading, list, schedule: atOnce });
  const ended: string[] = [];
  jobs.ended.connect((_, id) => ended.push(id));
  await settled();
  socket().accept();
  items.forEach(({ name }) => socket().subscribed(`projects/${name}`));
  await settled();
  const change = (data: Partial<Job>, topic = VISION) =>
    socket().frame({ topic, seq: 9, type: 'job', data });
  return { jobs, projects, asked, ended, change, socket };
}

const mine = (number: number, fields: Partial<Job> = {}) =>
  job(number, { project: 'vision', ...fields });

describe('my jobs under way', () => {
  it('are counted over all projects whose jobs I see', async () => {
    const internal = project('open', { role: null, capabilities: ['project:read'] });
    const lists = { vision: [mine(1)], speech: [job(2, { project: 'speech', state: 'queued' })] };
    const all = [project('vision'), project('speech'), internal];
    const { jobs, asked } = await following(lists, ...all);
    expect([jobs.running, jobs.waiting]).toEqual([1, 1]);
    expect(asked.sort()).toEqual(['speech of ada', 'vision of ada']);
  });

  it('come, move and end with the frames of their project', async () => {
    const { jobs, ended, change } = await following({}, project('vision'));
    change(mine(1, { state: 'pending' }));
    expect([jobs.running, jobs.waiting]).toEqual([0, 1]);
    change({ id: 'j1', revision: 2, state: 'running' });
    expect([jobs.running, jobs.waiting]).toEqual([1, 0]);
    change({ id: 'j1', revision: 3, state: 'succeeded' });
    expect([jobs.items, ended]).toEqual([[], ['j1']]);
    change({ id: 'j1', revision: 4, state: 'queued' });
    expect(jobs.waiting).toBe(1);
  });

  it('are listed once the topic of their project is read', async () => {
    const lists = { vision: [mine(1)] };
    const { jobs, asked, socket } = await following(lists);
    socket().subscribed('me');
    const all = { items: [project('vision')] };
    socket().frame({ topic: 'me', seq: 0, type: 'projects', data: all });
    await settled();
    expect(asked).toEqual([]);
    socket().subscribed(VISION);
    await settled();
    expect([asked, jobs.running]).toEqual([['vision of ada'], 1]);
  });

  it("are not somebody else's", async () => {
    const { jobs, asked, ended, change } = await following({}, project('vision'));
    change(mine(1, { owner: 'bob' }));
    change({ id: 'j1', revision: 2, state: 'running' });
    change({ id: 'j1', revision: 3, state: 'failed' });
    expect([jobs.items, ended, asked.length]).toEqual([[], [], 1]);
  });

  it('are asked for where a job that nobody told of begins to move, once', async () => {
    const lists: { vision: Job[] } = { vision: [] };
    const { jobs, asked, change } = await following(lists, project('vision'));
    lists.vision = [mine(7, { revision: 5, state: 'queued' })];
    change({ id: 'j7', revision: 5, state: 'queued' });
    change({ id: 'j8', revision: 2, state: 'running' });
    await settled();
    change({ id: 'j8', revision: 3, state: 'queued' });
    await settled();
    expect([jobs.waiting, asked.length]).toEqual([1, 2]);
  });

  it('that ended while the connection was away are noticed', async () => {
    const lists = { vision: [mine(1), mine(2)] };
    const { jobs, ended, socket } = await following(lists, project('vision'));
    lists.vision = [mine(2)];
    socket().frame({ topic: VISION, type: 'gap', data: {} });
    await settled();
    expect([jobs.running, ended]).toEqual([1, ['j1']]);
  });

  it('go with a project that I may not see any more, without having ended', async () => {
    const lists = { vision: [mine(1)] };
    const { jobs, ended, socket } = await following(lists, project('vision'));
    socket().subscribed('me');
    socket().frame({ topic: 'me', seq: 0, type: 'projects', data: { items: [] } });
    expect([jobs.items, ended]).toEqual([[], []]);
    socket().frame({ topic: VISION, type: 'job', data: mine(3) });
    expect(jobs.items).toEqual([]);
  });
});
