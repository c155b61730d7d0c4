import { describe, expect, it } from 'vitest';
import type { Me, Project } from '../../api/types';
import { ProjectsModel } from '../projects';
import { Reading } from '../reading';
import { me, project, settled, wire, type FakeSocket } from './fakes';

const MINE = project('ada', { personal: true });

/** What a person called it: no text of ours. */
const titled = (title: string) => ({ title });

/** A model whose list comes over the socket only, and everything that it told. */
async function watched(listed: () => Promise<Project[]> = () => new Promise(() => undefined)) {
  const { connection, socket } = wire();
  const who = new Reading<Me>({ read: async () => me('ada') });
  const model = new ProjectsModel({ connection, me: who, list: listed });
  const told: string[] = [];
  model.gone.connect((_, name) => void told.push(`gone ${name}`));
  model.appeared.connect((_, name) => void told.push(`appeared ${name}`));
  model.currentChanged.connect((_, name) => void told.push(`in ${name}`));
  await settled();
  socket().accept();
  socket().subscribed('me');
  return { model, told, socket: socket() };
}

function send(socket: FakeSocket, ...items: Project[]): void {
  socket.frame({ topic: 'me', seq: 0, type: 'projects', data: { items } });
}

describe('the projects that one sees', () => {
  it('come over the socket, by title, and one starts in the personal one', async () => {
    const { model, told, socket } = await watched();
    send(socket, project('zoo', titled('A zoo')), MINE);
    expect(model.items.map(one => one.name)).toEqual(['zoo', 'ada']);
    expect([model.current?.name, told]).toEqual(['ada', ['in ada']]);
  });

  it('appear and go without anybody asking', async () => {
    const { model, told, socket } = await watched();
    send(socket, MINE);
    send(socket, MINE, project('vision'));
    send(socket, MINE);
    expect(told).toEqual(['in ada', 'appeared vision', 'gone vision']);
    expect(model.lost).toBeNull();
  });

  it('are left for the personal one when the chosen one is gone, which is said', async () => {
    const { model, told, socket } = await watched();
    send(socket, MINE, project('vision', titled('Vision')));
    model.select('vision');
    send(socket, MINE);
    expect(told.slice(1)).toEqual(['in vision', 'gone vision', 'in ada']);
    expect(model.lost).toEqual({ name: 'vision', ...titled('Vision') });
    model.dismiss();
    expect(model.lost).toBeNull();
  });

  it('keep one just made when a list arrives that was read before it', async () => {
    const { model, told, socket } = await watched();
    model.put(project('new'));
    model.select('new');
    send(socket, MINE);
    expect([model.current?.name, model.lost]).toEqual(['new', null]);
    send(socket, MINE, project('new'));
    send(socket, MINE);
    expect(told.slice(-2)).toEqual(['gone new', 'in ada']);
  });

  it('go on where one was before a reload, unless one chose meanwhile', async () => {
    const { model, socket } = await watched();
    model.restore('vision');
    send(socket, MINE, project('vision'), project('audio'));
    expect(model.current?.name).toBe('vision');
    model.select('audio');
    model.restore('vision');
    expect(model.current?.name).toBe('audio');
  });

  it('say that a remembered project is gone', async () => {
    const { model, socket } = await watched();
    model.restore('vision');
    send(socket, MINE);
    expect([model.current?.name, model.lost?.name]).toEqual(['ada', 'vision']);
  });

  it('hold a new one before its frame comes, and tell of it once', async () => {
    const { model, told, socket } = await watched();
    send(socket, MINE);
    model.put(project('vision'));
    model.select('vision');
    send(socket, MINE, project('vision'));
    expect(told).toEqual(['in ada', 'appeared vision', 'in vision']);
  });

  it('do not take an answer for newer than the frame that overtook it', async () => {
    let answer: (found: Project[]) => void = () => undefined;
    const { model, socket } = await watched(() => new Promise(resolve => (answer = resolve)));
    send(socket, MINE, project('vision'));
    answer([MINE]);
    await settled();
    expect(model.items.length).toBe(2);
  });

  it('are read once where no socket can be opened', async () => {
    const { model } = await watched(async () => [MINE]);
    await settled();
    expect([model.status, model.current?.name]).toEqual(['ready', 'ada']);
  });
});
