/**
 * The metric curves of a job's latest attempt: one downsampled read, then every point as it
 * comes. When much has come, it reads again rather than grow without bound.
 */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { sentenceOf } from '../api/problem';
import type { Frame, Json, Metrics, Series } from '../api/types';
import type { Connection } from './connection';
import { Pulse, nextFrame, type Scheduler } from './pulse';

export interface MetricsOptions {
  id: string;
  read: (id: string, points: number) => Promise<Metrics>;
  connection: Connection;
  schedule?: Scheduler;
}

/** Points of a curve that the server is asked for. */
const POINTS = 2000;
/** Points of a curve that are held before it is read again. */
const MOST = 4 * POINTS;

/** See the module's comment. */
export class MetricsModel implements IDisposable {
  constructor(private readonly _options: MetricsOptions) {
    this._pulse = new Pulse(() => this._changed.emit(), _options.schedule ?? nextFrame);
    void this.reload();
  }

  /** Metric names in the order in which they are shown: the loss first. */
  get keys(): readonly string[] {
    return [...this._series.keys()].sort(lossFirst);
  }

  get params(): { readonly [name: string]: Json } {
    return this._params;
  }

  get loaded(): boolean {
    return this._loaded;
  }

  get problem(): string | null {
    return this._problem;
  }

  /** Grows with every change, so that a chart knows when to draw. */
  get version(): number {
    return this._version;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._pulse.isDisposed;
  }

  series(key: string): Series | undefined {
    return this._series.get(key);
  }

  /** Read everything again, for example because another attempt began. */
  async reload(): Promise<void> {
    const turn = ++this._turn;
    try {
      const metrics = await this._options.read(this._options.id, POINTS);
      if (turn === this._turn && !this.isDisposed) {
        this._replace(metrics);
      }
    } catch (error) {
      this._problem = sentenceOf(error);
    }
    this._touch();
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._pulse.dispose();
      this._subscription?.dispose();
      Signal.clearData(this);
    }
  }

  private _replace(metrics: Metrics): void {
    this._series = new Map(Object.entries(metrics.series));
    this._params = metrics.params;
    this._loaded = true;
    this._problem = null;
    this._subscription?.dispose();
    this._subscription = this._options.connection.subscribe(
      `jobs/${this._options.id}/metrics`,
      frame => this._receive(frame),
      { since: metrics.seq }
    );
  }

  private _receive(frame: Frame): void {
    if (frame.type === 'gap') {
      void this.reload();
    } else if (frame.type === 'points') {
      const { series } = frame.data as { series: { [key: string]: Series } };
      for (const [key, points] of Object.entries(series)) {
        this._append(key, points);
      }
      this._touch();
    }
  }

  private _append(key: string, points: Series): void {
    const known = this._series.get(key) ?? { step: [], value: [], time: [] };
    known.step.push(...points.step);
    known.value.push(...points.value);
    known.time.push(...points.time);
    this._series.set(key, known);
    if (known.step.length > MOST) {
      void this.reload();
    }
  }

  private _touch(): void {
    this._version++;
    this._pulse.request();
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _pulse: Pulse;
  private _subscription: IDisposable | null = null;
  private _series = new Map<string, Series>();
  private _params: { [name: string]: Json } = {};
  private _loaded = false;
  private _problem: string | null = null;
  private _version = 0;
  private _turn = 0;
}

/** `loss` before what has loss in its name, before the rest, each by name. */
export function lossFirst(a: string, b: string): number {
  const rank = (key: string) => (key === 'loss' ? 0 : key.toLowerCase().includes('loss') ? 1 : 2);
  return rank(a) - rank(b) || a.localeCompare(b);
}
