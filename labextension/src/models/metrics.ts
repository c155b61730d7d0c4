/**
 * The metric curves of a job's latest attempt: one downsampled read, then every point as it
 * comes. When much has come, it reads again rather than grow without bound.
 */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { sentenceOf } from '../api/problem';
import type { Frame, Json, Metrics, MetricValue, Series } from '../api/types';
import type { Connection } from './connection';
import { toNumber } from './curves';
import { Pulse, nextFrame, type Scheduler } from './pulse';

export interface MetricsOptions {
  id: string;
  read: (id: string, points: number) => Promise<Metrics>;
  connection: Connection;
  schedule?: Scheduler;
}

/** What a curve comes to; `min` and `max` are null where no value is finite. */
export interface Summary {
  last: MetricValue;
  min: number | null;
  max: number | null;
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
    return this._keys;
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

  /** By name; the server keeps the lowest, the highest and the last point of what it thins out. */
  get summaries(): ReadonlyMap<string, Summary> {
    return this._summaries;
  }

  /** Read everything again, for example because another attempt began. */
  async reload(): Promise<void> {
    const turn = ++this._turn;
    this._reading = true;
    try {
      const metrics = await this._options.read(this._options.id, POINTS);
      if (turn === this._turn && !this.isDisposed) {
        this._replace(metrics);
      }
    } catch (error) {
      this._problem = sentenceOf(error);
    }
    this._reading = this._reading && turn !== this._turn;
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
    this._summaries = new Map();
    this._series.forEach((series, key) => this._sum(key, series));
    this._keys = [...this._series.keys()].sort(lossFirst);
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
    if (!this._series.has(key)) {
      this._series.set(key, known);
      this._keys = [...this._keys, key].sort(lossFirst);
    }
    for (let index = 0; index < points.step.length; index++) {
      known.step.push(points.step[index]);
      known.value.push(points.value[index]);
      known.time.push(points.time[index]);
    }
    this._sum(key, points);
    if (known.step.length > MOST && !this._reading) {
      void this.reload();
    }
  }

  private _sum(key: string, { value }: Series): void {
    const known = this._summaries.get(key);
    let { min, max } = known ?? { min: null, max: null };
    for (const number of value.map(toNumber).filter(Number.isFinite)) {
      min = min === null || number < min ? number : min;
      max = max === null || number > max ? number : max;
    }
    if (value.length > 0) {
      this._summaries.set(key, { last: value[value.length - 1], min, max });
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
  private _summaries = new Map<string, Summary>();
  private _keys: readonly string[] = [];
  private _reading = false;
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
