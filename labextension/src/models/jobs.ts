/**
 * The jobs of a project, newest first, as the panel shows them: subscribe, list, then apply
 * what comes, by revision. It filters the way the server does and knows nothing of widgets.
 */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import type { JobsQuery } from '../api/client';
import { Problem, sentenceOf } from '../api/problem';
import type { Frame, Job, Page } from '../api/types';
import type { Connection } from './connection';
import { NO_FILTER, filters, matches, type JobsFilter } from './filter';
import { KnownJobs, type Move } from './knownjobs';
import { apply, applyProgress, isWhole, newer, type Change, type ProgressChange } from './merge';
import { Pulse, nextFrame, type Scheduler } from './pulse';
import type { Stops } from './stops';

export type JobsStatus = 'loading' | 'ready' | 'forbidden' | 'failed';

export interface JobsOptions {
  /** Null: no project is known yet. */
  project: string | null;
  list: (project: string, query: JobsQuery) => Promise<Page<Job>>;
  connection: Connection;
  /** Those that were just stopped say so at once. */
  stops?: Stops;
  schedule?: Scheduler;
}

/** How many jobs are read first, and with each further page. */
const FIRST_PAGE = 50;
const NEXT_PAGE = 500;

/** See the module's comment. */
export class JobsModel implements IDisposable {
  constructor(private readonly _options: JobsOptions) {
    this._pulse = new Pulse(() => this._changed.emit(), _options.schedule ?? nextFrame);
    this._project = _options.project;
    _options.stops?.changed.connect(this._touch, this);
    this._follow();
    this._first = this._load(null);
  }

  get project(): string | null {
    return this._project;
  }

  /** Show the jobs of another project, from nothing; of the same one: as one may see them now. */
  setProject(project: string | null): void {
    this._project = project;
    this._subscription?.dispose();
    this._jobs.clear();
    this._remembered = false;
    this._orphans.clear();
    this._problem = null;
    this._follow();
    // Answers that are under way belong to the project before: they are for another filter.
    this.setFilter({ ...this._filter });
  }

  /** The jobs that the filter lets through. */
  get items(): readonly Job[] {
    this._items ??= this._jobs.all.map(job => this._shown(job)).filter(job => this._matches(job));
    return this._items;
  }

  /** Whether what is shown was kept from another day, and the server has not answered yet. */
  get remembered(): boolean {
    return this._remembered;
  }

  /** Show what was known before, until the server has answered. */
  remind(jobs: readonly Job[]): void {
    if (this._jobs.size === 0 && this._status === 'loading' && jobs.length > 0) {
      jobs.forEach(job => this._jobs.remind(job));
      this._remembered = true;
      this._touch();
    }
  }

  /** Everybody whose jobs are known here, by name. */
  get owners(): readonly string[] {
    const names = new Set(this._jobs.all.map(job => job.owner));
    return [...names].sort((one, other) => one.localeCompare(other));
  }

  get filter(): JobsFilter {
    return this._filter;
  }

  /** Look for other jobs: at once among those that are known, then among all. */
  setFilter(filter: JobsFilter): void {
    this._filter = filter;
    this._cursor = null;
    this._horizon = null;
    this._status = 'loading';
    this._first = this._load(null);
    this._touch();
  }

  get status(): JobsStatus {
    return this._status;
  }

  /** One sentence where the status is `failed` or `forbidden`. */
  get problem(): string | null {
    return this._problem;
  }

  /** There are older jobs, or there may be: the first ones are still being read. */
  get hasMore(): boolean {
    return this._cursor !== null || (this._status === 'loading' && this._fetching > 0);
  }

  /** Something that is shown changed; at most once a frame. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** A job's state was seen to change, whatever the filter lets through. */
  get moved(): ISignal<KnownJobs, Move> {
    return this._jobs.moved;
  }

  /** The first jobs of the project were read, none of them filtered away. */
  get listed(): ISignal<this, void> {
    return this._listed;
  }

  get isDisposed(): boolean {
    return this._pulse.isDisposed;
  }

  /** The next page, where there is one. */
  async loadMore(): Promise<void> {
    if (this._cursor !== null && this._fetching === 0) {
      await this._load(this._cursor);
    }
  }

  /** Down to the very first job; an answer that fails ends it. */
  async loadAll(): Promise<void> {
    const wanted = this._filter;
    let before = '';
    await this._first;
    while (
      this._cursor !== null &&
      wanted === this._filter &&
      before !== this._cursor &&
      !this.isDisposed
    ) {
      before = this._cursor;
      await this._load(this._cursor);
    }
  }

  /** List again from the top, keeping what is known. */
  refresh(): Promise<void> {
    return this._load(null);
  }

  /** Apply what an action answered, before the frame for it arrives. */
  put(job: Job): void {
    if (job.project === this._project) {
      this._jobs.put(newer(this._jobs.get(job.id), job));
      this._touch();
    }
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._pulse.dispose();
      this._options.stops?.changed.disconnect(this._touch, this);
      this._subscription?.dispose();
      Signal.clearData(this._jobs);
      Signal.clearData(this);
    }
  }

  private _follow(): void {
    const { connection } = this._options;
    const topic = `projects/${this._project}`;
    this._subscription =
      this._project === null ? null : connection.subscribe(topic, frame => this._receive(frame));
  }

  private async _load(cursor: string | null): Promise<void> {
    if (this._project === null) {
      return;
    }
    const { states: state, owner, text } = this._filter;
    const wanted = this._filter;
    this._fetching++;
    try {
      const limit = cursor === null ? FIRST_PAGE : NEXT_PAGE;
      const query = { state, owner, text: text.trim(), cursor, limit };
      const page = await this._options.list(this._project, query);
      if (wanted === this._filter && !this.isDisposed) {
        this._merge(page, cursor);
      }
    } catch (error) {
      if (wanted === this._filter) {
        this._fail(error);
      }
    } finally {
      this._fetching--;
      if (this._fetching === 0) {
        this._orphans.clear();
      }
      this._touch();
    }
  }

  private _merge(page: Page<Job>, cursor: string | null): void {
    if (this._remembered) {
      // What the server does not name may be gone, or be different by now.
      this._jobs.forget();
      this._remembered = false;
    }
    const overlaps = page.items.some(job => this._jobs.has(job.id));
    for (const job of page.items) {
      const orphans = this._orphans.get(job.id) ?? [];
      this._jobs.put(orphans.reduce(apply, newer(this._jobs.get(job.id), job)));
    }
    // A refresh of the top must not forget how far down the list was read, unless so much
    // came meanwhile that there may be jobs between the page and what was known.
    if (cursor !== null || this._status !== 'ready' || !overlaps) {
      this._cursor = page.next;
      this._horizon = page.next === null ? null : page.items[page.items.length - 1].created;
    }
    this._status = 'ready';
    this._problem = null;
    if (cursor === null && !filters(this._filter)) {
      this._listed.emit();
    }
  }

  private _fail(error: unknown): void {
    const forbidden = error instanceof Problem && [401, 403, 404].includes(error.status);
    if (forbidden && this._remembered) {
      this._jobs.forget();
      this._remembered = false;
    }
    this._status = forbidden ? 'forbidden' : this._jobs.size > 0 ? this._status : 'failed';
    this._problem = sentenceOf(error);
  }

  private _receive(frame: Frame): void {
    switch (frame.type) {
      case 'subscribed':
      case 'gap':
        void this._load(null);
        break;
      case 'job':
        this._apply(frame.data as Change);
        break;
      case 'progress':
        this._progress(frame.data as ProgressChange);
        break;
      case 'deleted':
        this._jobs.delete((frame.data as { id: string }).id);
        break;
      case 'closed':
        this._status = 'forbidden';
        this._problem = (frame.data as { detail?: string }).detail ?? null;
        break;
    }
    this._touch();
  }

  private _apply(change: Change): void {
    if (change.state) {
      this._jobs.note(change.id, change.state);
    }
    const known = this._jobs.get(change.id);
    if (known) {
      this._jobs.put(apply(known, change));
    } else if (isWhole(change)) {
      this._jobs.put(change);
    } else if (this._fetching > 0) {
      // The list that is under way may bring this job as it was before the change.
      this._orphans.set(change.id, [...(this._orphans.get(change.id) ?? []), change]);
    }
  }

  private _progress(change: ProgressChange): void {
    const known = this._jobs.get(change.id);
    if (known) {
      this._jobs.put(applyProgress(known, change));
    }
  }

  private _shown(job: Job): Job {
    return this._options.stops?.shown(job) ?? job;
  }

  private _matches(job: Job): boolean {
    // Below the last page there may be jobs between those that are known: not shown yet.
    const read = this._horizon === null || job.created >= this._horizon;
    return read && matches(job, this._filter);
  }

  private _touch(): void {
    this._items = null;
    this._pulse.request();
  }

  private readonly _jobs = new KnownJobs();
  private readonly _orphans = new Map<string, Change[]>();
  private readonly _changed = new Signal<this, void>(this);
  private readonly _listed = new Signal<this, void>(this);
  private readonly _pulse: Pulse;
  private _subscription: IDisposable | null = null;
  private _project: string | null;
  private _items: readonly Job[] | null = null;
  private _remembered = false;
  private _filter: JobsFilter = NO_FILTER;
  private _status: JobsStatus = 'loading';
  private _problem: string | null = null;
  private _cursor: string | null = null;
  private _horizon: string | null = null;
  private _fetching = 0;
  private _first: Promise<void> = Promise.resolve();
}
