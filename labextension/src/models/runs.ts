/**
 * The jobs that a view holds beside each other, each live with its curves, in the order in which
 * they were added. A job that is gone stays in its place: its model says what became of it.
 */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import type { JobModel } from './job';
import type { MetricsModel } from './metrics';
import { Pulse, type Scheduler } from './pulse';
import type { Share } from './session';

/** Where the models come from: the lab's session. */
export interface RunSource {
  job: (id: string) => Share<JobModel>;
  metrics: (id: string) => Share<MetricsModel>;
}

/** `place` decides the colour; it stays while others come and go. */
export interface Run {
  readonly id: string;
  readonly place: number;
  readonly job: JobModel;
  readonly metrics: MetricsModel;
}

/** Twenty live jobs tell of many changes: ten drawings a second are enough for all of them. */
const CALM = 100;
const calmly: Scheduler = callback => void setTimeout(callback, CALM);

/** See the module's comment. */
export class RunsModel implements IDisposable {
  constructor(
    private readonly _source: RunSource,
    ids: readonly string[],
    schedule: Scheduler = calmly
  ) {
    this._pulse = new Pulse(() => this._changed.emit(), schedule);
    this.set(ids);
  }

  get items(): readonly Run[] {
    return this._items;
  }

  get ids(): readonly string[] {
    return this._items.map(({ id }) => id);
  }

  /** A job was added or removed, or something of one changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Other jobs are held than before. */
  get idsChanged(): ISignal<this, readonly string[]> {
    return this._idsChanged;
  }

  get isDisposed(): boolean {
    return this._pulse.isDisposed;
  }

  /** Hold exactly these. */
  set(ids: readonly string[]): void {
    const wanted = [...new Set(ids)];
    const before = this.ids.join();
    this._items.filter(({ id }) => !wanted.includes(id)).forEach(run => this._drop(run));
    this._items = wanted.map(id => this._items.find(run => run.id === id) ?? this._take(id));
    if (this.ids.join() !== before) {
      this._idsChanged.emit(this.ids);
      this._pulse.request();
    }
  }

  add(ids: readonly string[]): void {
    this.set([...this.ids, ...ids]);
  }

  remove(id: string): void {
    this.set(this.ids.filter(one => one !== id));
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._pulse.dispose();
      this._items.forEach(run => this._drop(run));
      this._items = [];
      Signal.clearData(this);
    }
  }

  private _take(id: string): Run {
    const shares = { job: this._source.job(id), metrics: this._source.metrics(id) };
    const run = { id, place: this._place(), job: shares.job.model, metrics: shares.metrics.model };
    this._held.set(id, { ...shares, attempt: run.job.job?.attempt ?? null });
    run.job.changed.connect(this._follow, this);
    run.metrics.changed.connect(this._pulse.request, this._pulse);
    this._places.add(run.place);
    return run;
  }

  private _drop(run: Run): void {
    const held = this._held.get(run.id);
    run.job.changed.disconnect(this._follow, this);
    run.metrics.changed.disconnect(this._pulse.request, this._pulse);
    this._held.delete(run.id);
    this._places.delete(run.place);
    held?.job.dispose();
    held?.metrics.dispose();
  }

  /** The first that is free. */
  private _place(): number {
    let place = 0;
    while (this._places.has(place)) {
      place++;
    }
    return place;
  }

  /** Another attempt has other curves. */
  private _follow({ id, job }: JobModel): void {
    const held = this._held.get(id);
    if (held && job) {
      if (held.attempt !== null && held.attempt !== job.attempt) {
        void held.metrics.model.reload();
      }
      held.attempt = job.attempt;
    }
    this._pulse.request();
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _idsChanged = new Signal<this, readonly string[]>(this);
  private readonly _pulse: Pulse;
  private readonly _places = new Set<number>();
  private readonly _held = new Map<
    string,
    { job: Share<JobModel>; metrics: Share<MetricsModel>; attempt: number | null }
  >();
  private _items: readonly Run[] = [];
}
