/** A project's view as a widget of the main area. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';
import { submarineIcon } from '../../components/icons';
import type { Session } from '../../models/session';
import { ProjectBody } from './body';

export interface ProjectViewOptions {
  /** The project's name. */
  project: string;
  tab: string;
  session: Session;
  onTab: () => void;
  trans: TranslationBundle;
}

/** See the module's comment. */
export class ProjectView extends ReactWidget {
  constructor(private readonly _options: ProjectViewOptions) {
    super();
    this._tab = _options.tab;
    this.addClass('sub-Main');
    this.title.icon = submarineIcon;
    this.title.closable = true;
    _options.session.projects.changed.connect(this._rename, this);
    this._rename();
  }

  get project(): string {
    return this._options.project;
  }

  get tab(): string {
    return this._tab;
  }

  set tab(tab: string) {
    if (tab !== this._tab) {
      this._tab = tab;
      this._options.onTab();
      this.update();
    }
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._options.session.projects.changed.disconnect(this._rename, this);
      super.dispose();
    }
  }

  protected render(): React.ReactElement {
    return (
      <ProjectBody
        session={this._options.session}
        name={this.project}
        tab={this._tab}
        onTab={tab => (this.tab = tab)}
        trans={this._options.trans}
      />
    );
  }

  private _rename(): void {
    const { session, project } = this._options;
    this.title.label = session.projects.get(project)?.title ?? project;
  }

  private _tab: string;
}
