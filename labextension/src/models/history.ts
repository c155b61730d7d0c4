/**
 * The history of one file: its versions, the two that are compared, and what can be done with
 * one. It reads again when the project tells of the file, and knows nothing of widgets.
 */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import type { FilesApi } from '../api/files';
import { sentenceOf } from '../api/problem';
import type { Diff, Frame, Version } from '../api/types';
import type { Connection } from './connection';
import type { Place } from './documents';

/** What the routes are asked for. */
export type HistoryApi = Pick<FilesApi, 'versions' | 'diff' | 'name' | 'restore' | 'purge' | 'url'>;

export interface HistoryOptions {
  place: Place;
  api: HistoryApi;
  connection: Pick<Connection, 'listen'>;
  /** The version to compare with the current one first. */
  version?: string;
}

/** See the module's comment. */
export class HistoryModel implements IDisposable {
  constructor(private readonly _options: HistoryOptions) {
    const { place, connection, version } = _options;
    this._place = place;
    this._from = version ?? null;
    this._listening = connection.listen(`projects/${place.project}`, frame => this._hear(frame));
    void this.refresh();
  }

  /** The file's place now: a rename takes the history along. */
  get place(): Place {
    return this._place;
  }

  /** The newest first; null until they are read. */
  get versions(): readonly Version[] | null {
    return this._versions;
  }

  get from(): Version | null {
    return this._find(this._from);
  }

  /** What `from` is compared with. */
  get to(): Version | null {
    return this._find(this._to) ?? this._versions?.find(one => one.current) ?? null;
  }

  get diff(): Diff | null {
    return this._diff;
  }

  /** One sentence, where something failed. */
  get problem(): string | null {
    return this._problem;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Compare two versions; without `to`, with the current one. */
  compare(from: string, to: string | null): void {
    this._from = from;
    this._to = to;
    void this._compare();
  }

  name(id: string, name: string | null): Promise<void> {
    return this._change(api => api.name(this._place.project, this._place.path, id, name));
  }

  restore(id: string): Promise<void> {
    return this._change(api => api.restore(this._place.project, this._place.path, id));
  }

  purge(id: string): Promise<void> {
    return this._change(api => api.purge(this._place.project, this._place.path, id));
  }

  urlOf(id: string): string {
    return this._options.api.url(this._place.project, this._place.path, id);
  }

  async refresh(): Promise<void> {
    const { project, path } = this._place;
    try {
      const versions = await this._options.api.versions(project, path);
      this._versions = [...versions].reverse();
      this._problem = null;
      this._from ??= this._before(this.to);
    } catch (error) {
      this._problem = sentenceOf(error);
    }
    await this._compare();
  }

  dispose(): void {
    this._disposed = true;
    this._listening.dispose();
    Signal.clearData(this);
  }

  /** Do, then read what came of it. What fails is thrown to whoever asked. */
  private async _change(change: (api: HistoryApi) => Promise<unknown>): Promise<void> {
    await change(this._options.api);
    await this.refresh();
  }

  private async _compare(): Promise<void> {
    const [from, to] = [this.from, this.to];
    const turn = ++this._turn;
    if (!from || !to || from.id === to.id) {
      this._diff = null;
      this._emit();
      return;
    }
    this._emit();
    try {
      const { project, path } = this._place;
      const diff = await this._options.api.diff(project, path, from.id, to.id);
      if (turn === this._turn) {
        this._diff = diff;
      }
    } catch (error) {
      this._problem = sentenceOf(error);
    }
    this._emit();
  }

  private _hear({ type, data }: Frame): void {
    const { path, was } = (data ?? {}) as { path?: string; was?: string };
    if (type === 'file' && was === this._place.path && path !== undefined) {
      this._place = { ...this._place, path };
    }
    if (type === 'subscribed' || (type === 'file' && path === this._place.path)) {
      void this.refresh();
    }
  }

  /** The version that came before another: what somebody mostly wants to compare it with. */
  private _before(version: Version | null): string | null {
    const all = this._versions ?? [];
    const at = all.findIndex(one => one.id === version?.id);
    return all.slice(at + 1).find(one => one.kind !== 'conflict')?.id ?? null;
  }

  private _find(id: string | null): Version | null {
    return this._versions?.find(one => one.id === id) ?? null;
  }

  private _emit(): void {
    if (!this._disposed) {
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _listening: IDisposable;
  private _place: Place;
  private _versions: readonly Version[] | null = null;
  private _from: string | null;
  private _to: string | null = null;
  private _diff: Diff | null = null;
  private _problem: string | null = null;
  private _turn = 0;
  private _disposed = false;
}
