/**
 * The entries of the audit log, the newest first, page by page as one reads on. Whatever happens
 * in the project has an entry: its topic says when there are newer ones.
 */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import type { AuditQuery } from '../api/sharing';
import { sentenceOf } from '../api/problem';
import type { AuditEntry, Frame, Page } from '../api/types';
import type { Connection } from './connection';

export interface AuditOptions {
  read: (query: AuditQuery) => Promise<Page<AuditEntry>>;
  /** Absent: all of the server's. */
  project?: string;
  /** Absent: what was read stays as it is. */
  connection?: Connection;
}

/** What passes through a project's topic and leaves no entry. */
const FLEETING: readonly string[] = ['progress', 'error', 'closed'];

/** See the module's comment. */
export class AuditModel implements IDisposable {
  constructor(private readonly _options: AuditOptions) {
    const { connection, project } = _options;
    this._listening = connection?.listen(`projects/${project}`, frame => this._receive(frame));
    void this.loadMore();
  }

  get items(): readonly AuditEntry[] {
    return this._items;
  }

  get hasMore(): boolean {
    return this._cursor !== null;
  }

  get loading(): boolean {
    return this._loading;
  }

  get problem(): string | null {
    return this._problem;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** What is newer, above what is there. Asked while it reads, it reads once more after it. */
  async refresh(): Promise<void> {
    this._again = true;
    while (this._again && !this._loading && !this._disposed) {
      this._again = false;
      await this._load(undefined);
    }
  }

  /** The next page, where there is one and none is under way. */
  async loadMore(): Promise<void> {
    if (!this._loading && this._cursor !== null) {
      await this._load(this._cursor);
      await (this._again ? this.refresh() : undefined);
    }
  }

  dispose(): void {
    this._disposed = true;
    this._listening?.dispose();
    Signal.clearData(this);
  }

  private _receive(frame: Frame): void {
    if (!FLEETING.includes(frame.type)) {
      void this.refresh();
    }
  }

  private async _load(cursor: string | undefined): Promise<void> {
    this._loading = true;
    this._changed.emit();
    try {
      const { project, read } = this._options;
      const page = await read({ project, cursor });
      this._take(page, cursor === undefined);
      this._problem = null;
    } catch (error) {
      this._problem = sentenceOf(error);
    }
    this._loading = false;
    if (!this._disposed) {
      this._changed.emit();
    }
  }

  /** A first page that leaves a gap to what is known takes its place. */
  private _take(page: Page<AuditEntry>, first: boolean): void {
    const known = new Set(this._items.map(({ seq }) => seq));
    const fresh = page.items.filter(({ seq }) => !known.has(seq));
    const joins = fresh.length < page.items.length;
    if (first && joins) {
      this._items = [...fresh, ...this._items];
    } else {
      this._items = first ? page.items : [...this._items, ...fresh];
      this._cursor = page.next;
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _listening: IDisposable | undefined;
  private _items: readonly AuditEntry[] = [];
  /** Undefined: nothing was read yet; null: there is no more. */
  private _cursor: string | null | undefined = undefined;
  private _loading = false;
  private _again = false;
  private _problem: string | null = null;
  private _disposed = false;
}
