/**
 * Renders a job's display in a notebook, live and without a kernel. What the notebook holds is
 * data: an id that is checked, nothing that becomes HTML, and no address that is called.
 */
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { ISignal } from '@lumino/signaling';
import * as React from 'react';
import { isJobId } from '../api/client';
import type { Job } from '../api/types';
import { Message } from '../components/basics';
import type { JobModel } from '../models/job';
import type { LogsModel } from '../models/logs';
import type { MetricsModel } from '../models/metrics';
import { mayOnJob } from '../models/rights';
import type { Session, Share } from '../models/session';
import { JobCard } from './card';

export const MIME_TYPE = 'application/vnd.submarine.job+json';

/** Before the ipywidget of the same display, whose rank is -10. */
export const RANK = -100;

export interface OutputOptions {
  session: Session;
  onStop: (id: string) => void;
  onOpen: (id: string) => void;
  theme: { name: () => string; changed: ISignal<unknown, unknown> } | null;
  trans: TranslationBundle;
}

interface Shared {
  job: Share<JobModel>;
  metrics: Share<MetricsModel>;
  logs: Share<LogsModel>;
}

/** The factory to give to the lab's rendermime registry. */
export function outputFactory(options: OutputOptions): IRenderMime.IRendererFactory {
  return {
    safe: true,
    mimeTypes: [MIME_TYPE],
    createRenderer: () => new JobOutput(options)
  };
}

/** See the module's comment. */
export class JobOutput extends ReactWidget implements IRenderMime.IRenderer {
  constructor(private readonly _options: OutputOptions) {
    super();
    this.addClass('sub-Output');
    _options.theme?.changed.connect(this.update, this);
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const id = idOf(model.data[MIME_TYPE]);
    this._trusted = model.trusted;
    if (id !== this._id) {
      this._release();
      this._id = id;
      this._shared = id === null ? null : this._take(id);
    }
    this.update();
    await this.renderPromise;
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._options.theme?.changed.disconnect(this.update, this);
      this._release();
      super.dispose();
    }
  }

  protected render(): React.ReactElement {
    const { theme, trans, onStop, onOpen } = this._options;
    const { _id: id, _shared: shared } = this;
    if (id === null || shared === null) {
      return <Message kind="failed">{trans.__('This output names no job.')}</Message>;
    }
    return (
      <JobCard
        job={shared.job.model}
        metrics={shared.metrics.model}
        logs={shared.logs.model}
        mayStop={job => this._mayStop(job)}
        onStop={() => onStop(id)}
        onOpen={() => onOpen(id)}
        theme={theme?.name() ?? ''}
        trans={trans}
      />
    );
  }

  private _mayStop(job: Job): boolean {
    const { me, projects } = this._options.session;
    const user = me.value?.user ?? null;
    return this._trusted && mayOnJob('stop', job, projects.get(job.project), user);
  }

  private _take(id: string): Shared {
    const { session } = this._options;
    return { job: session.job(id), metrics: session.metrics(id), logs: session.logs(id) };
  }

  private _release(): void {
    this._shared?.job.dispose();
    this._shared?.metrics.dispose();
    this._shared?.logs.dispose();
    this._shared = null;
  }

  private _id: string | null = null;
  private _shared: Shared | null = null;
  private _trusted = false;
}

/** The id that an output holds; null for whatever can't be one. */
export function idOf(data: unknown): string | null {
  const id = (data as { id?: unknown } | null | undefined)?.id;
  return isJobId(id) ? id : null;
}
