/**
 * What all parts of the extension share: the routes, the one connection, and one model a noun.
 * Models of a job are counted: the first who asks makes it, the last who leaves ends it.
 */
import { IDisposable } from '@lumino/disposable';
import type { Api } from '../api/client';
import type { Job } from '../api/types';
import { Connection } from './connection';
import { EnginesModel } from './engines';
import { JobModel } from './job';
import { JobsModel } from './jobs';
import { LogsModel } from './logs';
import { MetricsModel } from './metrics';

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
  constructor(readonly api: Api) {
    this.connection = new Connection({ open: () => api.events() });
    const { connection } = this;
    this._jobs = new Shares(id => new JobModel({ id, connection, read: one => this.api.job(one) }));
    this._metrics = new Shares(
      id => new MetricsModel({ id, connection, read: (one, n) => this.api.metrics(one, n) })
    );
    this._logs = new Shares(
      id => new LogsModel({ id, connection, read: (one, query) => this.api.logs(one, query) })
    );
  }

  readonly connection: Connection;
  readonly project = 'default';

  /** The project's jobs; made on first use, so that a lab without the panel costs nothing. */
  get jobs(): JobsModel {
    this._list ??= new JobsModel({
      project: this.project,
      connection: this.connection,
      list: (project, query) => this.api.jobs(project, query)
    });
    return this._list;
  }

  /** Read again whenever a job moves. */
  get engines(): EnginesModel {
    if (this._engines === null) {
      this._engines = new EnginesModel(() => this.api.engines());
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

  /** Show what an action answered before the frame for it arrives. */
  put(job: Job): void {
    this._list?.put(job);
    this._jobs.peek(job.id)?.put(job);
  }

  dispose(): void {
    this._list?.dispose();
    this._engines?.dispose();
    this.connection.dispose();
  }

  private readonly _jobs: Shares<JobModel>;
  private readonly _metrics: Shares<MetricsModel>;
  private readonly _logs: Shares<LogsModel>;
  private _list: JobsModel | null = null;
  private _engines: EnginesModel | null = null;
}
