/**
 * What all parts of the extension share: the routes, the one connection, and one model a noun.
 * Models of a job are counted: the first who asks makes it, the last who leaves ends it.
 */
import { IDisposable } from '@lumino/disposable';
import type { Api } from '../api/client';
import type { Job, Me, Project } from '../api/types';
import { Connection } from './connection';
import { EnginesModel } from './engines';
import { filters } from './filter';
import { JobModel } from './job';
import { JobsModel } from './jobs';
import { LogsModel } from './logs';
import { MetricsModel } from './metrics';
import { MyJobs } from './myjobs';
import { ProjectsModel } from './projects';
import { Reading } from './reading';
import { Recall } from './recall';
import { may } from './rights';
import { Stops } from './stops';

/** A counted share in a model; dispose it when done. */
export interface Share<T> extends IDisposable {
  readonly model: T;
}

/** Shares of one kind of model, by the job's id. */
class Shares<T extends IDisposable> {
  constructor(private readonly _make: (id: string) => T) {}

  take(id: string): Share<T> {
    const entry = this._entries.get(id) ?? { model: this._make(id), count: 0 };
    entry.count++;
    this._entries.set(id, entry);
    let isDisposed = false;
    return {
      model: entry.model,
      get isDisposed() {
        return isDisposed;
      },
      dispose: () => {
        if (!isDisposed) {
          isDisposed = true;
          this._leave(id, entry);
        }
      }
    };
  }

  /** All models that somebody has. */
  get all(): readonly T[] {
    return [...this._entries.values()].map(({ model }) => model);
  }

  /** The model if somebody has it. */
  peek(id: string): T | undefined {
    return this._entries.get(id)?.model;
  }

  private _leave(id: string, entry: { model: T; count: number }): void {
    entry.count--;
    if (entry.count === 0) {
      this._entries.delete(id);
      entry.model.dispose();
    }
  }

  private readonly _entries = new Map<string, { model: T; count: number }>();
}

/** See the module's comment. */
export class Session implements IDisposable {
  /** `user`: who the page was made for, where it says so. */
  constructor(
    readonly api: Api,
    private readonly _user: string | null = null
  ) {
    this.connection = new Connection({ open: () => api.events() });
    this.stops = new Stops({ send: id => api.stop(id), put: job => this.put(job) });
    this._recall = new Recall(api.server);
    window.addEventListener('pagehide', this._leave);
    const { connection, stops } = this;
    this._jobs = new Shares(
      id => new JobModel({ id, connection, stops, read: one => this.api.job(one) })
    );
    this._metrics = new Shares(
      id => new MetricsModel({ id, connection, read: (one, n) => this.api.metrics(one, n) })
    );
    this._logs = new Shares(
      id => new LogsModel({ id, connection, read: (one, query) => this.api.logs(one, query) })
    );
  }

  readonly connection: Connection;

  /** Jobs that are to stop, and may still go on. */
  readonly stops: Stops;

  /** Who is asking, and what is theirs. */
  get me(): Reading<Me> {
    this._me ??= new Reading({
      read: () => this.api.me(),
      connection: this.connection,
      topic: 'me',
      when: ['me']
    });
    return this._me;
  }

  /** The projects that one sees; made on first use. */
  get projects(): ProjectsModel {
    if (this._projects === null) {
      const { connection, me } = this;
      const list = () => this.api.sharing.projects();
      this._projects = new ProjectsModel({ connection, me, list });
      this._projects.changed.connect(this._follow, this);
      const last = this._user === null ? null : this._recall.last(this._user);
      if (last) {
        this._projects.remind(last);
      }
    }
    return this._projects;
  }

  /** The project that one works in; empty until it is known. */
  get project(): string {
    return this.projects.current?.name ?? '';
  }

  /** That project's jobs. */
  get jobs(): JobsModel {
    if (this._list === null) {
      this._list = new JobsModel({
        project: null,
        connection: this.connection,
        stops: this.stops,
        list: (project, query) => this.api.jobs(project, query)
      });
      this._list.listed.connect(this._keep, this);
      this.me.changed.connect(this._remind, this);
      this._follow();
    }
    return this._list;
  }

  /** One's own jobs that are under way, in all projects. */
  get myJobs(): MyJobs {
    if (this._myJobs === null) {
      const { connection, me, projects } = this;
      const list = (project: string, owner: string) => this.api.underWay(project, owner);
      this._myJobs = new MyJobs({ connection, me, projects, list });
    }
    return this._myJobs;
  }

  /** Read again whenever a job moves or an engine comes or goes. */
  get engines(): EnginesModel {
    if (this._engines === null) {
      this._engines = new EnginesModel(() => this.api.engines(), this.connection);
      this.jobs.moved.connect(this._engines.request, this._engines);
    }
    return this._engines;
  }

  get isDisposed(): boolean {
    return this.connection.isDisposed;
  }

  job(id: string): Share<JobModel> {
    return this._jobs.take(id);
  }

  metrics(id: string): Share<MetricsModel> {
    return this._metrics.take(id);
  }

  logs(id: string): Share<LogsModel> {
    return this._logs.take(id);
  }

  /** A job as it is known here, if it is. */
  known(id: string): Job | null {
    return this._list?.items.find(job => job.id === id) ?? this._jobs.peek(id)?.job ?? null;
  }

  /** Show what an action answered before the frame for it arrives. */
  put(job: Job): void {
    this._list?.put(job);
    this._jobs.peek(job.id)?.put(job);
  }

  dispose(): void {
    window.removeEventListener('pagehide', this._leave);
    this.stops.dispose();
    this._list?.dispose();
    this._myJobs?.dispose();
    this._engines?.dispose();
    this._projects?.dispose();
    this._me?.dispose();
    this.connection.dispose();
  }

  /** Jobs are shown as one may see them now: another project, or other rights, another list. */
  private _follow(): void {
    const { current, items } = this.projects;
    const wanted = current && may(current, 'job:list') ? current : null;
    const seen = JSON.stringify([wanted?.name, wanted?.capabilities]);
    if (this._list && seen !== this._seen) {
      this._seen = seen;
      this._list.setProject(wanted?.name ?? null);
      this._remind();
    }
    items.forEach(project => this._look(project));
  }

  /** Until the server has answered, what was shown last; to the same person. */
  private _remind(): void {
    const project = this._list?.project;
    const user = this._me?.value?.user ?? this._user;
    if (this._list && project && user) {
      this._list.remind(this._recall.of(user, project));
    }
  }

  private readonly _leave = (): void => {
    if (this._list && this._list.status === 'ready' && !filters(this._list.filter)) {
      this._keep(this._list);
    }
  };

  private _keep(list: JobsModel): void {
    const user = this._me?.value?.user;
    const { current } = this.projects;
    if (current && current.name === list.project && user) {
      this._recall.keep(user, current, list.items);
    }
  }

  private _look(project: Project): void {
    const rights = project.capabilities.join();
    if ((this._rights.get(project.name) ?? rights) !== rights) {
      const open = this._jobs.all.filter(model => model.job?.project === project.name);
      open.forEach(model => void model.refresh());
    }
    this._rights.set(project.name, rights);
  }

  private readonly _recall: Recall;
  private readonly _rights = new Map<string, string>();
  private readonly _jobs: Shares<JobModel>;
  private readonly _metrics: Shares<MetricsModel>;
  private readonly _logs: Shares<LogsModel>;
  private _me: Reading<Me> | null = null;
  private _projects: ProjectsModel | null = null;
  private _seen = '';
  private _list: JobsModel | null = null;
  private _myJobs: MyJobs | null = null;
  private _engines: EnginesModel | null = null;
}
