import { describe, expect, it } from 'vitest';
import type { Api } from '../../api/client';
import type { Project } from '../../api/types';
import { filterOf } from '../../panels/side/memory';
import { Session } from '../session';
import { FakeSocket, job, me, project, settled, VIEWER } from './fakes';

describe('the session', () => {
  const api = (): Api =>
    ({
      events: async () => new FakeSocket(),
      job: async () => job(1),
      jobs: async () => ({ items: [], next: null }),
      engines: async () => []
    }) as unknown as Api;

  it('shares one model of a job and ends it with its last reader', () => {
    const session = new Session(api());
    const [first, second] = [session.job('j1'), session.job('j1')];
    expect(first.model).toBe(second.model);
    first.dispose();
    first.dispose();
    expect(second.model.isDisposed).toBe(false);
    second.dispose();
    expect(second.model.isDisposed).toBe(true);
    expect(session.job('j1').model).not.toBe(first.model);
    session.dispose();
  });

  it('shows what an action answered before its frame arrives', async () => {
    const session = new Session(api());
    const { model } = session.job('j1');
    await settled();
    session.put(job(1, { revision: 2, target: 'stop' }));
    expect(model.job?.target).toBe('stop');
    session.put(job(1, { revision: 1, target: 'run' }));
    expect(model.job?.target).toBe('stop');
    session.dispose();
  });
});

describe('the project that one works in', () => {
  /** A session whose server tells of projects over one socket, and what it was asked for. */
  async function working(...items: Project[]) {
    const socket = new FakeSocket();
    const asked: string[] = [];
    const session = new Session({
      events: async () => socket,
      me: async () => me('ada'),
      job: async (id: string) => {
        asked.push(id);
        return job(1, { project: 'vision' });
      },
      jobs: async (name: string) => {
        asked.push(name);
        return { items: [], next: null };
      },
      engines: async () => [],
      sharing: { projects: () => new Promise(() => undefined) }
    } as unknown as Api);
    const send = async (...all: Project[]) => {
      socket.frame({ topic: 'me', seq: 0, type: 'projects', data: { items: all } });
      await settled();
    };
    const { jobs } = session;
    await settled();
    socket.accept();
    socket.subscribed('me');
    await send(...items);
    return { session, jobs, socket, asked, send };
  }

  it('decides whose jobs are listed, in the same list', async () => {
    const { session, jobs, socket, asked } = await working(project('ada'), project('vision'));
    expect([session.project, jobs.project, asked]).toEqual(['ada', 'ada', ['ada']]);
    session.projects.select('vision');
    await settled();
    expect([jobs.project, asked]).toEqual(['vision', ['ada', 'vision']]);
    expect(socket.asked('projects/vision')).toBeDefined();
    expect(socket.sent.filter(({ op }) => op === 'unsubscribe').map(({ topic }) => topic)).toEqual([
      'projects/ada'
    ]);
    session.dispose();
  });

  it('has no jobs to list for whoever may not see them', async () => {
    const capabilities = ['project:read', 'transfer:accept'];
    const offer = project('vision', { role: null, capabilities });
    const { session, jobs, asked, send } = await working(project('ada'), offer);
    session.projects.select('vision');
    await settled();
    expect([jobs.project, asked]).toEqual([null, ['ada']]);
    await send(project('ada'), project('vision'));
    expect([jobs.project, asked]).toEqual(['vision', ['ada', 'vision']]);
    session.dispose();
  });

  it('is listed again, and its open jobs read again, when rights in it change', async () => {
    const viewed = project('vision', { role: 'viewer', capabilities: VIEWER });
    const { session, asked, send } = await working(project('ada'), viewed);
    session.projects.select('vision');
    const share = session.job('j1');
    await settled();
    asked.length = 0;
    await send(project('ada'), viewed);
    expect(asked).toEqual([]);
    await send(project('ada'), project('vision'));
    expect(asked.sort()).toEqual(['j1', 'vision']);
    share.dispose();
    session.dispose();
  });
});

describe('what the panel remembers', () => {
  it('is taken back only where it makes sense', () => {
    const odd = { states: ['failed', 'odd', 7], owner: 3, text: 5 };
    expect(filterOf(odd)).toEqual({ states: ['failed'], owner: null, text: '' });
    expect(filterOf(null)).toEqual({ states: [], owner: null, text: '' });
    expect(filterOf({ owner: 'ada' }).owner).toBe('ada');
  });
});
