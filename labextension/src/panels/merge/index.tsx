/** A merge as a widget of the main area. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';
import { submarineIcon } from '../../components/icons';
import type { MergeModel } from '../../models/merges';
import { MergeBody } from './body';

export interface MergeViewOptions {
  name: string;
  model: MergeModel;
  onClose: () => void;
  trans: TranslationBundle;
}

/** See the module's comment. */
export class MergeView extends ReactWidget {
  constructor(private readonly _options: MergeViewOptions) {
    super();
    const { name, trans } = _options;
    this.addClass('sub-Main');
    this.title.icon = submarineIcon;
    this.title.label = trans.__('Merge %1', name);
    this.title.closable = true;
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._options.model.dispose();
      super.dispose();
    }
  }

  protected render(): React.ReactElement {
    return <MergeBody {...this._options} />;
  }
}
