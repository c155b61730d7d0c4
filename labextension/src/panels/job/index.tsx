/** A job's view as a widget of the main area; it holds its shares of the job's models. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { ISignal } from '@lumino/signaling';
import * as React from 'react';
import { complain } from '../../complaints';
import { submarineIcon } from '../../components/icons';
import type { Choice } from '../../models/choice';
import type { JobModel } from '../../models/job';
import type { LogsModel } from '../../models/logs';
import { LogSearchModel } from '../../models/logsearch';
import type { MetricsModel } from '../../models/metrics';
import { may } from '../../models/rights';
import type { Session, Share } from '../../models/session';
import type { CurvesActions } from '../curves';
import { JobBody, type FileActions, type RunActions } from './body';
import type { JobViewActions } from './header';

export interface JobViewOptions {
  id: string;
  tab: string;
  session: Session;
  /** How its curves are looked at. */
  choice: Choice;
  actions: Omit<JobViewActions, 'retry'> & FileActions & RunActions;
  curves: CurvesActions;
  /** The lab's theme and its changes; without it the chart keeps its first colours. */
  theme: { name: () => string; changed: ISignal<unknown, unknown> } | null;
  /** The tab, or how curves are looked at, is another. */
  onChange: () => void;
  trans: TranslationBundle;
}

/** See the module's comment. */
export class JobView extends ReactWidget {
  constructor(private readonly _options: JobViewOptions) {
    super();
    const { id, session, tab, theme, trans } = _options;
    this._tab = tab;
    this._choice = _options.choice;
    this._job = session.job(id);
    this._metrics = session.metrics(id);
    this.addClass('sub-Main');
    this.title.label = trans.__('Job');
    this.title.icon = submarineIcon;
    this.title.closable = true;
    this._job.model.changed.connect(this._rename, this);
    // A model that a card shares may know the job already, and then nothing changes.
    this._rename();
    theme?.changed.connect(this.update, this);
    session.projects.changed.connect(this._forget, this);
  }

  get jobId(): string {
    return this._options.id;
  }

  /** The job's project, as far as it was ever known. */
  get project(): string | null {
    return this._project;
  }

  get tab(): string {
    return this._tab;
  }

  set tab(tab: string) {
    if (tab !== this._tab) {
      this._tab = tab;
      this._options.onChange();
      this.update();
    }
  }

  get choice(): Choice {
    return this._choice;
  }

  set choice(choice: Choice) {
    this._choice = choice;
    this._options.onChange();
    this.update();
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._job.model.changed.disconnect(this._rename, this);
      this._options.theme?.changed.disconnect(this.update, this);
      this._job.dispose();
      this._metrics.dispose();
      this._options.session.projects.changed.disconnect(this._forget, this);
      this._closeLogs();
      super.dispose();
    }
  }

  protected render(): React.ReactElement {
    const { session, actions, curves, theme, trans } = this._options;
    return (
      <JobBody
        session={session}
        models={{
          job: this._job.model,
          metrics: this._metrics.model,
          logs: () => this._readLogs()
        }}
        tab={this._tab}
        onTab={tab => (this.tab = tab)}
        choice={this._choice}
        onChoice={choice => (this.choice = choice)}
        curves={curves}
        theme={theme?.name() ?? ''}
        actions={{ ...actions, retry: () => void this._retry() }}
        onClose={() => this.parent?.dispose()}
        trans={trans}
      />
    );
  }

  /** The next attempt is shown at once; if it may not be, the one before is there again. */
  private async _retry(): Promise<void> {
    const { session, id } = this._options;
    const { model } = this._job;
    const attempt = (model.job?.attempt ?? 0) + 1;
    const cleared = {
      queued: null,
      started: null,
      finished: null,
      progress: null,
      exit_code: null
    };
    const guess = { ...cleared, state: 'pending', attempt, reason: null, remedy: null } as const;
    try {
      await model.foresee(guess, () => session.api.retry(id));
    } catch (error) {
      complain(error);
    }
  }

  /** Logs are read when they are first shown: not everybody may. */
  private _readLogs(): { logs: LogsModel; search: LogSearchModel } {
    const { id, session } = this._options;
    this._logs ??= session.logs(id);
    const logs = this._logs.model;
    this._search ??= new LogSearchModel({
      logs,
      search: (one, query) => session.api.searchLog(one, query)
    });
    return { logs, search: this._search };
  }

  private _closeLogs(): void {
    this._search?.dispose();
    this._logs?.dispose();
    this._search = this._logs = null;
  }

  /** A log that one may not read any more has ended; whoever may again reads it anew. */
  private _forget(): void {
    const { session } = this._options;
    if (this._project !== null && !may(session.projects.get(this._project), 'job:logs')) {
      this._closeLogs();
    }
  }

  private _rename(): void {
    const { job } = this._job.model;
    this.title.label = job?.name ?? this._options.trans.__('Job');
    this._project = job?.project ?? this._project;
    if (this._job.model.missing) {
      this._closeLogs();
    }
  }

  private readonly _job: Share<JobModel>;
  private readonly _metrics: Share<MetricsModel>;
  private _logs: Share<LogsModel> | null = null;
  private _search: LogSearchModel | null = null;
  private _tab: string;
  private _choice: Choice;
  private _project: string | null = null;
}
