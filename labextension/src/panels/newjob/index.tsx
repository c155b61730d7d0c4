/** The New job form as a widget of the main area. What is typed is kept until it is sent. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import * as React from 'react';
import type { Job } from '../../api/types';
import { submarineIcon } from '../../components/icons';
import type { Draft } from '../../models/draft';
import type { Drafts } from '../../models/drafts';
import { NewJobModel, type Desk } from '../../models/newjob';
import type { Session } from '../../models/session';
import { NewJobBody, type Files } from './body';

export interface NewJobOptions {
  /** Under which name it is kept. */
  key: string;
  session: Session;
  files: Files;
  desk: Desk;
  drafts: Drafts;
  initial: Partial<Draft>;
  /** Keys of the forms that are open. */
  open: () => readonly string[];
  onResume: (key: string) => void;
  onSubmitted: (job: Job, warnings: readonly string[], draft: Draft) => void;
  trans: TranslationBundle;
}

/** See the module's comment. */
export class NewJobForm extends ReactWidget {
  constructor(private readonly _options: NewJobOptions) {
    super();
    const { key, desk, drafts, initial, trans } = _options;
    this.addClass('sub-Main');
    this.title.label = trans.__('New job');
    this.title.icon = submarineIcon;
    this.title.closable = true;
    this._model = new NewJobModel(desk, initial, drafts.get(key));
    this._model.changed.connect(this._keep, this);
    void drafts.ready.then(() => this.update());
  }

  get key(): string {
    return this._options.key;
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._model.dispose();
      super.dispose();
    }
  }

  protected onCloseRequest(message: Message): void {
    super.onCloseRequest(message);
    this.dispose();
  }

  protected render(): React.ReactElement {
    const { session, files, drafts, open, onResume, onSubmitted, trans } = this._options;
    return (
      <NewJobBody
        session={session}
        model={this._model}
        files={files}
        unsent={drafts.items.filter(({ key }) => !open().includes(key))}
        onResume={onResume}
        onForget={key => {
          drafts.drop(key);
          this.update();
        }}
        onSubmitted={(job, warnings) => {
          this._sent = true;
          drafts.drop(this.key);
          onSubmitted(job, warnings, this._model.draft);
        }}
        trans={trans}
      />
    );
  }

  private _keep(): void {
    const { drafts, key } = this._options;
    const { kept, touched } = this._model;
    const text = JSON.stringify(kept);
    if (touched && !this._sent && text !== this._kept) {
      this._kept = text;
      drafts.keep(key, kept);
    }
  }

  private readonly _model: NewJobModel;
  private _kept = '';
  private _sent = false;
}
