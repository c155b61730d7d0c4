/** The People view, for admins, as a widget of the main area. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';
import { submarineIcon } from '../../components/icons';
import type { Session } from '../../models/session';
import { PeopleBody } from './body';

export interface PeopleViewOptions {
  session: Session;
  trans: TranslationBundle;
}

/** See the module's comment. */
export class PeopleView extends ReactWidget {
  constructor(private readonly _options: PeopleViewOptions) {
    super();
    this.addClass('sub-Main');
    this.title.label = _options.trans.__('People');
    this.title.icon = submarineIcon;
    this.title.closable = true;
  }

  protected render(): React.ReactElement {
    return <PeopleBody {...this._options} />;
  }
}
