/**
 * Puts the state of its job below each cell of a notebook that was run as one. Footers are
 * children of their cells, so they move, scroll and go with them, in windowed notebooks too.
 */
import type { Cell, ICellModel } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { PanelLayout } from '@lumino/widgets';
import * as React from 'react';
import type { Job } from '../api/types';
import { jobOf, KEY, linkTo, type LinkedCell } from '../models/celllink';
import type { JobModel } from '../models/job';
import { mayOnJob } from '../models/rights';
import type { Session, Share } from '../models/session';
import { CellFooter } from './footer';

export interface FootersOptions {
  session: Session;
  onStop: (id: string) => void;
  onOpen: (id: string) => void;
  trans: TranslationBundle;
}

/** The oldest format whose cells have ids that last. */
const WITH_IDS = 5;

/** Say in the cell's metadata which job it was run as. */
export function linkCell(panel: NotebookPanel, cell: Cell, job: string): void {
  const lasting = (panel.content.model?.nbformatMinor ?? 0) >= WITH_IDS;
  STARTED.add(job);
  cell.model.setMetadata(KEY, linkTo(job, lasting ? cell.model.id : null));
}

/** Jobs that were begun here by whoever looks: these may be stopped wherever they are shown. */
const STARTED = new Set<string>();

/** See the module's comment; one for each open notebook. */
export class CellFooters {
  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _options: FootersOptions
  ) {
    _panel.content.modelContentChanged.connect(this._later, this);
    _panel.content.modelChanged.connect(this._later, this);
    void _panel.context.ready.then(() => this._later());
    _panel.disposed.connect(() => this._footers.forEach(footer => footer.dispose()));
  }

  /** Once for many changes: also typing is one. */
  private _later(): void {
    if (this._frame === 0) {
      this._frame = window.requestAnimationFrame(() => {
        this._frame = 0;
        this._update();
      });
    }
  }

  private _update(): void {
    const { content } = this._panel;
    if (this._panel.isDisposed || !content.model) {
      return;
    }
    const models: LinkedCell[] = [...content.model.cells];
    for (const cell of content.widgets) {
      this._attend(cell, jobOf(cell.model, models));
    }
  }

  private _attend(cell: Cell, job: string | null): void {
    const footer = this._footers.get(cell);
    if (footer && footer.jobId === job) {
      footer.update();
      return;
    }
    footer?.dispose();
    this._footers.delete(cell);
    if (job !== null) {
      this._add(cell, job);
    }
  }

  private _add(cell: Cell, job: string): void {
    const footer = new FooterWidget(job, cell.model, this._options);
    this._footers.set(cell, footer);
    cell.disposed.connect(() => {
      footer.dispose();
      this._footers.delete(cell);
    });
    // A cell that has not been in view yet has nothing that a footer could stand below.
    void cell.ready.then(() => {
      if (!cell.isDisposed && !footer.isDisposed) {
        (cell.layout as PanelLayout).addWidget(footer);
      }
    });
  }

  private readonly _footers = new Map<Cell, FooterWidget>();
  private _frame = 0;
}

/** One footer. It holds its share of the job for as long as the cell lives. */
class FooterWidget extends ReactWidget {
  constructor(
    readonly jobId: string,
    private readonly _cell: ICellModel,
    private readonly _options: FootersOptions
  ) {
    super();
    this.addClass('sub-Output');
    this.addClass('sub-CellFooterHost');
    this._shared = _options.session.job(jobId);
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._shared.dispose();
      super.dispose();
    }
  }

  protected render(): React.ReactElement {
    const { onStop, onOpen, trans } = this._options;
    return (
      <CellFooter
        job={this._shared.model}
        changedSince={job => this._changedSince(job)}
        mayStop={job => this._mayStop(job)}
        onStop={() => onStop(this.jobId)}
        onOpen={() => onOpen(this.jobId)}
        onDismiss={() => this._cell.deleteMetadata(KEY)}
        trans={trans}
      />
    );
  }

  /** Whoever may not see what ran is told nothing. */
  private _changedSince({ spec: { code } }: Job): boolean {
    return typeof code === 'string' && !code.endsWith(this._cell.sharedModel.getSource().trim());
  }

  private _mayStop(job: Job): boolean {
    const { me, projects } = this._options.session;
    const user = me.value?.user ?? null;
    const trusted = this._cell.trusted || STARTED.has(this.jobId);
    return trusted && mayOnJob('stop', job, projects.get(job.project), user);
  }

  private readonly _shared: Share<JobModel>;
}
