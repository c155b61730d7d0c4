/** The main-area views: opens them, keeps one a job, and brings them back after a reload. */
import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import {
  MainAreaWidget,
  Notification,
  WidgetTracker,
  type IThemeManager
} from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { JobSpec } from './api/types';
import { complain } from './complaints';
import type { Store } from './models/drafts';
import type { Session } from './models/session';
import { UUID, type ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Widget } from '@lumino/widgets';
import { choiceOf, type Choice } from './models/choice';
import type { CurvesActions } from './panels/curves';
import { curvesActions } from './panels/curves/actions';
import { CompareView } from './panels/compare';
import { chooseJobs, FEWEST, MOST } from './panels/compare/choose';
import { JobView, type JobViewOptions } from './panels/job';
import type { Files } from './panels/newjob/body';
import { PeopleView } from './panels/people';
import { ProjectView } from './panels/project';
import { TeamsView } from './panels/teams';
import { areaOf, bringView, placeView } from './mainarea';
import { NewJobs } from './newjobs';
import { Commands } from './tokens';

export interface ViewsOptions {
  app: JupyterFrontEnd;
  session: Session;
  files: Files;
  openNotebook: (name: string, content: unknown) => Promise<void>;
  themes: IThemeManager | null;
  restorer: ILayoutRestorer | null;
  /** Where forms that were begun are kept. */
  state: Store | null;
  trans: TranslationBundle;
}

/** See the module's comment. */
export class Views {
  constructor(private readonly _options: ViewsOptions) {
    this.newJobs = new NewJobs({ ..._options, openJob: id => this.openJob(id) });
    const { session, trans } = _options;
    this._curves = curvesActions(session, id => this.openJob(id), trans);
    void _options.restorer?.restore(this.jobs, {
      command: Commands.openJob,
      args: ({ content }) => ({
        id: content.jobId,
        tab: content.tab,
        curves: { ...content.choice } as unknown as ReadonlyPartialJSONObject
      }),
      name: ({ content }) => content.jobId
    });
    void _options.restorer?.restore(this.projects, {
      command: Commands.openProject,
      args: ({ content }) => ({ project: content.project, tab: content.tab }),
      name: ({ content }) => content.project
    });
    void _options.restorer?.restore(this.comparisons, {
      command: Commands.compare,
      args: ({ content }) => ({
        ids: [...content.runs.ids],
        key: content.key,
        look: content.memory
      }),
      name: ({ content }) => content.key
    });
    _options.session.projects.gone.connect(this._close, this);
  }

  /** The New job forms. */
  readonly newJobs: NewJobs;

  /** The open job views. */
  readonly jobs = new WidgetTracker<MainAreaWidget<JobView>>({ namespace: 'submarine-jobs' });

  /** The open project views. */
  readonly projects = new WidgetTracker<MainAreaWidget<ProjectView>>({
    namespace: 'submarine-projects'
  });

  /** The open comparisons. */
  readonly comparisons = new WidgetTracker<MainAreaWidget<CompareView>>({
    namespace: 'submarine-comparisons'
  });

  /** The job whose view is in front, if one is. */
  get jobInFront(): string | null {
    const front = this._options.app.shell.currentWidget;
    return this.jobs.find(widget => widget === front)?.content.jobId ?? null;
  }

  /** Show a job, in the view that it has or in a new one. */
  openJob(id: string, tab?: string, curves?: unknown): void {
    const known = this.jobs.find(({ content }) => content.jobId === id);
    const widget = known ?? this._jobView(id, tab ?? this._firstTab(id), choiceOf(curves));
    if (tab !== undefined) {
      widget.content.tab = tab;
    }
    bringView(this._options.app.shell, widget);
  }

  /** Show jobs beside each other; `key` brings back a view that was open before. */
  compare(ids: readonly string[], key: string = UUID.uuid4(), look?: unknown): void {
    const same = [...ids].sort().join();
    const known = this.comparisons.find(
      ({ content }) => [...content.runs.ids].sort().join() === same
    );
    bringView(this._options.app.shell, known ?? this._compareView(ids, key, look));
  }

  /** Ask which jobs to show beside each other, some perhaps chosen already. */
  async chooseToCompare(ids: readonly string[]): Promise<void> {
    const { session, trans } = this._options;
    const initial = await Promise.all(ids.map(id => session.api.job(id)));
    chooseJobs({
      title: trans.__('Compare which jobs?'),
      accept: trans.__('Compare'),
      session,
      project: initial[0]?.project,
      initial,
      least: FEWEST,
      onAccept: chosen => this.compare(chosen),
      trans
    });
  }

  /** Show a project, in the view that it has or in a new one. */
  openProject(project: string, tab?: string): void {
    const known = this.projects.find(({ content }) => content.project === project);
    const widget = known ?? this._projectView(project, tab ?? 'about');
    widget.content.tab = tab ?? widget.content.tab;
    bringView(this._options.app.shell, widget);
  }

  openTeams(): void {
    const { session, trans } = this._options;
    this._single('submarine-teams', () => new TeamsView({ session, trans }));
  }

  openPeople(): void {
    const { session, trans } = this._options;
    this._single('submarine-people', () => new PeopleView({ session, trans }));
  }

  /** A view of which there is one. */
  private _single(id: string, make: () => Widget): void {
    const { shell } = this._options.app;
    const known = [...shell.widgets(areaOf(shell))].find(widget => widget.id === id);
    const widget = known ?? new MainAreaWidget({ content: make() });
    if (!known) {
      widget.id = id;
      placeView(shell, widget);
    }
    bringView(shell, widget);
  }

  private _projectView(project: string, tab: string): MainAreaWidget<ProjectView> {
    const { app, session, trans } = this._options;
    const onTab = () => void this.projects.save(widget);
    const content = new ProjectView({ project, tab, session, onTab, trans });
    const widget = new MainAreaWidget({ content });
    widget.id = `submarine-project-${project}`;
    void this.projects.add(widget);
    placeView(app.shell, widget);
    return widget;
  }

  /** What one may not see any more is not left on the screen. */
  private _close(_: unknown, project: string): void {
    this.projects.filter(({ content }) => content.project === project).forEach(dispose);
  }

  /** What ended without a metric is opened for what it said. */
  private _firstTab(id: string): string {
    const job = this._options.session.jobs.items.find(one => one.id === id);
    return job?.finished && Object.keys(job.latest).length === 0 ? 'logs' : 'metrics';
  }

  private _jobView(id: string, tab: string, choice: Choice): MainAreaWidget<JobView> {
    const { app, session, themes, trans } = this._options;
    const content = new JobView({
      id,
      tab,
      choice,
      curves: this._curves,
      session,
      theme: themes && { name: () => themes.theme ?? '', changed: themes.themeChanged },
      actions: this._actions(id),
      onChange: () => void this.jobs.save(widget),
      trans
    });
    const widget = new MainAreaWidget({ content });
    widget.id = `submarine-job-${id}`;
    void this.jobs.add(widget);
    placeView(app.shell, widget);
    return widget;
  }

  private _compareView(
    ids: readonly string[],
    key: string,
    look: unknown
  ): MainAreaWidget<CompareView> {
    const { app, session, themes, trans } = this._options;
    const add = (taken: readonly string[]) =>
      chooseJobs({
        title: trans.__('Add which jobs?'),
        accept: trans.__('Add'),
        session,
        project: content.runs.items.find(({ job }) => job.job)?.job.job?.project,
        taken,
        most: MOST - taken.length,
        onAccept: more => content.runs.add(more),
        trans
      });
    const content = new CompareView({
      key,
      ids,
      memory: look,
      session,
      curves: this._curves,
      theme: themes && { name: () => themes.theme ?? '', changed: themes.themeChanged },
      actions: {
        open: id => this.openJob(id),
        add,
        copy: text => void this._reported(this._copy(text))
      },
      onChange: () => void this.comparisons.save(widget),
      trans
    });
    const widget = new MainAreaWidget({ content });
    widget.id = `submarine-compare-${key}`;
    void this.comparisons.add(widget);
    placeView(app.shell, widget);
    return widget;
  }

  private _actions(id: string): JobViewOptions['actions'] {
    const { app, session } = this._options;
    return {
      stop: () => session.stops.ask([id]),
      undoStop: () => session.stops.undo([id]),
      remove: () => void app.commands.execute(Commands.deleteJob, { id }),
      rerun: (project, spec) => void this._reported(this._rerun(project, spec)),
      replace: (project, spec) => void this._reported(this._replace(id, project, spec)),
      openVersion: (project, path, version, to) =>
        void app.commands.execute(Commands.history, { project, path, version, to }),
      openJob: other => this.openJob(other, 'details'),
      openArtifact: path => void this._reported(this._openArtifact(id, path)),
      copy: text => void this._reported(this._copy(text)),
      overlay: (taken, onAccept) => this._overlay(id, taken, onAccept),
      compare: ids => void app.commands.execute(Commands.compare, { ids: [...ids] })
    };
  }

  /** Which runs to lay over a job's: of its own project. */
  private _overlay(
    id: string,
    taken: readonly string[],
    onAccept: (ids: readonly string[]) => void
  ): void {
    const { session, trans } = this._options;
    const { project } = this.jobs.find(({ content }) => content.jobId === id)?.content ?? {};
    chooseJobs({
      title: trans.__('Overlay which runs?'),
      accept: trans.__('Overlay'),
      session,
      project: project ?? undefined,
      taken,
      most: MOST - taken.length,
      onAccept,
      trans
    });
  }

  private readonly _curves: CurvesActions;

  private async _rerun(project: string, spec: JobSpec): Promise<void> {
    const { session } = this._options;
    const job = await session.api.submit(project, spec, UUID.uuid4());
    session.jobs.put(job);
    this.openJob(job.id);
  }

  /** If the other is refused, the job goes on waiting. */
  private async _replace(id: string, project: string, spec: JobSpec): Promise<void> {
    await this._rerun(project, spec);
    await this._options.app.commands.execute(Commands.stopJob, { id });
  }

  private async _openArtifact(id: string, path: string): Promise<void> {
    const text = await this._options.session.api.artifactText(id, path);
    const stem = (path.split('/').pop() ?? path).replace(/\.ipynb$/, '');
    await this._options.openNotebook(`${stem}-${id}.ipynb`, JSON.parse(text));
  }

  private async _copy(text: string): Promise<void> {
    await navigator.clipboard.writeText(text);
    Notification.success(this._options.trans.__('Copied.'), { autoClose: 1500 });
  }

  /** What goes wrong is said, in one sentence. */
  private async _reported(action: Promise<void>): Promise<void> {
    try {
      await action;
    } catch (error) {
      complain(error);
    }
  }
}

function dispose(widget: Widget): void {
  widget.dispose();
}
