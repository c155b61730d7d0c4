/** The left panel as a widget of the lab. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import { ISignal, Signal } from '@lumino/signaling';
import * as React from 'react';
import { flushSync } from 'react-dom';
import { submarineIcon } from '../../components/icons';
import type { Session } from '../../models/session';
import { SideBody, type SideActions } from './body';

export interface SidePanelOptions {
  session: Session;
  actions: SideActions;
  trans: TranslationBundle;
}

/** See the module's comment. */
export class SidePanel extends ReactWidget {
  constructor(private readonly _options: SidePanelOptions) {
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

  /** Which section is shown: jobs, project or queue. */
  get section(): string {
    return this._section;
  }

  set section(section: string) {
    this._section = section;
    this._sectionChanged.emit(section);
    this.update();
  }

  get sectionChanged(): ISignal<this, string> {
    return this._sectionChanged;
  }

  /** Drawn at once: while the lab starts, React's own turn may be long in coming. */
  protected onUpdateRequest(message: Message): void {
    flushSync(() => super.onUpdateRequest(message));
  }

  protected render(): React.ReactElement {
    return (
      <SideBody
        {...this._options}
        opened={this._selected}
        section={this._section}
        onSection={section => (this.section = section)}
      />
    );
  }

  private readonly _sectionChanged = new Signal<this, string>(this);
  private _selected: string | null = null;
  private _section = 'jobs';
}
