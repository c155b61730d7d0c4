/**
 * The wire types, as `docs/reference/protocol.md` and `submarine_ext/domain/jobs.py` define them.
 * They hold data only: no behaviour, nothing of the lab.
 */

export type JobState =
  'pending' | 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'lost';

export const STATES: readonly JobState[] = [
  'pending',
  'queued',
  'running',
  'succeeded',
  'failed',
  'cancelled',
  'lost'
];

const TERMINAL: ReadonlySet<JobState> = new Set(['succeeded', 'failed', 'cancelled', 'lost']);

/** Whether nothing will change this state any more (but a retry). */
export function isTerminal(state: JobState): boolean {
  return TERMINAL.has(state);
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A CPU or memory amount in Kubernetes notation. */
export type Quantity = number | string;

export interface Resources {
  cpu?: Quantity;
  memory?: Quantity | null;
  gpu?: number;
  gpu_type?: string | null;
}

export type Framework = 'none' | 'torch' | 'tensorflow' | 'xgboost' | 'mpi';

export interface Distributed {
  framework?: Framework;
  nodes?: number;
  processes_per_node?: number;
}

/** Exactly one of `command`, `script`, `notebook` and `code` is set. */
export interface JobSpec {
  command?: string[] | null;
  script?: string | null;
  args?: string[];
  notebook?: string | null;
  parameters?: { [name: string]: Json };
  code?: string | null;
  name?: string | null;
  engine?: string | null;
  environment?: string | null;
  bundle?: string | null;
  workdir?: string | null;
  env?: { [name: string]: string };
  secrets?: string[];
  resources?: Resources;
  distributed?: Distributed;
  retries?: number;
  timeout_seconds?: number | null;
  queue?: string | null;
  priority?: number;
  tags?: string[];
  outputs?: string[];
}

export interface Progress {
  fraction: number | null;
  message: string | null;
  eta_seconds: number | null;
}

/** A metric's value; numbers that JSON can't carry are "NaN", "Infinity" and "-Infinity". */
export type MetricValue = number | string;

/** Times are RFC 3339 in UTC. */
export interface Job {
  id: string;
  project: string;
  owner: string;
  name: string;
  spec: JobSpec;
  state: JobState;
  target: 'run' | 'stop';
  engine: string;
  reason?: string | null;
  remedy?: JobSpec | null;
  attempt: number;
  created: string;
  queued?: string | null;
  started?: string | null;
  finished?: string | null;
  progress?: Progress | null;
  latest: { [metric: string]: MetricValue };
  exit_code?: number | null;
  ranks: number;
  revision: number;
}

/** CPUs, bytes, GPUs. */
export interface Capacity {
  cpu: number;
  memory: number;
  gpu: number;
}

export interface Engine {
  name: string;
  title: string;
  healthy: boolean;
  reason?: string | null;
  capacity?: Capacity | null;
  in_use?: Capacity | null;
  queue: number;
  running: number;
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

/** Columns of equal length; `time` in seconds since the epoch. */
export interface Series {
  step: number[];
  value: MetricValue[];
  time: number[];
}

export interface Metrics {
  series: { [key: string]: Series };
  params: { [name: string]: Json };
  seq: number;
}

export interface Artifact {
  path: string;
  size: number;
}

export interface Bundle {
  sha256: string;
  files: number;
  size: number;
  warnings: string[];
}

export interface Me {
  user: string;
}

/** RFC 9457 problem details with this product's `code` and `field`. */
export interface ProblemBody {
  status?: number;
  code?: string;
  title?: string;
  detail?: string;
  field?: string | null;
}

/** What the server says over the WebSocket. */
export interface Frame {
  topic: string;
  seq?: number;
  type: string;
  since?: number;
  data?: unknown;
}
