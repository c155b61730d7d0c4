/**
 * The routes about a project's files beyond Jupyter's contents API, as typed methods: versions,
 * comparisons, downloads, Zeppelin. It keeps no state; whoever makes it says how it is sent.
 */
import { segment, type Options, type Query } from './requests';
import type { Diff, Json, Merge, Version } from './types';

type Send = (method: string, route: string, options?: Options) => Promise<Response>;

/** What is merged: `base` is an ETag, the others are versions; without `theirs` the current one. */
export interface Sides {
  base: string;
  mine: string;
  theirs?: string;
}

/** See the module's comment. Paths are those inside the project. */
export class FilesApi {
  constructor(
    private readonly _send: Send,
    private readonly _url: (route: string, query?: Query) => string
  ) {}

  /** The versions of a file, the newest last. */
  versions(project: string, path: string): Promise<Version[]> {
    return this._json('GET', checkpoints(project, path));
  }

  /** Name a version, which is then kept for good; null takes the name away. */
  name(project: string, path: string, version: string, name: string | null): Promise<Version> {
    const route = `${checkpoints(project, path)}/${segment(version)}`;
    return this._json('PATCH', route, { body: { message: name } });
  }

  /** Make a version the file's content again, as a new version; what was deleted comes back. */
  async restore(project: string, path: string, version: string): Promise<void> {
    await this._send('POST', `${checkpoints(project, path)}/${segment(version)}`, { body: {} });
  }

  /** Delete a version for good. */
  async purge(project: string, path: string, version: string): Promise<void> {
    await this._send('DELETE', `${checkpoints(project, path)}/${segment(version)}`);
  }

  diff(project: string, path: string, from: string, to: string): Promise<Diff> {
    return this._json('GET', below(project, 'versions', path), { query: { from, to } });
  }

  merge(project: string, path: string, sides: Sides): Promise<Merge> {
    return this._json('GET', below(project, 'merges', path), { query: { ...sides } });
  }

  /** Make a notebook of a Zeppelin note. */
  importNote(project: string, path: string, note: { [name: string]: Json }): Promise<Version> {
    return this._json('POST', `projects/${segment(project)}/imports`, { body: { path, note } });
  }

  /** Where a browser downloads a notebook from as a Zeppelin note. */
  noteUrl(project: string, path: string): string {
    return this._url(below(project, 'exports', path));
  }

  /** Where a browser downloads a file from; without a version, as it is. */
  url(project: string, path: string, version?: string): string {
    return this._url(`files/${segment(project)}/${inside(path)}`, { version });
  }

  private async _json<T>(method: string, route: string, options?: Options): Promise<T> {
    return (await this._send(method, route, options)).json() as Promise<T>;
  }
}

function inside(path: string): string {
  return path.split('/').map(segment).join('/');
}

function checkpoints(project: string, path: string): string {
  return `contents/${segment(project)}/${inside(path)}/checkpoints`;
}

function below(project: string, what: string, path: string): string {
  return `projects/${segment(project)}/${what}/${inside(path)}`;
}
