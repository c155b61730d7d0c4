/**
 * One's own jobs that are under way, in all projects that one sees: for the status bar, the title
 * and the message at an end. Frames of the projects' topics keep it; a list is read at first and
 * where frames can't tell all.
 */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { isTerminal, type Frame, type Job, type Me } from '../api/types';
import type { Connection } from './connection';
import { apply, isWhole, newer, type Change } from './merge';
import type { ProjectsModel } from './projects';
import { Pulse, type Scheduler } from './pulse';
import type { Reading } from './reading';
import { may } from './rights';

export interface MyJobsOptions {
  connection: Connection;
  projects: ProjectsModel;
  me: Reading<Me>;
  /** Somebody's jobs of a project that have not ended, all of them. */
  list: (project: string, owner: string) => Promise<readonly Job[]>;
  schedule?: Scheduler;
}

/** See the module's comment. */
export class MyJobs implements IDisposable {
  constructor(private readonly _options: MyJobsOptions) {
    this._pulse = new Pulse(() => this._changed.emit(), _options.schedule);
    _options.projects.changed.connect(this._follow, this);
    _options.me.changed.connect(this._follow, this);
    this._follow();
  }

  /** Those that have not ended. */
  get items(): readonly Job[] {
    return [...this._jobs.values()].filter(job => !isTerminal(job.state));
  }

  get running(): number {
    return this.items.filter(({ state }) => state === 'running').length;
  }

  get waiting(): number {
    return this.items.length - this.running;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** A job that was seen under way has ended, by its id. */
  get ended(): ISignal<this, string> {
    return this._ended;
  }

  get isDisposed(): boolean {
    return this._pulse.isDisposed;
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._pulse.dispose();
      this._options.projects.changed.disconnect(this._follow, this);
      this._options.me.changed.disconnect(this._follow, this);
      this._listening.forEach(one => one.dispose());
      Signal.clearData(this);
    }
  }

  private get _user(): string | null {
    return this._options.me.value?.user ?? null;
  }

  /** Listen to each project whose jobs one may see, and to no other. */
  private _follow(): void {
    const { connection, projects } = this._options;
    const seen = projects.items.filter(project => may(project, 'job:list'));
    const names = new Set(this._user === null ? [] : seen.map(({ name }) => name));
    for (const [name, listening] of this._listening) {
      if (!names.has(name)) {
        listening.dispose();
        this._listening.delete(name);
        this._forget(({ project }) => project === name);
      }
    }
    for (const name of [...names].filter(one => !this._listening.has(one))) {
      const topic = `projects/${name}`;
      const live = connection.isLive(topic);
      const hear = (frame: Frame) => this._receive(name, frame);
      this._listening.set(name, connection.listen(topic, hear));
      if (live) {
        this._request(name);
      }
    }
  }

  private _receive(project: string, frame: Frame): void {
    switch (frame.type) {
      case 'subscribed':
      case 'gap':
        this._request(project);
        break;
      case 'job':
        this._apply(project, frame.data as Change);
        break;
      case 'deleted':
        this._forget(({ id }) => id === (frame.data as { id: string }).id);
        break;
    }
  }

  private _apply(project: string, change: Change): void {
    const known = this._jobs.get(change.id);
    if (known) {
      this._set(apply(known, change));
    } else if (isWhole(change) && change.owner === this._user) {
      this._set(change);
    } else if (isWhole(change)) {
      this._others.add(change.id);
    } else if (change.state && !isTerminal(change.state) && !this._others.has(change.id)) {
      // One's own that is run again, or somebody else's: the list tells.
      this._unknown.add(change.id);
      this._request(project);
    }
  }

  /** Read a project's list, after those that are to be read already; one at a time. */
  private _request(project: string): void {
    if (!this._requested.has(project)) {
      this._requested.add(project);
      this._reading = this._reading.then(() => this._read(project));
    }
  }

  private async _read(project: string): Promise<void> {
    this._requested.delete(project);
    const before = this.items.filter(job => job.project === project);
    const asked = [...this._unknown];
    try {
      const found = await this._options.list(project, this._user ?? '');
      if (!this.isDisposed && this._listening.has(project)) {
        this._settle(found, before, asked);
      }
    } catch (error) {
      console.warn(`The jobs of ${project} are not known:`, error);
    }
  }

  /** What was under way before the question and is not in the answer has ended meanwhile. */
  private _settle(found: readonly Job[], before: readonly Job[], asked: readonly string[]): void {
    const ids = new Set(found.map(({ id }) => id));
    found.forEach(job => this._set(newer(this._jobs.get(job.id), job)));
    asked.forEach(id => {
      this._unknown.delete(id);
      if (!ids.has(id)) {
        this._others.add(id);
      }
    });
    for (const { id, state } of before) {
      if (!ids.has(id) && this._jobs.get(id)?.state === state) {
        this._jobs.delete(id);
        this._ended.emit(id);
      }
    }
    this._pulse.request();
  }

  private _set(job: Job): void {
    const known = this._jobs.get(job.id);
    this._jobs.set(job.id, job);
    if (known && !isTerminal(known.state) && isTerminal(job.state)) {
      this._ended.emit(job.id);
    }
    this._pulse.request();
  }

  private _forget(isMeant: (job: Job) => boolean): void {
    [...this._jobs.values()].filter(isMeant).forEach(({ id }) => this._jobs.delete(id));
    this._pulse.request();
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _ended = new Signal<this, string>(this);
  private readonly _pulse: Pulse;
  private readonly _listening = new Map<string, IDisposable>();
  /** One's own, also those that have ended: they may be run again. */
  private readonly _jobs = new Map<string, Job>();
  /** Ids of somebody else's. */
  private readonly _others = new Set<string>();
  /** Ids of which nobody knows whose they are until a list was read. */
  private readonly _unknown = new Set<string>();
  private readonly _requested = new Set<string>();
  private _reading: Promise<void> = Promise.resolve();
}
