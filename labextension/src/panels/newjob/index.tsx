/** The New job form as a widget of the main area. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { Job } from '../../api/types';
import { submarineIcon } from '../../components/icons';
import type { Draft } from '../../models/draft';
import type { Session } from '../../models/session';
import { NewJobBody, type Files } from './body';

export interface NewJobOptions {
  session: Session;
  files: Files;
  initial: Partial<Draft>;
  onSubmitted: (job: Job, warnings: readonly string[]) => void;
  trans: TranslationBundle;
}

/** See the module's comment. */
export class NewJobForm extends ReactWidget {
  constructor(private readonly _options: NewJobOptions) {
    super();
    this.addClass('sub-Main');
    this.title.label = _options.trans.__('New job');
    this.title.icon = submarineIcon;
    this.title.closable = true;
  }

  protected render(): React.ReactElement {
    return <NewJobBody {...this._options} />;
  }
}
