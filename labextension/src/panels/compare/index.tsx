/** Jobs beside each other as a widget of the main area; it holds its shares of their models. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';
import * as React from 'react';
import { submarineIcon } from '../../components/icons';
import { RunsModel } from '../../models/runs';
import type { Session } from '../../models/session';
import { memoryOf, type Memory } from '../../models/comparison';
import type { CurvesActions } from '../curves';
import { CompareBody, type CompareActions } from './body';

export interface CompareViewOptions {
  /** Tells this view from others, also after a reload. */
  key: string;
  ids: readonly string[];
  /** How it was looked at; whatever was stored. */
  memory: unknown;
  session: Session;
  curves: CurvesActions;
  actions: CompareActions;
  /** The lab's theme and its changes; without it the chart keeps its first colours. */
  theme: { name: () => string; changed: ISignal<unknown, unknown> } | null;
  /** Something that is worth remembering has changed. */
  onChange: () => void;
  trans: TranslationBundle;
}

/** See the module's comment. */
export class CompareView extends ReactWidget {
  constructor(private readonly _options: CompareViewOptions) {
    super();
    const { ids, session, theme } = _options;
    this.runs = new RunsModel(
      { job: id => session.job(id), metrics: id => session.metrics(id) },
      ids
    );
    this._memory = memoryOf(_options.memory);
    this.addClass('sub-Main');
    this.title.icon = submarineIcon;
    this.title.closable = true;
    this.runs.idsChanged.connect(this._renamed, this);
    this._rename();
    theme?.changed.connect(this.update, this);
  }

  readonly runs: RunsModel;

  get key(): string {
    return this._options.key;
  }

  /** How it is looked at, as it is stored. */
  get memory(): ReadonlyPartialJSONObject {
    return { ...this._memory } as unknown as ReadonlyPartialJSONObject;
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._options.theme?.changed.disconnect(this.update, this);
      this.runs.dispose();
      super.dispose();
    }
  }

  protected render(): React.ReactElement {
    const { actions, curves, theme, trans } = this._options;
    return (
      <CompareBody
        runs={this.runs}
        memory={this._memory}
        onMemory={memory => {
          this._memory = memory;
          this._options.onChange();
          this.update();
        }}
        curves={curves}
        theme={theme?.name() ?? ''}
        actions={actions}
        trans={trans}
      />
    );
  }

  private _renamed(): void {
    this._rename();
    this._options.onChange();
  }

  private _rename(): void {
    const { trans } = this._options;
    const count = this.runs.ids.length;
    this.title.label = trans._n('Compare %1 job', 'Compare %1 jobs', count);
  }

  private _memory: Memory;
}
