/**
 * What was shown last, for the moment until the server has answered: a project and its first
 * jobs, by the person who saw them. It stays in this browser, for the lab's own state
 * lies on the server, where others may read it; and of another person's nothing is kept.
 */
import type { Job, Project } from '../api/types';

/** The part of the browser's storage that is used, so that tests can bring their own. */
export type Storage = Pick<globalThis.Storage, 'getItem' | 'setItem' | 'removeItem' | 'key'> & {
  readonly length: number;
};

const PREFIX = 'submarine-ext:jobs:';

/** How many jobs fill the tallest panel. */
const MOST = 40;

/** How many projects are remembered. */
const PROJECTS = 8;

/** What was kept of one person, the project that was kept last first. */
type Kept = [project: Project, jobs: Job[]][];

/** See the module's comment. */
export class Recall {
  constructor(
    private readonly _server: string,
    private readonly _storage: Storage | null = browserStorage()
  ) {}

  /** What `user` saw of a project last; nothing where nobody knows. */
  of(user: string, project: string): readonly Job[] {
    return this._read(user).find(([{ name }]) => name === project)?.[1] ?? [];
  }

  /** The project that `user` looked at last. */
  last(user: string): Project | null {
    return this._read(user)[0]?.[0] ?? null;
  }

  /** Keep what `user` sees now, and nothing of anybody else. */
  keep(user: string, project: Project, jobs: readonly Job[]): void {
    const others = this._read(user).filter(([{ name }]) => name !== project.name);
    const kept: Kept = [[project, jobs.slice(0, MOST).map(slim)], ...others];
    try {
      this._forgetOthers(user);
      this._storage?.setItem(this._key(user), JSON.stringify(kept.slice(0, PROJECTS)));
    } catch {
      // Full or switched off: the list is then read from the server first, as ever.
    }
  }

  private _read(user: string): Kept {
    try {
      const kept: unknown = JSON.parse(this._storage?.getItem(this._key(user)) ?? '[]');
      return Array.isArray(kept) ? kept.filter(isKept) : [];
    } catch {
      return [];
    }
  }

  private _forgetOthers(user: string): void {
    const { _storage: storage } = this;
    const keys = Array.from({ length: storage?.length ?? 0 }, (_, at) => storage?.key(at) ?? '');
    keys
      .filter(key => key.startsWith(this._prefix) && key !== this._key(user))
      .forEach(key => storage?.removeItem(key));
  }

  private get _prefix(): string {
    return `${PREFIX}${this._server}:`;
  }

  private _key(user: string): string {
    return this._prefix + user;
  }
}

/** What a row shows; not what the job runs, which is long and more than a row tells. */
function slim(job: Job): Job {
  return { ...job, spec: {}, remedy: null, versions: {} };
}

/** Storage may hold anything: what does not look like jobs is not shown as such. */
function isKept(entry: unknown): entry is [Project, Job[]] {
  return (
    Array.isArray(entry) && isProject(entry[0]) && Array.isArray(entry[1]) && entry[1].every(isJob)
  );
}

function isProject(value: unknown): value is Project {
  const project = (value ?? {}) as Partial<Project>;
  return (
    typeof project.name === 'string' &&
    typeof project.title === 'string' &&
    Array.isArray(project.capabilities)
  );
}

function isJob(value: unknown): value is Job {
  const job = (value ?? {}) as Partial<Job>;
  return (
    [job.id, job.name, job.owner, job.state, job.created].every(one => typeof one === 'string') &&
    typeof job.latest === 'object' &&
    job.latest !== null
  );
}

function browserStorage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}
