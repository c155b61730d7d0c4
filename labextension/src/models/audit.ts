/** The entries of the audit log, the newest first, page by page as one reads on. */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import type { AuditQuery } from '../api/sharing';
import { sentenceOf } from '../api/problem';
import type { AuditEntry, Page } from '../api/types';

export interface AuditOptions {
  read: (query: AuditQuery) => Promise<Page<AuditEntry>>;
  /** Absent: all of the server's. */
  project?: string;
}

/** See the module's comment. */
export class AuditModel implements IDisposable {
  constructor(private readonly _options: AuditOptions) {
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

  /** From the top again. */
  refresh(): Promise<void> {
    this._items = [];
    this._cursor = undefined;
    return this.loadMore();
  }

  /** The next page, where there is one and none is under way. */
  async loadMore(): Promise<void> {
    if (this._loading || this._cursor === null) {
      return;
    }
    this._loading = true;
    this._changed.emit();
    try {
      const { project, read } = this._options;
      const page = await read({ project, cursor: this._cursor });
      this._items = [...this._items, ...page.items];
      this._cursor = page.next;
      this._problem = null;
    } catch (error) {
      this._problem = sentenceOf(error);
    }
    this._loading = false;
    if (!this._disposed) {
      this._changed.emit();
    }
  }

  dispose(): void {
    this._disposed = true;
    Signal.clearData(this);
  }

  private readonly _changed = new Signal<this, void>(this);
  private _items: readonly AuditEntry[] = [];
  /** Undefined: nothing was read yet; null: there is no more. */
  private _cursor: string | null | undefined = undefined;
  private _loading = false;
  private _problem: string | null = null;
  private _disposed = false;
}
