/** All open documents of the project drive. It finds them as the lab opens them. */
import type { IDocumentWidgetOpener } from '@jupyterlab/docmanager';
import type { DocumentRegistry, IDocumentWidget } from '@jupyterlab/docregistry';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ISignal, Signal } from '@lumino/signaling';
import type { Connection } from '../models/connection';
import { localOf, placeOf } from '../models/documents';
import type { ProjectsModel } from '../models/projects';
import { may } from '../models/rights';
import { OpenDocument } from './document';
import type { ProjectDrive } from './drive';

export interface OpenDocumentsOptions {
  opener: IDocumentWidgetOpener;
  drive: ProjectDrive;
  connection: Connection;
  projects: ProjectsModel;
  save: (context: DocumentRegistry.Context) => void;
  trans: TranslationBundle;
}

/** See the module's comment. */
export class OpenDocuments {
  constructor(private readonly _options: OpenDocumentsOptions) {
    _options.opener.opened.connect(this._found, this);
    _options.projects.changed.connect(this._rightsChanged, this);
  }

  /** A document of the drive was opened. */
  get opened(): ISignal<this, OpenDocument> {
    return this._opened;
  }

  /** Those that show a file; `path` is the drive's own, the project first. */
  at(path: string): OpenDocument[] {
    return this._all().filter(({ place }) => localOf(place) === path);
  }

  ofProject(project: string): OpenDocument[] {
    return this._all().filter(({ place }) => place.project === project);
  }

  /** The document that a widget shows, if it is one of the drive. */
  of(widget: unknown): OpenDocument | null {
    return this._all().find(one => one.widget === widget) ?? null;
  }

  private _found(_: unknown, widget: IDocumentWidget): void {
    if (this._documents.has(widget) || placeOf(widget.context.path) === null) {
      return;
    }
    const { drive, connection, projects, save, trans } = this._options;
    const titleOf = (name: string) => projects.get(name)?.title ?? name;
    const document = new OpenDocument({ widget, drive, connection, titleOf, save, trans });
    this._documents.set(widget, document);
    widget.disposed.connect(this._left, this);
    this._opened.emit(document);
  }

  private _left(widget: IDocumentWidget): void {
    this._documents.delete(widget);
  }

  private _rightsChanged(projects: ProjectsModel): void {
    for (const document of this._all()) {
      const project = projects.get(document.place.project);
      if (project) {
        void document.rightsChanged(may(project, 'file:write'));
      }
    }
  }

  private _all(): OpenDocument[] {
    return [...this._documents.values()];
  }

  private readonly _opened = new Signal<this, OpenDocument>(this);
  private readonly _documents = new Map<IDocumentWidget, OpenDocument>();
}
