/* Made by `npm run types` from docs/reference/openapi.json. Do not edit. */

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** A folder as the lab's file browser names it, relative to the server's root. */
export interface FolderToPack {
  folder: string;
}

/** Opens one WebSocket within 30 seconds. */
export interface Ticket {
  ticket: string;
}

/** Nothing to choose. */
export interface TicketRequest {
}

/** `ready` is False (status 503) while the services could not be opened. */
export interface Health {
  live: boolean;
  ready: boolean;
}

/** Nothing to choose yet. */
export interface RetryRequest {
}

/** How long the job may take to end by itself, in seconds, before it is killed. */
export interface StopRequest {
  grace_seconds?: number;
}

/** `code` is for programs, `detail` one sentence for people, `field` what to change. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  field?: string;
}

/** A folder of the server as a bundle; `size` in bytes, gzipped. */
export interface Packed {
  sha256: string;
  files: number;
  size: number;
  warnings: Array<string>;
}

/** A job as everybody sees it. Times are RFC 3339 UTC strings with a `Z`. */
export interface Job {
  id: string;
  project: string;
  owner: string;
  name: string;
  spec: JobSpec;
  state: JobState;
  target: Target;
  engine: string;
  reason: string | null;
  remedy: JobSpec | null;
  attempt: number;
  created: string;
  queued: string | null;
  started: string | null;
  finished: string | null;
  progress: Progress | null;
  latest: { [name: string]: number | string };
  exit_code: number | null;
  ranks: number;
  revision: number;
}

/** What to run: exactly one of `command`, `script`, `notebook` or `code`. */
export interface JobSpec {
  command?: Array<string> | null;
  script?: string | null;
  args?: Array<string>;
  notebook?: string | null;
  parameters?: { [name: string]: Json };
  code?: string | null;
  name?: string | null;
  engine?: string | null;
  environment?: string | null;
  bundle?: string | null;
  workdir?: string | null;
  env?: { [name: string]: string };
  secrets?: Array<string>;
  resources?: Resources;
  distributed?: Distributed;
  retries?: number;
  timeout_seconds?: number | null;
  queue?: string | null;
  priority?: number;
  tags?: Array<string>;
  outputs?: Array<string>;
}

/** What one node of the job needs, in Kubernetes notation. */
export interface Resources {
  cpu?: number | string;
  memory?: number | string | null;
  gpu?: number;
  gpu_type?: string | null;
}

/** How many ranks: `nodes * processes_per_node`. */
export interface Distributed {
  framework?: Framework;
  nodes?: number;
  processes_per_node?: number;
}

/** Which variables the ranks of a distributed job find in their environment. */
export type Framework = 'mpi' | 'none' | 'tensorflow' | 'torch' | 'xgboost';

/** See the module's docstring for what each means. */
export type JobState = 'cancelled' | 'failed' | 'lost' | 'pending' | 'queued' | 'running' | 'succeeded';

/** What people want of a job. */
export type Target = 'run' | 'stop';

/** How far a job is: `fraction` 0 to 1 or unknown, `eta_seconds` or unknown. */
export interface Progress {
  fraction: number | null;
  message: string | null;
  eta_seconds: number | null;
}

/** A job's latest attempt. `seq` is the cursor from which to follow what comes. */
export interface Metrics {
  series: { [name: string]: Series };
  params: { [name: string]: Json };
  seq: number;
}

/** One metric's points as columns. `time` is seconds since the epoch (UTC). */
export interface Series {
  step: Array<number>;
  value: Array<number | string>;
  time: Array<number>;
}

/** The asker. `capabilities` are those in the personal project. */
export interface Me {
  user: string;
  teams: Array<string>;
  admin: boolean;
  capabilities: Array<string>;
  personal_project: string | null;
}

/** One page of a list. */
export interface Page_Job_ {
  items: Array<Job>;
  next: string | null;
}

/** One page of a list. */
export interface Page_Project_ {
  items: Array<Project>;
  next: string | null;
}

/** The root of everything that is shared. `name` is a slug, `title` free text. */
export interface Project {
  name: string;
  title: string;
  owner: string;
  created: string;
}

/** One page of a list. */
export interface Page_EngineInfo_ {
  items: Array<EngineInfo>;
  next: string | null;
}

/** What `GET /engines` tells of an engine. `queue` counts waiting tasks; `python` is the interpreter of jobs that name no `environment`, where the engine knows one. */
export interface EngineInfo {
  name: string;
  title: string;
  healthy: boolean;
  reason: string | null;
  capacity: Capacity | null;
  in_use: Capacity | null;
  queue: number;
  running: number;
  python: string | null;
}

/** What an engine has in all or what is in use: CPUs (1.5), bytes, GPUs. */
export interface Capacity {
  cpu: number;
  memory: number;
  gpu: number;
}

/** One page of a list. */
export interface Page_Artifact_ {
  items: Array<Artifact>;
  next: string | null;
}

/** A file that a job left: its path below the artifacts folder and its size in bytes. */
export interface Artifact {
  path: string;
  size: number;
}
