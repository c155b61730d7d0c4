/**
 * The HTTP routes as typed methods. Every failure is a `Problem`. It keeps no state and knows
 * nothing of widgets.
 */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import type { PartQuery } from '../models/zoom';
import { FilesApi } from './files';
import { problemOf, unreachable } from './problem';
import { encoded, firstBytes, segment, type Options, type Query } from './requests';
import { SharingApi } from './sharing';
import type {
  Artifact,
  Bundle,
  Engine,
  Job,
  JobSpec,
  LogMatches,
  Me,
  Metrics,
  Page,
  Preflight,
  Queue
} from './types';

export type { LogMatches };

/** Which jobs to list: `state` may hold several, all of them wanted. */
export interface JobsQuery {
  state?: readonly string[];
  owner?: string | null;
  text?: string;
  cursor?: string | null;
  limit?: number;
}

/** Text of the raw bytes from `offset`; where to go on, how long the log is, whether it ended. */
export interface LogPart {
  text: string;
  next: number;
  size: number;
  complete: boolean;
  attempt: number | null;
}

export interface LogQuery {
  rank: number;
  attempt?: number;
  offset: number;
  limit: number;
}

/** What to look for in a log, and from which raw byte on. */
export interface LogSearchQuery {
  rank: number;
  attempt?: number;
  text: string;
  case: boolean;
  offset: number;
}

/** The beginning of a file, and how long all of it is. */
export interface FilePart {
  bytes: Uint8Array<ArrayBuffer>;
  size: number;
}

const ID = /^[A-Za-z0-9_-]{1,64}$/;

/** Whether a value from a notebook or a URL can be a job's id at all. */
export function isJobId(value: unknown): value is string {
  return typeof value === 'string' && ID.test(value);
}

/** As the route wants them; commas part them, so names that have some are not named. */
function keysOf(keys: readonly string[]): string | undefined {
  return keys.some(key => key.includes(',')) ? undefined : keys.join(',');
}

/** The REST client. */
export class Api {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  /** Where it is: one browser may know several servers. */
  get server(): string {
    return this._settings.baseUrl;
  }

  /** A project's files: versions, comparisons, downloads. */
  readonly files = new FilesApi(
    (method, route, options) => this._request(method, route, options),
    (route, query) => this._url(route, query)
  );

  /** Projects, people, teams, secrets and who did what. */
  readonly sharing = new SharingApi((method, route, options) =>
    this._request(method, route, options)
  );

  me(): Promise<Me> {
    return this._json('GET', 'me');
  }

  async engines(): Promise<Engine[]> {
    return (await this._json<{ items: Engine[] }>('GET', 'engines')).items;
  }

  /** What one's own and one's teams' jobs take, who holds GPUs, where one's jobs stand. */
  queue(): Promise<Queue> {
    return this._json('GET', 'queue');
  }

  jobs(project: string, query: JobsQuery = {}): Promise<Page<Job>> {
    const { state, owner, text, cursor, limit } = query;
    return this._json('GET', `projects/${segment(project)}/jobs`, {
      query: { state, owner, text: text || undefined, cursor, limit }
    });
  }

  /** Somebody's jobs of a project that have not ended, all of them. */
  async underWay(project: string, owner: string): Promise<Job[]> {
    const found: Job[] = [];
    let cursor: string | null = null;
    do {
      const query = { state: ['pending', 'queued', 'running'], owner, cursor, limit: 200 };
      const page: Page<Job> = await this._json('GET', `projects/${segment(project)}/jobs`, {
        query
      });
      found.push(...page.items);
      cursor = page.next;
    } while (cursor !== null);
    return found;
  }

  job(id: string): Promise<Job> {
    return this._json('GET', `jobs/${segment(id)}`);
  }

  /** `key` makes a repeat of the same request harmless. */
  submit(project: string, spec: JobSpec, key: string): Promise<Job> {
    const headers = { 'Idempotency-Key': key };
    return this._json('POST', `projects/${segment(project)}/jobs`, { body: spec, headers });
  }

  /** What is known of a job that is not submitted. */
  preflight(project: string, spec: JobSpec): Promise<Preflight> {
    return this._json('POST', `projects/${segment(project)}/preflight`, { body: spec });
  }

  stop(id: string): Promise<Job> {
    return this._json('POST', `jobs/${segment(id)}/stop`, { body: {}, keepalive: true });
  }

  retry(id: string): Promise<Job> {
    return this._json('POST', `jobs/${segment(id)}/retry`, { body: {} });
  }

  async deleteJob(id: string): Promise<void> {
    await this._request('DELETE', `jobs/${segment(id)}`);
  }

  async logs(id: string, query: LogQuery): Promise<LogPart> {
    const { rank, attempt, offset, limit } = query;
    const response = await this._request('GET', `jobs/${segment(id)}/logs`, {
      query: { rank, attempt, offset, limit }
    });
    const number = (name: string) => Number(response.headers.get(name) ?? 0);
    return {
      text: await response.text(),
      next: number('Submarine-Next-Offset'),
      size: number('Submarine-Size'),
      complete: response.headers.get('Submarine-Complete') === 'true',
      attempt: number('Submarine-Attempt') || null
    };
  }

  /** The lines of a log that show a text, a bounded part of the log with each answer. */
  searchLog(id: string, query: LogSearchQuery): Promise<LogMatches> {
    return this._json('GET', `jobs/${segment(id)}/logs/search`, {
      query: { ...query, case: String(query.case) }
    });
  }

  /** Where a browser downloads a whole log from. */
  logUrl(id: string, rank: number, attempt: number | null): string {
    return this._url(`jobs/${segment(id)}/logs/download`, { rank, attempt });
  }

  metrics(id: string, points: number): Promise<Metrics> {
    return this._json('GET', `jobs/${segment(id)}/metrics`, { query: { points } });
  }

  /** A part of some curves, as fine as it is. */
  metricsPart(id: string, part: PartQuery): Promise<Metrics> {
    const query = { ...part, keys: keysOf(part.keys) };
    return this._json('GET', `jobs/${segment(id)}/metrics`, { query });
  }

  /** Where a browser downloads all points of some metrics from. */
  metricsTableUrl(id: string, keys: readonly string[]): string {
    return this._url(`jobs/${segment(id)}/metrics`, { format: 'csv', keys: keysOf(keys) });
  }

  /** The same, for whoever reads it here. */
  metricsTable(id: string, keys: readonly string[]): Promise<Response> {
    const query = { format: 'csv', keys: keysOf(keys) };
    return this._request('GET', `jobs/${segment(id)}/metrics`, { query });
  }

  async artifacts(id: string): Promise<Artifact[]> {
    return (await this._json<{ items: Artifact[] }>('GET', `jobs/${segment(id)}/artifacts`)).items;
  }

  async artifactText(id: string, path: string): Promise<string> {
    const route = `jobs/${segment(id)}/artifacts/${URLExt.encodeParts(path)}`;
    return (await this._request('GET', route)).text();
  }

  /** At most so many bytes of an artifact, and how many it has; the rest is not sent. */
  async artifactPart(id: string, path: string, most: number): Promise<FilePart> {
    const route = `jobs/${segment(id)}/artifacts/${URLExt.encodeParts(path)}`;
    const response = await this._request('GET', route);
    const bytes = await firstBytes(response, most);
    return { bytes, size: Number(response.headers.get('Content-Length') ?? bytes.length) };
  }

  /** Where a browser downloads an artifact from. */
  artifactUrl(id: string, path: string): string {
    return this._url(`jobs/${segment(id)}/artifacts/${URLExt.encodeParts(path)}`);
  }

  /** Pack a folder of a project on the server; without one, of the Jupyter root. */
  pack(folder: string, project: string | null = null): Promise<Bundle> {
    return this._json('POST', 'bundles', {
      body: project === null ? { folder } : { folder, project }
    });
  }

  /** A fresh WebSocket for `/events`, opened with a single-use ticket. */
  async events(): Promise<WebSocket> {
    const { ticket } = await this._json<{ ticket: string }>('POST', 'tickets', { body: {} });
    const url = URLExt.join(this._settings.wsUrl, 'submarine/api/events');
    return new this._settings.WebSocket(`${url}?ticket=${encodeURIComponent(ticket)}`);
  }

  private _url(route: string, query: Query = {}): string {
    return URLExt.join(this._settings.baseUrl, 'submarine/api', route) + encoded(query);
  }

  private async _json<T>(method: string, route: string, options: Options = {}): Promise<T> {
    return (await this._request(method, route, options)).json() as Promise<T>;
  }

  private async _request(method: string, route: string, options: Options = {}): Promise<Response> {
    const { query, body, headers, keepalive } = options;
    // 'no-store' would make the lab's makeRequest add a parameter that no route knows.
    const init: RequestInit = { method, headers, cache: 'no-cache', keepalive };
    if (body !== undefined) {
      init.body = JSON.stringify(body);
      init.headers = { 'Content-Type': 'application/json', ...headers };
    }
    const response = await this._send(this._url(route, query), init);
    if (!response.ok) {
      throw await problemOf(response);
    }
    return response;
  }

  private async _send(url: string, init: RequestInit): Promise<Response> {
    try {
      return await ServerConnection.makeRequest(url, init, this._settings);
    } catch {
      throw unreachable();
    }
  }
}
