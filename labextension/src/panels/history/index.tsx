/** The history of a file as a widget of the main area. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { historyIcon, ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { HistoryModel } from '../../models/history';
import { localOf, nameOf } from '../../models/documents';
import { HistoryBody, type HistoryActions } from './body';

export interface HistoryViewOptions {
  model: HistoryModel;
  actions: HistoryActions;
  /** Whether the reader may restore and name versions now. */
  mayWrite: () => boolean;
  mayPurge: () => boolean;
  trans: TranslationBundle;
}

/** See the module's comment. */
export class HistoryView extends ReactWidget {
  constructor(private readonly _options: HistoryViewOptions) {
    super();
    const { model } = _options;
    this.addClass('sub-Main');
    this.title.icon = historyIcon;
    this.title.closable = true;
    model.changed.connect(this._rename, this);
    this._rename();
  }

  get model(): HistoryModel {
    return this._options.model;
  }

  dispose(): void {
    if (!this.isDisposed) {
      this.model.changed.disconnect(this._rename, this);
      this.model.dispose();
      super.dispose();
    }
  }

  protected render(): React.ReactElement {
    const { model, actions, mayWrite, mayPurge, trans } = this._options;
    return (
      <HistoryBody
        model={model}
        actions={actions}
        mayWrite={mayWrite()}
        mayPurge={mayPurge()}
        trans={trans}
      />
    );
  }

  private _rename(): void {
    const { model, trans } = this._options;
    this.title.label = trans.__('History of %1', nameOf(model.place.path));
    this.title.caption = localOf(model.place);
  }
}
