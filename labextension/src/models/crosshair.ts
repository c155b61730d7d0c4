/** One place on the axis of several charts: where the pointer or the keyboard stands. */
import { ISignal, Signal } from '@lumino/signaling';

/** See the module's comment. */
export class Crosshair {
  /** Null: nowhere. */
  get x(): number | null {
    return this._x;
  }

  /** What is looked at: the group of the curve next to the pointer, or whose legend it is on. */
  get group(): string | null {
    return this._group;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** What is looked at is another than before. */
  get groupChanged(): ISignal<this, void> {
    return this._groupChanged;
  }

  moveTo(x: number | null): void {
    if (x !== this._x) {
      this._x = x;
      this._changed.emit();
    }
  }

  lookAt(group: string | null): void {
    if (group !== this._group) {
      this._group = group;
      this._groupChanged.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _groupChanged = new Signal<this, void>(this);
  private _x: number | null = null;
  private _group: string | null = null;
}
