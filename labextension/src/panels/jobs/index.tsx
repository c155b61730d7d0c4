/** The left panel as a widget of the lab. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { JobActions } from '../../components/jobrow';
import { submarineIcon } from '../../components/icons';
import type { Session } from '../../models/session';
import { JobsBody } from './body';

export interface JobsPanelOptions {
  session: Session;
  actions: JobActions;
  onNew: () => void;
  trans: TranslationBundle;
}

/** See the module's comment. */
export class JobsPanel extends ReactWidget {
  constructor(private readonly _options: JobsPanelOptions) {
    super();
    const { trans } = _options;
    this.id = 'submarine-jobs';
    this.addClass('sub-Panel');
    this.title.icon = submarineIcon;
    this.title.caption = trans.__('Submarine jobs');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Submarine jobs'));
  }

  /** The job whose view was opened last. */
  get selected(): string | null {
    return this._selected;
  }

  set selected(id: string | null) {
    this._selected = id;
    this.update();
  }

  protected render(): React.ReactElement {
    return <JobsBody {...this._options} selected={this._selected} />;
  }

  private _selected: string | null = null;
}
