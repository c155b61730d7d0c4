/** The Teams view as a widget of the main area. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';
import { submarineIcon } from '../../components/icons';
import type { Session } from '../../models/session';
import { TeamsBody } from './body';

export interface TeamsViewOptions {
  session: Session;
  trans: TranslationBundle;
}

/** See the module's comment. */
export class TeamsView extends ReactWidget {
  constructor(private readonly _options: TeamsViewOptions) {
    super();
    this.addClass('sub-Main');
    this.title.label = _options.trans.__('Teams');
    this.title.icon = submarineIcon;
    this.title.closable = true;
  }

  protected render(): React.ReactElement {
    return <TeamsBody {...this._options} />;
  }
}
