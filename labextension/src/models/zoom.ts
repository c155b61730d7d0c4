/**
 * What is between two places of some curves, read as fine as it is: the first reading of a long
 * curve is thinned out. Nothing is read while somebody still moves; late answers are dropped.
 */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import type { Metrics, Series } from '../api/types';

export interface PartQuery {
  keys: readonly string[];
  points: number;
  by: 'step' | 'time';
  from: number;
  to: number;
}

/** A part of one job's curves. */
export interface Part extends Omit<PartQuery, 'points'> {
  id: string;
}

export interface ZoomOptions {
  read: (id: string, query: PartQuery) => Promise<Metrics>;
  /** Milliseconds of rest before anything is read. */
  rest?: number;
}

/** More than a wide chart has pixels. */
const POINTS = 4000;

/** See the module's comment. */
export class ZoomModel implements IDisposable {
  constructor(private readonly _options: ZoomOptions) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Grows with every answer. */
  get version(): number {
    return this._version;
  }

  /** What was read of a curve, if anything. */
  series(id: string, key: string): Series | undefined {
    return this._series.get(id)?.[key];
  }

  /** Look at these parts from now on; what was read before stays until they are here. */
  want(parts: readonly Part[]): void {
    const wanted = JSON.stringify(parts);
    if (wanted === this._wanted) {
      return;
    }
    this._wanted = wanted;
    window.clearTimeout(this._timer);
    if (parts.length === 0) {
      this._series.clear();
      this._tell();
    } else {
      this._timer = window.setTimeout(() => this._read(parts, wanted), this._options.rest ?? 120);
    }
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      window.clearTimeout(this._timer);
      Signal.clearData(this);
    }
  }

  private _read(parts: readonly Part[], wanted: string): void {
    const ids = new Set(parts.map(({ id }) => id));
    [...this._series.keys()].filter(id => !ids.has(id)).forEach(id => this._series.delete(id));
    for (const { id, ...query } of parts) {
      this._options.read(id, { ...query, points: POINTS }).then(
        ({ series }) => this._take(id, series, wanted),
        // The curve stays as coarse as it is; why the job can't be read is told in its place.
        () => undefined
      );
    }
  }

  private _take(id: string, series: Metrics['series'], wanted: string): void {
    if (wanted === this._wanted && !this._disposed) {
      this._series.set(id, series);
      this._tell();
    }
  }

  private _tell(): void {
    this._version++;
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _series = new Map<string, Metrics['series']>();
  private _wanted = '[]';
  private _timer = 0;
  private _version = 0;
  private _disposed = false;
}
