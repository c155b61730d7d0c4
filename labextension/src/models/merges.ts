/**
 * A merge that somebody makes: the server's proposal, what was chosen for each cell, and the
 * notebook that comes of it. Pure composition; loading and saving are given by whoever opens it.
 */
import { ISignal, Signal } from '@lumino/signaling';
import { IDisposable } from '@lumino/disposable';
import { sentenceOf } from '../api/problem';
import type { CellMerge, Json, Merge } from '../api/types';

/** A cell as it stands in a notebook; in a text file a run of lines with only a source. */
export type Cell = { [name: string]: Json };

/** What becomes of one cell: the proposal, a side, both sides one after the other, or a text. */
export type Choice =
  { take: 'merged' | 'mine' | 'theirs' | 'both' | 'base' } | { take: 'edited'; source: string };

/** One cell of the merge with what was chosen; null for a conflict that is open. */
export interface MergedCell {
  readonly cell: CellMerge;
  readonly choice: Choice | null;
}

export type MergeStatus = 'loading' | 'ready' | 'saving' | 'saved';

export interface MergeOptions {
  /** Reads the server's proposal for the sides as they are now. */
  load: () => Promise<Merge>;
  /** Saves over `etag`. False: somebody saved again, and `load` answers with the new sides. */
  save: (content: Json, etag: string) => Promise<boolean>;
}

/** See the module's comment. */
export class MergeModel implements IDisposable {
  constructor(private readonly _options: MergeOptions) {
    void this.load();
  }

  get status(): MergeStatus {
    return this._status;
  }

  get problem(): string | null {
    return this._problem;
  }

  /** Somebody saved again while this merge was made; what was chosen was kept. */
  get again(): boolean {
    return this._again;
  }

  get merge(): Merge | null {
    return this._merge;
  }

  get cells(): readonly MergedCell[] {
    return this._cells;
  }

  /** How many conflicts there are, and how many of them wait for a choice. */
  get conflicts(): { total: number; open: number } {
    const all = this._cells.filter(({ cell }) => cell.side === 'conflict');
    return { total: all.length, open: all.filter(({ choice }) => choice === null).length };
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Choose for one cell; null takes the choice back. */
  choose(index: number, choice: Choice | null): void {
    const cells = [...this._cells];
    cells[index] = { ...cells[index], choice };
    this._cells = cells;
    this._emit();
  }

  /** Read the sides, keeping what was chosen for cells that are the same as before. */
  async load(): Promise<void> {
    this._status = 'loading';
    this._emit();
    try {
      const merge = await this._options.load();
      this._cells = carried(merge.cells, this._cells);
      this._merge = merge;
      this._problem = null;
    } catch (error) {
      this._problem = sentenceOf(error);
    }
    this._status = 'ready';
    this._emit();
  }

  /** Save what was chosen. Where somebody was faster, the merge begins anew with their version. */
  async save(): Promise<void> {
    const { _merge: merge } = this;
    if (!merge || this.conflicts.open > 0 || this._status !== 'ready') {
      return;
    }
    this._status = 'saving';
    this._emit();
    try {
      const saved = await this._options.save(compose(merge, this._cells), merge.etag);
      this._status = saved ? 'saved' : 'ready';
      this._again = !saved;
      this._problem = null;
      if (!saved) {
        await this.load();
      }
    } catch (error) {
      this._status = 'ready';
      this._problem = sentenceOf(error);
    }
    this._emit();
  }

  dispose(): void {
    this._disposed = true;
    Signal.clearData(this);
  }

  private _emit(): void {
    if (!this._disposed) {
      this._changed.emit();
    }
  }

  private readonly _changed = new Signal<this, void>(this);
  private _status: MergeStatus = 'loading';
  private _problem: string | null = null;
  private _again = false;
  private _merge: Merge | null = null;
  private _cells: readonly MergedCell[] = [];
  private _disposed = false;
}

/** The notebook (or the text) with every cell as it was chosen. */
export function compose(merge: Merge, cells: readonly MergedCell[]): Json {
  const kept = cells.flatMap(({ cell, choice }) => result(cell, choice));
  if (merge.format !== 'notebook') {
    return kept.map(sourceOf).join('');
  }
  const { metadata, nbformat, nbformat_minor } = merge;
  return { cells: distinct(kept, hasIds(merge)), metadata, nbformat, nbformat_minor };
}

/** What becomes of one cell: none, one or, where both sides stay, two. */
export function result(cell: CellMerge, choice: Choice | null): Cell[] {
  switch (choice?.take) {
    case 'mine':
      return some(cell.mine);
    case 'theirs':
      return some(cell.theirs);
    case 'base':
      return some(cell.base);
    case 'both':
      return [...some(cell.mine), ...some(cell.theirs)];
    case 'edited':
      return some(edited(cell, choice.source));
    default:
      return some(cell.merged);
  }
}

/** A cell's source as one text. */
export function sourceOf(cell: Cell | null): string {
  const source = cell?.source ?? '';
  return Array.isArray(source) ? source.join('') : String(source);
}

/** With another source the outputs are nobody's. */
function edited(cell: CellMerge, source: string): Cell | null {
  const like = cell.merged ?? cell.mine ?? cell.theirs ?? cell.base;
  if (!like) {
    return null;
  }
  const ran: Cell = like.cell_type === 'code' ? { outputs: [], execution_count: null } : {};
  return { ...like, ...ran, source };
}

function some(cell: Cell | null): Cell[] {
  return cell === null ? [] : [cell];
}

/** Both sides of a cell have one id, and a notebook may hold an id only once. */
function distinct(cells: readonly Cell[], ids: boolean): Cell[] {
  const seen = new Set<Json>();
  return cells.map(cell => {
    if (!ids || !seen.has(cell.id)) {
      seen.add(cell.id);
      return cell;
    }
    let count = 2;
    while (seen.has(`${String(cell.id).slice(0, 56)}-${count}`)) {
      count++;
    }
    const id = `${String(cell.id).slice(0, 56)}-${count}`;
    seen.add(id);
    return { ...cell, id };
  });
}

function hasIds({ nbformat, nbformat_minor }: Merge): boolean {
  return nbformat > 4 || (nbformat === 4 && nbformat_minor >= 5);
}

/** The new cells, each with the choice that the same cell had before. */
function carried(cells: readonly CellMerge[], before: readonly MergedCell[]): MergedCell[] {
  const chosen = new Map(before.map(({ cell, choice }) => [JSON.stringify(cell), choice]));
  return cells.map(cell => ({ cell, choice: chosen.get(JSON.stringify(cell)) ?? null }));
}
