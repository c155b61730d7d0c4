/** The New job forms that are open: begun, gone on with, and brought back after a reload. */
import type { ILayoutRestorer } from '@jupyterlab/application';
import { MainAreaWidget, Notification, WidgetTracker } from '@jupyterlab/apputils';
import { UUID } from '@lumino/coreutils';
import type { Job } from './api/types';
import type { Draft } from './models/draft';
import { bringView, placeView } from './mainarea';
import { Drafts, type Store } from './models/drafts';
import type { Desk } from './models/newjob';
import { noteUsual, usual } from './models/usual';
import { NewJobForm } from './panels/newjob';
import { Commands } from './tokens';
import type { ViewsOptions } from './views';

export interface NewJobsOptions extends Pick<ViewsOptions, 'app' | 'session' | 'files' | 'trans'> {
  state: Store | null;
  restorer: ILayoutRestorer | null;
  openJob: (id: string) => void;
}

/** See the module's comment. */
export class NewJobs {
  constructor(private readonly _options: NewJobsOptions) {
    this.drafts = new Drafts(_options.state);
    void _options.restorer?.restore(this._tracker, {
      command: Commands.newJob,
      args: ({ content }) => ({ draft: content.key }),
      name: ({ content }) => content.key
    });
  }

  readonly drafts: Drafts;

  /** Show an empty form, or one that starts with something; `then` hears of the job. */
  begin(initial: Partial<Draft>, then?: (job: Job) => void): void {
    this._show(UUID.uuid4(), initial, then);
  }

  /** Where and with how much the last job ran. */
  usual(): Promise<Partial<Draft>> {
    return usual(this._options.state);
  }

  /** How a job that is being written reaches the server and the lab's files. */
  get desk(): Desk {
    const { session, files } = this._options;
    return {
      pack: (folder, project) => session.api.pack(folder, project),
      preflight: (project, spec) => session.api.preflight(project, spec),
      submit: (project, spec, id) => session.api.submit(project, spec, id),
      parameters: files.parameters,
      project: () => session.project
    };
  }

  /** Show a form that was begun earlier; an empty one where nothing was kept of it. */
  async resume(key: string): Promise<void> {
    await this.drafts.ready;
    const open = this._tracker.find(({ content }) => content.key === key);
    if (open) {
      bringView(this._options.app.shell, open);
    } else {
      this._show(key, {});
    }
  }

  private _show(key: string, initial: Partial<Draft>, then?: (job: Job) => void): void {
    const { app, session, files, state, trans, openJob } = this._options;
    const content = new NewJobForm({
      key,
      session,
      files,
      desk: this.desk,
      initial,
      drafts: this.drafts,
      open: () => this._open(),
      onResume: other => {
        // It takes the place of the empty form that offered it.
        void this.resume(other).then(() => widget.dispose());
      },
      onSubmitted: (job, warnings, draft) => {
        widget.dispose();
        warnings.forEach(text => Notification.warning(text, { autoClose: 10_000 }));
        session.put(job);
        void noteUsual(state, draft);
        then?.(job);
        openJob(job.id);
      },
      trans
    });
    const widget = new MainAreaWidget({ content });
    widget.id = `submarine-new-job-${key}`;
    void this._tracker.add(widget);
    placeView(app.shell, widget);
    bringView(app.shell, widget);
  }

  private _open(): string[] {
    const keys: string[] = [];
    this._tracker.forEach(({ content }) => keys.push(content.key));
    return keys;
  }

  private readonly _tracker = new WidgetTracker<MainAreaWidget<NewJobForm>>({
    namespace: 'submarine-new-jobs'
  });
}
