/**
 * Where jobs can run, how full that is, and whether it can be reached. It is read again when
 * jobs move, anybody's, and when the server says that an engine came or went; never on a timer.
 */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import type { Engine } from '../api/types';
import type { Connection } from './connection';

/** Milliseconds between two readings, however many jobs move. */
const SPACING = 1000;

/** See the module's comment. */
export class EnginesModel implements IDisposable {
  constructor(
    private readonly _read: () => Promise<Engine[]>,
    connection: Connection
  ) {
    this._listening = connection.listen('me', ({ type }) => {
      if (type === 'engines' || type === 'queue' || type === 'subscribed') {
        this.request();
      }
    });
    void this._refresh();
  }

  get items(): readonly Engine[] {
    return this._items;
  }

  /** Whether they could not be read lately. */
  get stale(): boolean {
    return this._stale;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Something ran, ended or waits: the numbers are about to be old. */
  request(): void {
    if (this._timer === 0 && !this._disposed) {
      this._timer = window.setTimeout(() => {
        this._timer = 0;
        void this._refresh();
      }, SPACING);
    }
  }

  dispose(): void {
    this._disposed = true;
    window.clearTimeout(this._timer);
    this._listening.dispose();
    Signal.clearData(this);
  }

  private async _refresh(): Promise<void> {
    try {
      this._items = await this._read();
      this._stale = false;
    } catch {
      // Old numbers are said to be old: a head that empties itself would make all below it jump.
      this._stale = true;
    }
    if (!this._disposed) {
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _listening: IDisposable;
  private _items: readonly Engine[] = [];
  private _stale = false;
  private _timer = 0;
  private _disposed = false;
}
