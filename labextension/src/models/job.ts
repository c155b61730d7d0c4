/** One job, live: subscribe, read it, then apply what comes by revision. */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { Problem, sentenceOf } from '../api/problem';
import type { Frame, Job } from '../api/types';
import type { Connection } from './connection';
import { apply, applyProgress, newer, type Change, type ProgressChange } from './merge';
import { Pulse, nextFrame, type Scheduler } from './pulse';
import type { Stops } from './stops';

export interface JobOptions {
  id: string;
  read: (id: string) => Promise<Job>;
  connection: Connection;
  /** Those that were just stopped say so at once. */
  stops?: Stops;
  schedule?: Scheduler;
}

/** Why there is no job: it never was or one never saw it, it was deleted, one may not see it. */
export type Absence = 'unknown' | 'deleted' | 'revoked';

/** `job` is null until it was read, and where `problem` or `absence` says why it can't be. */
export class JobModel implements IDisposable {
  constructor(private readonly _options: JobOptions) {
    this._pulse = new Pulse(() => this._changed.emit(), _options.schedule ?? nextFrame);
    this._subscription = this._subscribe();
    _options.stops?.changed.connect(this._stopped, this);
    void this._read();
  }

  get id(): string {
    return this._options.id;
  }

  get job(): Job | null {
    const job = this._job && { ...this._job, ...this._guess };
    return job && (this._options.stops?.shown(job) ?? job);
  }

  get problem(): string | null {
    return this._problem;
  }

  /** Whether the problem is that there is no such job, or none that may be seen. */
  get missing(): boolean {
    return this._absence !== null;
  }

  get absence(): Absence | null {
    return this._absence;
  }

  /** Where it was, once that was known; nothing else is kept of what one may not see. */
  get place(): { project: string; name: string } | null {
    return this._place;
  }

  /** What it was before it was deleted: whoever wants it back can run the same. */
  get deleted(): Job | null {
    return this._deleted;
  }

  /** Grows whenever there may be more artifacts to list. */
  get artifacts(): number {
    return this._artifacts;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._pulse.isDisposed;
  }

  /** Apply what an action answered, before the frame for it arrives. */
  put(job: Job): void {
    this._job = newer(this._job ?? undefined, job);
    this._pulse.request();
  }

  /** Show what an action will do before it has; the answer stands, a refusal takes it back. */
  async foresee(guess: Partial<Job>, action: () => Promise<Job>): Promise<void> {
    this._guess = guess;
    this._pulse.request();
    try {
      this.put(await action());
    } finally {
      this._guess = {};
      this._pulse.request();
    }
  }

  /** Try to see it again, for example after somebody gave one the right to. */
  async retry(): Promise<void> {
    this._subscription.dispose();
    this._subscription = this._subscribe();
    await this._read();
  }

  /** Read it again: what one may see of it has changed, its revision has not. */
  refresh(): Promise<void> {
    this._job = this._job && { ...this._job, revision: 0 };
    return this._read();
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._pulse.dispose();
      this._subscription.dispose();
      this._options.stops?.changed.disconnect(this._stopped, this);
      Signal.clearData(this);
    }
  }

  private _subscribe(): IDisposable {
    const topic = `jobs/${this._options.id}`;
    return this._options.connection.subscribe(topic, frame => this._receive(frame));
  }

  private _stopped(): void {
    this._pulse.request();
  }

  private async _read(): Promise<void> {
    this._reading++;
    try {
      const job = await this._options.read(this.id);
      this._job = this._early.reduce(apply, newer(this._job ?? undefined, job));
      this._problem = null;
      this._absence = null;
      this._deleted = null;
      this._place = { project: job.project, name: job.name };
    } catch (error) {
      if (error instanceof Problem && error.status === 404) {
        this._end(this._absence ?? (this._job ? 'revoked' : 'unknown'));
      }
      this._problem = this._job ? this._problem : sentenceOf(error);
    } finally {
      this._reading--;
      this._early = this._reading > 0 ? this._early : [];
      this._pulse.request();
    }
  }

  private _receive(frame: Frame): void {
    switch (frame.type) {
      case 'subscribed':
      case 'gap':
        void this._read();
        break;
      case 'job':
        this._apply(frame.data as Change);
        break;
      case 'progress':
        this._progress(frame.data as ProgressChange);
        break;
      case 'deleted':
        this._deleted = this._job;
        this._end('deleted');
        break;
      case 'closed':
        this._end(this._absence ?? 'revoked');
        break;
    }
    this._pulse.request();
  }

  private _progress(change: ProgressChange): void {
    this._job = this._job && applyProgress(this._job, change);
    if ((change.artifacts ?? 0) !== this._reported) {
      this._reported = change.artifacts ?? 0;
      this._artifacts++;
    }
  }

  private _apply(change: Change): void {
    if (this._reading > 0) {
      this._early.push(change);
    }
    this._job = this._job && apply(this._job, change);
  }

  private _end(absence: Absence): void {
    this._job = null;
    this._absence = absence;
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _pulse: Pulse;
  private _subscription: IDisposable;
  private _job: Job | null = null;
  private _problem: string | null = null;
  private _absence: Absence | null = null;
  private _deleted: Job | null = null;
  private _place: { project: string; name: string } | null = null;
  private _guess: Partial<Job> = {};
  private _artifacts = 0;
  private _reported = 0;
  private _reading = 0;
  private _early: Change[] = [];
}
