/**
 * The routes about projects and people, as typed methods: who may see what, and who did it.
 * It keeps no state; whoever makes it says how a request is sent.
 */
import { URLExt } from '@jupyterlab/coreutils';
import { segment, type Options, type Query } from './requests';
import type {
  AuditEntry,
  FolderEntry,
  Grant,
  NewProject,
  NewTeam,
  Page,
  Project,
  ProjectChange,
  Role,
  Secret,
  Standing,
  Team,
  TeamChange,
  Trashed,
  User,
  UserChange
} from './types';

type Send = (method: string, route: string, options?: Options) => Promise<Response>;

/** People or teams whose name holds a text. */
export interface Search {
  text?: string;
  limit?: number;
  cursor?: string | null;
}

/** Which entries of the audit log, newest first; without `project` all of the server's. */
export interface AuditQuery {
  project?: string;
  actor?: string;
  action?: string;
  limit?: number;
  cursor?: string | null;
}

/** See the module's comment. `subject` is `user:NAME` or `team:NAME`. */
export class SharingApi {
  constructor(private readonly _send: Send) {}

  async projects(): Promise<Project[]> {
    return (await this._json<Page<Project>>('GET', 'projects')).items;
  }

  create(wanted: NewProject): Promise<Project> {
    return this._json('POST', 'projects', { body: wanted });
  }

  change(project: string, change: ProjectChange): Promise<Project> {
    return this._json('PATCH', place(project), { body: change });
  }

  /** Put a project into the trash; with `purge`, delete one that is there for good. */
  async delete(project: string, purge = false): Promise<void> {
    const query: Query = purge ? { purge: 'true' } : {};
    await this._send('DELETE', place(project), { query });
  }

  async grants(project: string): Promise<Grant[]> {
    return (await this._json<Page<Grant>>('GET', `${place(project)}/grants`)).items;
  }

  grant(project: string, subject: string, role: Role): Promise<Grant> {
    return this._json('PUT', `${place(project)}/grants/${segment(subject)}`, { body: { role } });
  }

  async revoke(project: string, subject: string): Promise<void> {
    await this._send('DELETE', `${place(project)}/grants/${segment(subject)}`);
  }

  offer(project: string, to: string): Promise<Project> {
    return this._json('POST', `${place(project)}/transfer`, { body: { to } });
  }

  /** Take an offer back, or decline it. */
  async withdraw(project: string): Promise<void> {
    await this._send('DELETE', `${place(project)}/transfer`);
  }

  accept(project: string): Promise<Project> {
    return this._json('POST', `${place(project)}/transfer/accept`, { body: {} });
  }

  breakGlass(project: string, reason: string, minutes: number): Promise<Grant> {
    return this._json('POST', `${place(project)}/break-glass`, { body: { reason, minutes } });
  }

  async mendGlass(project: string): Promise<void> {
    await this._send('DELETE', `${place(project)}/break-glass`);
  }

  async secrets(project: string): Promise<Secret[]> {
    return (await this._json<Page<Secret>>('GET', `${place(project)}/secrets`)).items;
  }

  writeSecret(project: string, name: string, value: string): Promise<Secret> {
    return this._json('PUT', `${place(project)}/secrets/${segment(name)}`, { body: { value } });
  }

  async deleteSecret(project: string, name: string): Promise<void> {
    await this._send('DELETE', `${place(project)}/secrets/${segment(name)}`);
  }

  async trash(project: string): Promise<Trashed[]> {
    return (await this._json<Page<Trashed>>('GET', `${place(project)}/trash`)).items;
  }

  async purge(project: string, path: string): Promise<void> {
    await this._send('DELETE', `${place(project)}/trash/${URLExt.encodeParts(path)}`);
  }

  /** Bring back a version of a file, also of one in the trash. */
  async restore(project: string, path: string, version: string): Promise<void> {
    const route = `${inside(project, path)}/checkpoints/${segment(version)}`;
    await this._send('POST', route, { body: {} });
  }

  /** What lies in a folder of a project. */
  async folder(project: string, path: string): Promise<FolderEntry[]> {
    const query = { type: 'directory', content: 1 };
    const model = await this._json<{ content: FolderEntry[] }>('GET', inside(project, path), {
      query
    });
    return model.content;
  }

  /** Make an untitled notebook; its path on the drive, the project first. */
  async newNotebook(project: string, folder: string): Promise<string> {
    const body = { type: 'notebook' };
    return (await this._json<FolderEntry>('POST', inside(project, folder), { body })).path;
  }

  /** A file that must not be there yet, or a piece of one as Jupyter counts them, -1 the last. */
  async upload(
    project: string,
    path: string,
    content: string,
    chunk: number | null
  ): Promise<void> {
    const body = { type: 'file', format: 'base64', content, chunk };
    await this._send('PUT', inside(project, path), { body, headers: { 'If-None-Match': '*' } });
  }

  audit(query: AuditQuery): Promise<Page<AuditEntry>> {
    return this._json('GET', 'audit', { query: { ...query } });
  }

  users(query: Search): Promise<Page<User>> {
    return this._json('GET', 'users', { query: { ...query, text: query.text || undefined } });
  }

  changeUser(user: string, change: UserChange): Promise<User> {
    return this._json('PATCH', `users/${segment(user)}`, { body: change });
  }

  teams(query: Search): Promise<Page<Team>> {
    return this._json('GET', 'teams', { query: { ...query, text: query.text || undefined } });
  }

  team(team: string): Promise<Team> {
    return this._json('GET', `teams/${segment(team)}`);
  }

  createTeam(wanted: NewTeam): Promise<Team> {
    return this._json('POST', 'teams', { body: wanted });
  }

  changeTeam(team: string, change: TeamChange): Promise<Team> {
    return this._json('PATCH', `teams/${segment(team)}`, { body: change });
  }

  async deleteTeam(team: string): Promise<void> {
    await this._send('DELETE', `teams/${segment(team)}`);
  }

  addMember(team: string, user: string, role: Standing): Promise<Team> {
    return this._json('PUT', `teams/${segment(team)}/members/${segment(user)}`, { body: { role } });
  }

  async removeMember(team: string, user: string): Promise<void> {
    await this._send('DELETE', `teams/${segment(team)}/members/${segment(user)}`);
  }

  private async _json<T>(method: string, route: string, options?: Options): Promise<T> {
    return (await this._send(method, route, options)).json() as Promise<T>;
  }
}

function place(project: string): string {
  return `projects/${segment(project)}`;
}

function inside(project: string, path: string): string {
  return URLExt.join('contents', segment(project), URLExt.encodeParts(path));
}
