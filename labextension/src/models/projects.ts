/**
 * The projects that one sees, live, and which of them one works in. The list comes whole over
 * the topic `me` whenever anything in it changes; a project that is gone is said to be gone.
 */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { sentenceOf } from '../api/problem';
import type { Frame, Me, Project } from '../api/types';
import type { Connection } from './connection';
import type { Reading } from './reading';

export interface ProjectsOptions {
  connection: Connection;
  me: Reading<Me>;
  list: () => Promise<Project[]>;
}

export type ProjectsStatus = 'loading' | 'ready' | 'failed';

/** A project that one worked in and that is gone. */
export interface Lost {
  name: string;
  title: string;
}

/** See the module's comment. */
export class ProjectsModel implements IDisposable {
  constructor(private readonly _options: ProjectsOptions) {
    const { connection, me } = _options;
    this._subscription = connection.subscribe('me', frame => this._receive(frame));
    me.changed.connect(this._settle, this);
    void this._read();
  }

  /** All that one sees, by title. */
  get items(): readonly Project[] {
    return this._items;
  }

  get status(): ProjectsStatus {
    return this._status;
  }

  get problem(): string | null {
    return this._problem;
  }

  /** The project that one works in: the chosen one, else the personal one. */
  get current(): Project | null {
    return this._current === null ? null : (this.get(this._current) ?? null);
  }

  /** The project that one worked in and lost, until `dismiss` or another choice. */
  get lost(): Lost | null {
    return this._lost;
  }

  /** Anything in the list changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Another project is worked in. */
  get currentChanged(): ISignal<this, string | null> {
    return this._currentChanged;
  }

  /** A project can't be seen any more, by its name. */
  get gone(): ISignal<this, string> {
    return this._gone;
  }

  /** A project can be seen now and could not before, by its name. */
  get appeared(): ISignal<this, string> {
    return this._appeared;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  get(name: string): Project | undefined {
    return this._items.find(project => project.name === name);
  }

  /** Work in a project from now on. */
  select(name: string): void {
    this._chosen = name;
    this._lost = null;
    this._settle();
  }

  /** Go on where one was before a reload, unless something was chosen meanwhile. */
  restore(name: string): void {
    if (this._chosen === null) {
      this._chosen = name;
      this._settle();
    }
  }

  /** Show where one worked last, until the server has answered. */
  remind(project: Project): void {
    if (this._status === 'loading') {
      this._items = [project];
      this._settle();
    }
  }

  /** Forget what was lost. */
  dismiss(): void {
    this._lost = null;
    this._changed.emit();
  }

  /** Show what an action answered before the frame for it arrives. */
  put(project: Project): void {
    if (!this.get(project.name)) {
      this._mine.set(project.name, project);
    }
    this._show([...this._items.filter(one => one.name !== project.name), project]);
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      this._options.me.changed.disconnect(this._settle, this);
      this._subscription.dispose();
      Signal.clearData(this);
    }
  }

  private _receive(frame: Frame): void {
    if (frame.type === 'projects') {
      this._frames++;
      this._apply((frame.data as { items: Project[] }).items);
    } else if (frame.type === 'gap') {
      void this._read();
    }
  }

  /** For a lab that can't open a socket; a frame that came meanwhile is newer. */
  private async _read(): Promise<void> {
    const frames = this._frames;
    try {
      const items = await this._options.list();
      if (frames === this._frames && !this._disposed) {
        this._apply(items);
      }
    } catch (error) {
      if (this._status !== 'ready' && !this._disposed) {
        this._status = 'failed';
        this._problem = sentenceOf(error);
        this._changed.emit();
      }
    }
  }

  /** A list that was on its way when one made a project does not know it yet. */
  private _apply(items: readonly Project[]): void {
    items.forEach(({ name }) => this._mine.delete(name));
    this._show([...items, ...this._mine.values()]);
  }

  private _show(items: readonly Project[]): void {
    const before = this._items;
    const first = this._status !== 'ready';
    this._items = [...items].sort(byTitle);
    this._status = 'ready';
    this._problem = null;
    this._note(before);
    missing(before, this._items).forEach(name => this._gone.emit(name));
    this._settle();
    if (!first) {
      missing(this._items, before).forEach(name => this._appeared.emit(name));
    }
  }

  /** Remember the title of a project that one works in and that is gone. */
  private _note(before: readonly Project[]): void {
    const chosen = this._chosen;
    if (chosen !== null && !this.get(chosen)) {
      const title = before.find(project => project.name === chosen)?.title ?? chosen;
      this._lost = { name: chosen, title };
      this._chosen = null;
    }
  }

  private _settle(): void {
    const personal = this._options.me.value?.personal_project;
    const known = this._status === 'loading' ? this._items[0]?.name : null;
    const wanted = [this._chosen, personal, known].find(name => name && this.get(name)) ?? null;
    const changed = wanted !== this._current;
    this._current = wanted;
    if (changed) {
      this._currentChanged.emit(wanted);
    }
    this._changed.emit();
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _currentChanged = new Signal<this, string | null>(this);
  private readonly _gone = new Signal<this, string>(this);
  private readonly _appeared = new Signal<this, string>(this);
  private readonly _subscription: IDisposable;
  /** Made here, and in no list yet. */
  private readonly _mine = new Map<string, Project>();
  private _items: readonly Project[] = [];
  private _status: ProjectsStatus = 'loading';
  private _problem: string | null = null;
  private _chosen: string | null = null;
  private _current: string | null = null;
  private _lost: Lost | null = null;
  private _frames = 0;
  private _disposed = false;
}

function missing(from: readonly Project[], others: readonly Project[]): string[] {
  const known = new Set(others.map(project => project.name));
  return from.map(project => project.name).filter(name => !known.has(name));
}

function byTitle(a: Project, b: Project): number {
  const order = (one: string, other: string) =>
    one.localeCompare(other, undefined, { numeric: true });
  return order(a.title, b.title) || order(a.name, b.name);
}
