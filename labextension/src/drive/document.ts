/**
 * One open document of the project drive: it hears of other people's saves, reloads where
 * nothing can be lost by it, and is read-only for whoever may not save.
 */
import { MainAreaWidget } from '@jupyterlab/apputils';
import type { DocumentRegistry, IDocumentWidget } from '@jupyterlab/docregistry';
import { NotebookPanel } from '@jupyterlab/notebook';
import type { Contents } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';
import { IDisposable } from '@lumino/disposable';
import type { Signal } from '@lumino/signaling';
import type { Frame } from '../api/types';
import type { Connection } from '../models/connection';
import { localOf, nameOf, placeOf, type Place } from '../models/documents';
import { distrustOthers } from './distrust';
import { isGone, type ProjectDrive } from './drive';
import { lock } from './lock';
import { NoticeLine } from './notices';

export interface OpenDocumentOptions {
  widget: IDocumentWidget;
  drive: ProjectDrive;
  connection: Connection;
  /** A project's name as people write it. */
  titleOf: (project: string) => string;
  /** Save as if somebody had pressed the button. */
  save: (context: DocumentRegistry.Context) => void;
  trans: TranslationBundle;
}

/** What a `file` frame says. */
interface FileNews {
  path: string;
  was?: string;
  etag?: string | null;
  author?: string;
  kind?: string;
}

/** See the module's comment. */
export class OpenDocument implements IDisposable {
  constructor(private readonly _options: OpenDocumentOptions) {
    const { widget, connection } = _options;
    if (widget instanceof MainAreaWidget) {
      widget.contentHeader.insertWidget(0, this.notices);
    }
    this.context.fileChanged.connect(this._changed, this);
    this.context.model.stateChanged.connect(this._settle, this);
    if (this.isInRoom && widget instanceof NotebookPanel && widget.content.model) {
      distrustOthers(widget.content.model);
    }
    this._listening = connection.listen(`projects/${this.place.project}`, frame =>
      this._hear(frame)
    );
    widget.disposed.connect(this.dispose, this);
    if (this.context.contentsModel) {
      this.respectRights();
    }
  }

  readonly notices = new NoticeLine();

  get widget(): IDocumentWidget {
    return this._options.widget;
  }

  get context(): DocumentRegistry.Context {
    return this._options.widget.context as DocumentRegistry.Context;
  }

  get place(): Place {
    return placeOf(this.context.path) ?? { project: '', path: '' };
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** Whether its room says what it holds: then there is nothing to reload, or to be late with. */
  get isInRoom(): boolean {
    return this.context.model.collaborative ?? false;
  }

  /** Show what the file holds now; whatever is not saved is dropped. */
  async revert(): Promise<void> {
    await this.context.revert();
    this.notices.tell('saved', null);
    this.notices.tell('unsaved', null);
    this.respectRights();
  }

  /** Whether somebody may save has changed, or may have. */
  async rightsChanged(writable: boolean): Promise<void> {
    if (!this.context.contentsModel) {
      return;
    }
    const known = this.context.contentsModel.writable;
    if (known === writable) {
      this._lock(!writable);
    } else if (writable || !this.context.model.dirty) {
      // What was opened read-only holds nothing of whoever may write now.
      await this._reload();
      this._redraw();
    } else {
      this._lock(true);
    }
  }

  /** Read-only where the file is: no kernel, no edits, and a line that says why. */
  respectRights(): void {
    this._lock(this.context.contentsModel?.writable === false);
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      this._listening.dispose();
    }
  }

  /** The lab shows Save, and its word for read-only, as the file was when it was opened. */
  private _redraw(): void {
    const { context, widget } = this;
    const model = context.contentsModel;
    if (model) {
      (context.fileChanged as Signal<typeof context, typeof model>).emit(model);
    }
    const label = [...widget.toolbar.names()].indexOf('read-only-indicator');
    if (model?.writable && label >= 0) {
      [...widget.toolbar.children()][label].dispose();
    }
  }

  private _lock(locked: boolean): void {
    const { widget, titleOf, trans } = this._options;
    if (locked) {
      const preference = this.context.sessionContext.kernelPreference;
      // Nor one that somebody else has running for this notebook.
      const none = { shouldStart: false, canStart: false, shouldReuse: false };
      this.context.sessionContext.kernelPreference = { ...preference, ...none };
    }
    if (locked || this.context.model.readOnly) {
      lock(widget, locked);
    }
    const text = this.context.contentsModel?.writable
      ? trans.__('You may no longer save here. Use Save As or copy what you need.')
      : trans.__('You are a viewer of %1: read-only.', titleOf(this.place.project));
    this.notices.tell('viewer', locked ? { text } : null);
  }

  /** Comes before the lab looks for a kernel, so that a viewer's is never asked for. */
  private _changed(_: unknown, model: Omit<Contents.IModel, 'content'>): void {
    this._lock(model.writable === false);
  }

  /** What was said of unsaved changes is over once there are none. */
  private _settle(): void {
    if (!this.context.model.dirty) {
      this.notices.tell('unsaved', null);
    }
  }

  private _hear({ type, data }: Frame): void {
    if (type === 'file') {
      void this._news(data as FileNews);
    } else if (type === 'subscribed' || type === 'gap') {
      void this._missed();
    }
  }

  private async _news({ path, was, etag, author = '', kind }: FileNews): Promise<void> {
    const { drive } = this._options;
    const { place } = this;
    if (was !== undefined && (place.path === was || place.path.startsWith(`${was}/`))) {
      this._moved(was, path);
      return;
    }
    const inFolder = kind === 'deleted' && place.path.startsWith(`${path}/`);
    if (kind === 'conflict' || (path !== place.path && !inFolder)) {
      return;
    }
    await drive.quiet(localOf(place));
    if (kind === 'deleted') {
      this._lost(author);
    } else if (this.isInRoom) {
      this.notices.tell('lost', null);
    } else if (etag !== drive.bases.get(localOf(place))) {
      await this._outdated(author);
    }
  }

  /** The connection was away: compare with what the file is now. */
  private async _missed(): Promise<void> {
    const { drive } = this._options;
    const path = localOf(this.place);
    const base = drive.bases.get(path);
    if (base === null || this.isInRoom) {
      return;
    }
    const etag = await drive.etag(path).catch(() => base);
    if (etag !== base && drive.bases.get(path) === base) {
      await this._outdated('');
    }
  }

  private _moved(was: string, path: string): void {
    const { drive } = this._options;
    const { project } = this.place;
    const [from, to] = [localOf({ project, path: was }), localOf({ project, path })];
    drive.bases.move(from, to);
    drive.announce({
      type: 'rename',
      oldValue: { path: from },
      newValue: { path: to, name: nameOf(to) }
    });
  }

  private _lost(author: string): void {
    const { save, trans } = this._options;
    this.notices.tell('lost', {
      text: author
        ? trans.__('%1 put this file into the trash.', author)
        : trans.__('This file is in the trash.'),
      urgent: true,
      actions: [{ label: trans.__('Save it again'), run: () => save(this.context) }]
    });
  }

  /** Somebody saved: show it, unless that would take something away from whoever is here. */
  private async _outdated(author: string): Promise<void> {
    const { save, trans } = this._options;
    const who = author || trans.__('Somebody');
    this.notices.tell('lost', null);
    if (this.context.model.dirty && this._mayBeSaved()) {
      this.notices.tell('unsaved', {
        text: trans.__('%1 saved meanwhile. Your changes are not saved yet.', who),
        urgent: true,
        actions: [{ label: trans.__('Save…'), run: () => save(this.context) }]
      });
    } else if (this._inUse()) {
      this.notices.tell('saved', {
        text: trans.__('%1 saved meanwhile.', who),
        actions: [{ label: trans.__('Reload'), run: () => void this._reload() }]
      });
    } else {
      await this._reload();
    }
  }

  /** Show what the file is now. Where it is gone meanwhile, a frame about that follows. */
  private async _reload(): Promise<void> {
    try {
      await this.revert();
    } catch (error) {
      if (!isGone(error)) {
        throw error;
      }
    }
  }

  /** Opening a notebook can be a change already (of its metadata); a viewer's is nobody's. */
  private _mayBeSaved(): boolean {
    return this.context.contentsModel?.writable !== false;
  }

  /** Cells run, or somebody types: a reload would take outputs or the cursor away. */
  private _inUse(): boolean {
    const { widget } = this._options;
    const busy = this.context.sessionContext.session?.kernel?.status === 'busy';
    const typing = document.activeElement?.closest('[contenteditable=true], textarea, input');
    return busy || (!!typing && widget.node.contains(typing));
  }

  private readonly _listening: IDisposable;
  private _disposed = false;
}
