/** The main-area views of files: one history a file, one merge a file. */
import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import {
  Dialog,
  InputDialog,
  MainAreaWidget,
  Notification,
  showDialog,
  WidgetTracker
} from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { UUID } from '@lumino/coreutils';
import type { Version } from '../api/types';
import { bringView, placeView } from '../mainarea';
import { complain } from '../complaints';
import { localOf, nameOf, type Place } from '../models/documents';
import { HistoryModel } from '../models/history';
import { MergeModel } from '../models/merges';
import { may } from '../models/rights';
import type { Session } from '../models/session';
import { HistoryView } from '../panels/history';
import type { HistoryActions } from '../panels/history/body';
import { MergeView } from '../panels/merge';
import type { OpenDocuments } from './documents';
import { FileCommands } from './names';

export interface FileViewsOptions {
  app: JupyterFrontEnd;
  session: Session;
  documents: OpenDocuments;
  restorer: ILayoutRestorer | null;
  trans: TranslationBundle;
}

/** See the module's comment. */
export class FileViews {
  constructor(private readonly _options: FileViewsOptions) {
    void _options.restorer?.restore(this.histories, {
      command: FileCommands.history,
      args: ({ content }) => ({ ...content.model.place }),
      name: ({ content }) => localOf(content.model.place)
    });
    _options.session.projects.gone.connect(this._close, this);
  }

  /** The open histories. */
  readonly histories = new WidgetTracker<MainAreaWidget<HistoryView>>({
    namespace: 'submarine-histories'
  });

  /** Show the history of a file, in the view that it has or in a new one. */
  openHistory(place: Place, version?: string, to?: string): void {
    const path = localOf(place);
    const known = this.histories.find(({ content }) => localOf(content.model.place) === path);
    const widget = known ?? this._historyView(place, version);
    if (version !== undefined) {
      widget.content.model.compare(version, to ?? null);
    }
    bringView(this._options.app.shell, widget);
  }

  /** Show a merge; it closes itself once it is saved. */
  openMerge(place: Place, model: MergeModel): void {
    const { app, trans } = this._options;
    const path = localOf(place);
    this._merges.get(path)?.dispose();
    const onClose = () => widget.dispose();
    const content = new MergeView({ name: nameOf(place.path), model, onClose, trans });
    const widget = new MainAreaWidget({ content });
    widget.id = `submarine-merge-${UUID.uuid4()}`;
    this._merges.set(path, widget);
    widget.disposed.connect(() => this._merges.get(path) === widget && this._merges.delete(path));
    model.changed.connect(({ status }) => status === 'saved' && widget.dispose());
    placeView(app.shell, widget);
    bringView(app.shell, widget);
  }

  private _historyView(place: Place, version?: string): MainAreaWidget<HistoryView> {
    const { app, session, trans } = this._options;
    const { connection } = session;
    const model = new HistoryModel({ place, api: session.api.files, connection, version });
    const holds = (capability: string) => may(session.projects.get(place.project), capability);
    const content = new HistoryView({
      model,
      actions: this._actions(model),
      mayWrite: () => holds('file:write'),
      mayPurge: () => holds('file:purge'),
      trans
    });
    session.projects.changed.connect(content.update, content);
    const widget = new MainAreaWidget({ content });
    widget.id = `submarine-history-${UUID.uuid4()}`;
    void this.histories.add(widget);
    placeView(app.shell, widget);
    return widget;
  }

  private _actions(model: HistoryModel): HistoryActions {
    return {
      restore: version => void this._reported(this._restore(model, version)),
      name: version => void this._reported(this._name(model, version)),
      purge: version => void this._reported(this._purge(model, version))
    };
  }

  /** Whatever is open and saved shows what was restored; unsaved changes stay and are told. */
  private async _restore(model: HistoryModel, version: Version): Promise<void> {
    const { trans } = this._options;
    await model.restore(version.id);
    const name = nameOf(model.place.path);
    Notification.success(trans.__('%1 is restored, as a new version.', name), { autoClose: 4000 });
  }

  private async _name(model: HistoryModel, version: Version): Promise<void> {
    const { trans } = this._options;
    const { value, button } = await InputDialog.getText({
      title: trans.__('Name this version'),
      label: trans.__('A named version is kept for good. Empty: no name.'),
      text: version.message ?? ''
    });
    if (button.accept) {
      await model.name(version.id, value?.trim() || null);
    }
  }

  private async _purge(model: HistoryModel, version: Version): Promise<void> {
    const { trans } = this._options;
    const { button } = await showDialog({
      title: trans.__('Delete this version for good?'),
      body: trans.__('Nobody can bring it back.'),
      buttons: [
        Dialog.cancelButton({ label: trans.__('Cancel') }),
        Dialog.warnButton({ label: trans.__('Delete') })
      ]
    });
    if (button.accept) {
      await model.purge(version.id);
    }
  }

  private _close(_: unknown, project: string): void {
    this.histories
      .filter(({ content }) => content.model.place.project === project)
      .forEach(widget => widget.dispose());
    [...this._merges]
      .filter(([path]) => path.startsWith(`${project}/`))
      .forEach(([, widget]) => widget.dispose());
  }

  /** What goes wrong is said, in one sentence. */
  private async _reported(action: Promise<void>): Promise<void> {
    try {
      await action;
    } catch (error) {
      complain(error);
    }
  }

  private readonly _merges = new Map<string, MainAreaWidget>();
}
