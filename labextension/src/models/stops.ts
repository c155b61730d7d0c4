/**
 * Stops that can be taken back. Whoever stops a job is shown at once that it stops; for a few
 * seconds nothing is sent, so that undoing costs nothing. It is sent when they are over, when
 * one asks again, and when the page goes away. It knows ids, never what a job is shown as.
 */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import type { Job } from '../api/types';

export interface StopsOptions {
  send: (id: string) => Promise<Job>;
  /** Show what the server answered. */
  put: (job: Job) => void;
  /** Milliseconds in which one may think again. */
  grace?: number;
}

/** A stop that the server refused, or that did not reach it. */
export interface Refused {
  id: string;
  error: unknown;
}

export const GRACE = 5000;

/** See the module's comment. */
export class Stops implements IDisposable {
  constructor(private readonly _options: StopsOptions) {
    window.addEventListener('pagehide', this._flush);
  }

  /** Any of the answers below is another. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Stops that did not take place: the jobs are shown as they are again. */
  get refused(): ISignal<this, Refused> {
    return this._refused;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Whether a job is to stop and the server has not answered yet. */
  has(id: string): boolean {
    return this._waiting.has(id) || this._sent.has(id);
  }

  /** Whether nothing was sent yet. */
  canUndo(id: string): boolean {
    return this._waiting.has(id);
  }

  /** Stop these jobs soon; those for which that was asked already, now. */
  ask(ids: readonly string[]): void {
    const again = ids.filter(id => this._waiting.has(id));
    const fresh = ids.filter(id => !this.has(id));
    again.forEach(id => this._send(id));
    for (const id of fresh) {
      const timer = window.setTimeout(() => this._send(id), this._options.grace ?? GRACE);
      this._waiting.set(id, timer);
    }
    this._changed.emit();
  }

  /** Let them run on, where it is not too late. */
  undo(ids: readonly string[]): void {
    for (const id of ids) {
      window.clearTimeout(this._waiting.get(id));
      this._waiting.delete(id);
    }
    this._changed.emit();
  }

  /** The job as it is to be shown: one that was just stopped says so before the server does. */
  shown(job: Job): Job {
    return job.target !== 'stop' && this.has(job.id) ? { ...job, target: 'stop' } : job;
  }

  dispose(): void {
    if (!this._disposed) {
      this._flush();
      this._disposed = true;
      window.removeEventListener('pagehide', this._flush);
      Signal.clearData(this);
    }
  }

  private readonly _flush = (): void => {
    [...this._waiting.keys()].forEach(id => this._send(id));
  };

  private _send(id: string): void {
    window.clearTimeout(this._waiting.get(id));
    this._waiting.delete(id);
    this._sent.add(id);
    this._changed.emit();
    this._options
      .send(id)
      .then(job => this._options.put(job))
      .catch((error: unknown) => this._refused.emit({ id, error }))
      .finally(() => {
        this._sent.delete(id);
        this._changed.emit();
      });
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _refused = new Signal<this, Refused>(this);
  private readonly _waiting = new Map<string, number>();
  private readonly _sent = new Set<string>();
  private _disposed = false;
}
