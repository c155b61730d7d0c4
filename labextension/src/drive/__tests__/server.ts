/** The server's side of the drive, in memory: one file, compare-and-swap, both bodies kept. */
import { ServerConnection } from '@jupyterlab/services';
import { ProjectDrive } from '../drive';

export interface Kept {
  id: string;
  author: string;
  kind: string;
  content: unknown;
  last_modified: string;
}

/** See the module's comment. Files are by their path on the drive. */
export class FakeServer {
  readonly files = new Map<string, { content: unknown; etag: string; version: string }>();
  readonly versions: Kept[] = [];
  readonly requests: string[] = [];

  drive(): ProjectDrive {
    const fetch = (request: RequestInfo | URL) => this._answer(request as Request);
    const settings = { baseUrl: 'http://lab/', fetch } as Partial<ServerConnection.ISettings>;
    return new ProjectDrive(ServerConnection.makeSettings(settings));
  }

  /** Somebody saves, by whatever means. */
  save(path: string, content: unknown, author = 'bob', kind = 'saved'): string {
    const id = String(this.versions.length + 1);
    const version = { id, author, kind, content, last_modified: '2026-11-22T10:00:00Z' };
    this.versions.push(version);
    if (kind === 'saved') {
      this.files.set(path, {
        content,
        etag: `e${JSON.stringify(content).length}-${id}`,
        version: id
      });
    }
    return id;
  }

  private async _answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const path = decodeURIComponent(url.pathname.replace('/submarine/api/contents/', ''));
    const conditions = ['If-Match', 'If-None-Match'].map(name => request.headers.get(name) ?? '');
    this.requests.push([request.method, path, ...conditions].filter(Boolean).join(' '));
    return request.method === 'PUT' ? this._put(path, request) : this._get(path, url);
  }

  private _get(path: string, url: URL): Response {
    const file = this.files.get(path);
    if (!file) {
      return Response.json({ detail: 'There is no such thing here.' }, { status: 404 });
    }
    const content = url.searchParams.get('content') === '1' ? file.content : null;
    return this._model(path, file.etag, content, 200);
  }

  private async _put(path: string, request: Request): Promise<Response> {
    const { content } = (await request.json()) as { content: unknown };
    const file = this.files.get(path);
    const expected = request.headers.get('If-Match');
    const late = expected !== null && expected !== `"${file?.etag}"`;
    const taken = request.headers.has('If-None-Match') && file !== undefined;
    if (late || taken) {
      const kept = this.save(path, content, 'alice', 'conflict');
      const now = { current: file?.version ?? null, etag: file?.etag ?? null };
      return Response.json({ code: 'stale', detail: 'Late.', kept, ...now }, { status: 412 });
    }
    this.save(path, content, 'alice');
    return this._model(path, this.files.get(path)?.etag ?? '', null, file ? 200 : 201);
  }

  private _model(path: string, etag: string, content: unknown, status: number): Response {
    const name = path.split('/').pop();
    const model = { path, name, type: 'notebook', writable: true, hash: etag, content };
    return Response.json(model, { status, headers: { ETag: `"${etag}"` } });
  }
}
