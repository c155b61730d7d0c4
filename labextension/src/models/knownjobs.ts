/** The jobs that are known here, and which of them are under way. */
import { ISignal, Signal } from '@lumino/signaling';
import { isTerminal, type Job, type JobState } from '../api/types';

/** `from` is null for a job that was not known to be under way. */
export interface Move {
  id: string;
  from: JobState | null;
  to: JobState;
}

/** Jobs by their ids; sorted only where some came or went. */
export class KnownJobs {
  get size(): number {
    return this._jobs.size;
  }

  /** The newest first. */
  get all(): readonly Job[] {
    this._order ??= [...this._jobs.values()].sort(newestFirst).map(({ id }) => id);
    return this._order.map(id => this._jobs.get(id) as Job);
  }

  /** A job's state was seen to change. */
  get moved(): ISignal<this, Move> {
    return this._moved;
  }

  get(id: string): Job | undefined {
    return this._jobs.get(id);
  }

  has(id: string): boolean {
    return this._jobs.has(id);
  }

  /** Know this one, in the place of what was known of it. */
  put(job: Job): void {
    this.note(job.id, job.state);
    this.remind(job);
  }

  /** Know how it once was: that nobody saw it move says nothing. */
  remind(job: Job): void {
    if (!this._jobs.has(job.id)) {
      this._order = null;
    }
    this._jobs.set(job.id, job);
  }

  /** Remember that a job is under way, so that its end is noticed, whether it is shown or not. */
  note(id: string, to: JobState): void {
    const from = this._active.get(id) ?? null;
    if (isTerminal(to)) {
      this._active.delete(id);
    } else {
      this._active.set(id, to);
    }
    if (from !== null ? from !== to : !isTerminal(to)) {
      this._moved.emit({ id, from, to });
    }
  }

  delete(id: string): void {
    this._jobs.delete(id);
    this._order = null;
  }

  /** Know none any more, but still which are under way. */
  forget(): void {
    this._jobs.clear();
    this._order = null;
  }

  /** Know nothing. */
  clear(): void {
    this.forget();
    this._active.clear();
  }

  private readonly _jobs = new Map<string, Job>();
  private readonly _active = new Map<string, JobState>();
  private readonly _moved = new Signal<this, Move>(this);
  /** Ids, the newest first; null where some came or went. */
  private _order: readonly string[] | null = null;
}

function newestFirst(a: Job, b: Job): number {
  return a.created === b.created ? (a.id < b.id ? 1 : -1) : a.created < b.created ? 1 : -1;
}
