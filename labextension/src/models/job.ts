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

/** `job` is null until it was read, and where `problem` or `missing` says why it can't be. */
export class JobModel implements IDisposable {
  constructor(private readonly _options: JobOptions) {
    this._pulse = new Pulse(() => this._changed.emit(), _options.schedule ?? nextFrame);
    const topic = `jobs/${_options.id}`;
    this._subscription = _options.connection.subscribe(topic, frame => this._receive(frame));
    _options.stops?.changed.connect(this._stopped, this);
    void this._read();
  }

  get id(): string {
    return this._options.id;
  }

  get job(): Job | null {
    return this._job && (this._options.stops?.shown(this._job) ?? this._job);
  }

  get problem(): string | null {
    return this._problem;
  }

  /** Whether the problem is that there is no such job, or none that may be seen. */
  get missing(): boolean {
    return this._missing;
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

  private _stopped(): void {
    this._pulse.request();
  }

  private async _read(): Promise<void> {
    this._reading++;
    try {
      const job = await this._options.read(this.id);
      this._job = this._early.reduce(apply, newer(this._job ?? undefined, job));
      this._problem = null;
      this._missing = false;
    } catch (error) {
      this._missing = error instanceof Problem && error.status === 404;
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
        this._job = this._job && applyProgress(this._job, frame.data as ProgressChange);
        break;
      case 'deleted':
        this._end(null);
        break;
      case 'closed':
        this._end((frame.data as { detail?: string }).detail ?? null);
        break;
    }
    this._pulse.request();
  }

  private _apply(change: Change): void {
    if (this._reading > 0) {
      this._early.push(change);
    }
    this._job = this._job && apply(this._job, change);
  }

  private _end(problem: string | null): void {
    this._job = null;
    this._problem = problem;
    this._missing = true;
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _pulse: Pulse;
  private readonly _subscription: IDisposable;
  private _job: Job | null = null;
  private _problem: string | null = null;
  private _missing = false;
  private _reading = 0;
  private _early: Change[] = [];
}
