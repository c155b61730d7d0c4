/**
 * Forms that were begun and not sent, kept over reloads and closed tabs until somebody sends
 * them or throws them away. It knows a place to store and no widget.
 */
import type { ReadonlyJSONValue } from '@lumino/coreutils';
import { EMPTY_DRAFT, type Draft } from './draft';
import type { FormView, Kept } from './newjob';

/** The lab's state database, or a part of it. */
export interface Store {
  fetch: (id: string) => Promise<unknown>;
  save: (id: string, value: ReadonlyJSONValue) => Promise<unknown>;
}

export interface Unsent extends Kept {
  key: string;
  /** Milliseconds since the epoch. */
  when: number;
}

const ID = 'submarine-ext:drafts';
/** Older ones are forgotten. */
const MOST = 5;

/** See the module's comment. */
export class Drafts {
  constructor(
    private readonly _store: Store | null,
    private readonly _now: () => number = Date.now
  ) {
    this.ready = this._load();
  }

  /** What was kept has been read. */
  readonly ready: Promise<void>;

  /** The newest first. */
  get items(): readonly Unsent[] {
    return this._items;
  }

  get(key: string): Unsent | null {
    return this._items.find(item => item.key === key) ?? null;
  }

  keep(key: string, kept: Kept): void {
    const others = this._items.filter(item => item.key !== key);
    this._items = [{ ...kept, key, when: this._now() }, ...others].slice(0, MOST);
    this._save();
  }

  drop(key: string): void {
    if (this.get(key)) {
      this._items = this._items.filter(item => item.key !== key);
      this._save();
    }
  }

  private async _load(): Promise<void> {
    try {
      const found = await this._store?.fetch(ID);
      const known = new Set(this._items.map(({ key }) => key));
      const read = (Array.isArray(found) ? found : []).flatMap(unsent);
      this._items = [...this._items, ...read.filter(({ key }) => !known.has(key))];
    } catch (error) {
      console.warn('Unsent jobs are not known:', error);
    }
  }

  private _save(): void {
    // Waits for the reading, so that it can't take the place of what was kept.
    void this.ready.then(() =>
      this._store?.save(ID, JSON.parse(JSON.stringify(this._items)) as ReadonlyJSONValue)
    );
  }

  private _items: readonly Unsent[] = [];
}

/** What was stored, whatever that is: fields of another version are left out. */
function unsent(value: unknown): Unsent[] {
  const { key, when, draft, view, text } = (value ?? {}) as { [name: string]: unknown };
  if (typeof key !== 'string' || typeof draft !== 'object' || draft === null) {
    return [];
  }
  const views: readonly FormView[] = ['form', 'json', 'yaml'];
  return [
    {
      key,
      when: typeof when === 'number' ? when : 0,
      draft: draftOf(draft as { [name: string]: unknown }),
      view: views.find(one => one === view) ?? 'form',
      text: typeof text === 'string' ? text : ''
    }
  ];
}

function draftOf(stored: { [name: string]: unknown }): Draft {
  const fields = Object.entries(EMPTY_DRAFT).map(([name, empty]: [string, unknown]) => {
    const value = stored[name];
    const fits = typeof value === typeof empty && Array.isArray(value) === Array.isArray(empty);
    return [name, fits && value !== null ? value : empty];
  });
  return Object.fromEntries(fields) as Draft;
}
