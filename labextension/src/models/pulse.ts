/** Many changes, one signal: a model that changes 100 times between two frames is drawn once. */
import { IDisposable } from '@lumino/disposable';

/** Runs `callback` soon. */
export type Scheduler = (callback: () => void) => void;

/** The next animation frame; a hidden page has none, so a timer stands in. */
export const nextFrame: Scheduler = callback => {
  if (document.hidden) {
    setTimeout(callback, 100);
  } else {
    requestAnimationFrame(callback);
  }
};

/** Calls `emit` at most once per scheduled turn, however often it is asked to. */
export class Pulse implements IDisposable {
  constructor(
    private readonly _emit: () => void,
    private readonly _schedule: Scheduler = nextFrame
  ) {}

  get isDisposed(): boolean {
    return this._disposed;
  }

  request(): void {
    if (this._waiting || this._disposed) {
      return;
    }
    this._waiting = true;
    this._schedule(() => {
      this._waiting = false;
      if (!this._disposed) {
        this._emit();
      }
    });
  }

  dispose(): void {
    this._disposed = true;
  }

  private _waiting = false;
  private _disposed = false;
}
