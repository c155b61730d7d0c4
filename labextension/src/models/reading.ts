/**
 * One answer of the server that is kept fresh: read, and read again when a frame says that it
 * is old. It never shows an answer that a later question has overtaken.
 */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { Problem, sentenceOf } from '../api/problem';
import type { Frame } from '../api/types';
import type { Connection } from './connection';

export type ReadingStatus = 'loading' | 'ready' | 'forbidden' | 'failed';

export interface ReadingOptions<T> {
  read: () => Promise<T>;
  /** Whose frames say that the answer is old: a topic, and the types that matter. */
  connection?: Connection;
  topic?: string;
  when?: readonly string[];
}

/** After each of these nobody knows what was missed. */
const UNKNOWN: readonly string[] = ['subscribed', 'gap'];

/** See the module's comment. */
export class Reading<T> implements IDisposable {
  constructor(private readonly _options: ReadingOptions<T>) {
    const { connection, topic } = _options;
    this._listening = topic ? connection?.listen(topic, frame => this._receive(frame)) : undefined;
    void this.refresh();
  }

  /** Null until it was read. */
  get value(): T | null {
    return this._value;
  }

  get status(): ReadingStatus {
    return this._status;
  }

  /** One sentence where the last attempt failed. */
  get problem(): string | null {
    return this._problem;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Read again. Asked while a reading is under way, it reads once more after it. */
  async refresh(): Promise<void> {
    if (this._reading) {
      this._again = true;
      return;
    }
    this._reading = true;
    do {
      this._again = false;
      await this._read();
    } while (this._again && !this._disposed);
    this._reading = false;
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      this._listening?.dispose();
      Signal.clearData(this);
    }
  }

  private async _read(): Promise<void> {
    try {
      this._value = await this._options.read();
      this._status = 'ready';
      this._problem = null;
    } catch (error) {
      const status = error instanceof Problem ? error.status : 0;
      const refused = status === 401 || status === 403 || status === 404;
      // What was known before the server went away is still worth showing; what one may not see
      // any more is not.
      this._value = refused ? null : this._value;
      this._status = refused ? 'forbidden' : this._value === null ? 'failed' : 'ready';
      this._problem = sentenceOf(error);
    }
    if (!this._disposed) {
      this._changed.emit();
    }
  }

  private _receive(frame: Frame): void {
    if (UNKNOWN.includes(frame.type) || this._options.when?.includes(frame.type)) {
      void this.refresh();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _listening: IDisposable | undefined;
  private _value: T | null = null;
  private _status: ReadingStatus = 'loading';
  private _problem: string | null = null;
  private _reading = false;
  private _again = false;
  private _disposed = false;
}
