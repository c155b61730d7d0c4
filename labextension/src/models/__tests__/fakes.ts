/** A server's end of the WebSocket and of the routes, in memory: the boundary, faked. */
import type { Frame, Job, Me, Project } from '../../api/types';
import { Connection, type Socket } from '../connection';

/** Draws at once: tests see every change. */
export const atOnce = (callback: () => void): void => callback();

/** Lets every promise that can settle do so. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    await Promise.resolve();
  }
}

/** One socket as the server sees it. */
export class FakeSocket implements Socket {
  readonly sent: { op: string; topic: string; since?: number; [option: string]: unknown }[] = [];
  readyState = 0;
  onopen: Socket['onopen'] = null;
  onclose: Socket['onclose'] = null;
  onmessage: Socket['onmessage'] = null;

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.readyState = 3;
  }

  accept(): void {
    this.readyState = 1;
    this.onopen?.call(this as unknown as WebSocket, new Event('open'));
  }

  drop(): void {
    this.readyState = 3;
    this.onclose?.call(this as unknown as WebSocket, new Event('close') as CloseEvent);
  }

  frame(frame: Frame): void {
    const event = new MessageEvent('message', { data: JSON.stringify(frame) });
    this.onmessage?.call(this as unknown as WebSocket, event);
  }

  /** Answer the last subscription to a topic. */
  subscribed(topic: string, seq = 0): void {
    this.frame({ topic, seq, type: 'subscribed', data: {} });
  }

  /** The last subscription to a topic. */
  asked(topic: string): { [option: string]: unknown } | undefined {
    return [...this.sent].reverse().find(one => one.op === 'subscribe' && one.topic === topic);
  }
}

/** A connection and the sockets that it opened, the newest last. */
export function wire(refuse: () => Error | null = () => null): {
  connection: Connection;
  sockets: FakeSocket[];
  socket: () => FakeSocket;
} {
  const sockets: FakeSocket[] = [];
  const open = async (): Promise<Socket> => {
    const error = refuse();
    if (error) {
      throw error;
    }
    sockets.push(new FakeSocket());
    return sockets[sockets.length - 1];
  };
  const connection = new Connection({ open, random: () => 1 });
  return { connection, sockets, socket: () => sockets[sockets.length - 1] };
}

/** A job with what matters to a test; the later the number, the newer the job. */
export function job(number: number, fields: Partial<Job> = {}): Job {
  return {
    id: `j${number}`,
    project: 'default',
    usage: null,
    owner: 'ada',
    name: `job ${number}`,
    spec: { command: ['true'] },
    state: 'running',
    target: 'run',
    engine: 'local',
    reason: null,
    remedy: null,
    attempt: 1,
    queued: null,
    started: null,
    finished: null,
    progress: null,
    exit_code: null,
    created: `2026-11-22T10:00:${String(number).padStart(2, '0')}Z`,
    latest: {},
    trace: null,
    ranks: 1,
    versions: {},
    revision: 1,
    ...fields
  };
}

/** Everything that an owner may do with a project, as far as the lab asks. */
export const OWNER = [
  'audit:read file:purge file:read file:write grant:write job:delete job:delete-any job:list',
  'job:logs job:read job:spec job:stop job:stop-any job:submit kernel:start member:read',
  'output:read owner:write project:close project:leave project:purge project:read project:write',
  'quota:read secret:read secret:write visibility:lower'
].flatMap(line => line.split(' '));

/** What a viewer may. */
export const VIEWER = [
  'file:read job:list job:read member:read output:read project:leave project:read quota:read'
].flatMap(line => line.split(' '));

/** A project as its owner sees it. */
export function project(name: string, fields: Partial<Project> = {}): Project {
  return {
    name,
    title: name,
    description: '',
    visibility: 'private',
    state: 'active',
    settings: { viewer_logs: false, version_outputs: true },
    personal: false,
    created: '2026-11-22T10:00:00Z',
    role: 'owner',
    capabilities: OWNER,
    owners: ['user:ada'],
    offered_to: null,
    ...fields
  };
}

/** The asker, with a personal project of the same name. */
export function me(user: string, fields: Partial<Me> = {}): Me {
  return {
    user,
    teams: [],
    admin: false,
    capabilities: [],
    personal_project: user,
    quota: {},
    use: { jobs: 0, cpu: 0, memory: 0, gpu: 0, gpu_hours: 0 },
    ...fields
  };
}
