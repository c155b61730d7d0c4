/* Made by `npm run types` from docs/reference/openapi.json. Do not edit. */

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** A folder as the lab's file browser names it, relative to the server's root, or to the folder of the `project`. */
export interface FolderToPack {
  folder: string;
  project?: string | null;
}

/** An untitled file of a type (`ext` for files), or a copy of another on the drive. */
export interface Creation {
  type?: 'directory' | 'file' | 'notebook' | null;
  ext?: string | null;
  copy_from?: string | null;
  path?: string | null;
}

/** A file to save, as Jupyter has it. `chunk` counts the pieces of a large upload from 1; the last is -1. Fields that the server itself tells are accepted and mean nothing. */
export interface Model {
  type?: 'directory' | 'file' | 'notebook' | null;
  format?: 'base64' | 'json' | 'text' | null;
  content?: Json;
  chunk?: number | null;
  name?: string | null;
  path?: string | null;
  message?: string | null;
  created?: Json;
  last_modified?: Json;
  mimetype?: Json;
  size?: Json;
  writable?: Json;
  hash?: Json;
  hash_algorithm?: Json;
  contentProviderId?: Json;
}

/** The new path, on the drive: with the project first. */
export interface Renaming {
  path: string;
}

/** Nothing to choose. */
export interface RestoreRequest {
}

/** Opens one WebSocket within 30 seconds. */
export interface Ticket {
  ticket: string;
}

/** Nothing to choose. */
export interface TicketRequest {
}

/** `ready` is False (status 503) while the services could not be opened, and from when the server was told to stop. */
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
  message: string;
  field?: string;
  current?: string | null;
  etag?: string | null;
  kept?: string;
  quota?: string;
  used?: number;
  limit?: number;
  holders?: Array<string>;
}

/** Nothing to choose. */
export interface AcceptRequest {
}

/** A folder of the server as a bundle; `size` in bytes, gzipped; `unpacked` is not. */
export interface Packed {
  sha256: string;
  files: number;
  size: number;
  warnings: Array<string>;
  unpacked: number;
  left_out: number;
  ignored: Array<string>;
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
  trace: Trace | null;
  exit_code: number | null;
  ranks: number;
  revision: number;
  versions: { [name: string]: string };
  usage: Usage | null;
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

/** `values` of the metric in their order, each the mean of `every` logged ones. */
export interface Trace {
  metric: string;
  values: Array<number>;
  every: number;
}

/** What an attempt used, all its processes together: processor time, and the most memory. */
export interface Usage {
  cpu_seconds: number | null;
  memory_peak_bytes: number | null;
}

/** Lines of one rank's log that show a text, by the raw offset at which each begins. */
export interface LogMatches {
  lines: Array<number>;
  next: number;
  more: boolean;
  size: number;
  attempt: number;
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

/** The asker. `capabilities` are those on the server and in the personal project; `quota` and `use` are the asker's own. */
export interface Me {
  user: string;
  teams: Array<string>;
  admin: boolean;
  capabilities: Array<string>;
  personal_project: string;
  quota: Quota;
  use: Use;
}

/** Limits: unfinished jobs at a time and what they ask for; GPU-hours in a calendar month. */
export interface Quota {
  jobs?: number | null;
  cpu?: number | string | null;
  memory?: number | string | null;
  gpu?: number | null;
  gpu_hours?: number | null;
}

/** What is taken now: jobs, CPUs (1.5), bytes, GPUs; GPU-hours since the month began (UTC). */
export interface Use {
  jobs: number;
  cpu: number;
  memory: number;
  gpu: number;
  gpu_hours: number;
}

/** Somebody. `admin`, `disabled` and `quota` are told to admins only (else None). */
export interface User {
  name: string;
  seen: string | null;
  admin: boolean | null;
  disabled: boolean | null;
  quota: Quota | null;
}

/** What an admin changes; what is absent stays. */
export interface UserChange {
  admin?: boolean;
  disabled?: boolean;
  quota?: Quota;
}

/** An admin's emergency access. The owners are told the reason. */
export interface BreakGlass {
  reason: string;
  minutes?: number;
}

/** One relation tuple. `subject` is `user:NAME` or `team:NAME`. */
export interface Grant {
  subject: string;
  role: Role | null;
  by: string;
  created: string;
  known: boolean;
  until: string | null;
  reason: string | null;
}

/** What a member is; each includes the one before it. */
export type Role = 'editor' | 'owner' | 'viewer';

/** The role to give. */
export interface GrantRequest {
  role: Role;
}

/** `title` defaults to the name. */
export interface NewProject {
  name: string;
  title?: string;
  description?: string;
  visibility?: Visibility;
}

/** `internal`: every signed-in person may read notebooks, without their outputs. */
export type Visibility = 'internal' | 'private';

/** Hand the project over to a person, who must accept. */
export interface Offer {
  to: string;
}

/** A project as the asker sees it. `name` is a slug and stays, `title` is free text. */
export interface Project {
  name: string;
  title: string;
  description: string;
  visibility: Visibility;
  state: ProjectState;
  settings: ProjectSettings;
  personal: boolean;
  created: string;
  role: Role | null;
  capabilities: Array<string>;
  owners: Array<string>;
  offered_to: string | null;
}

/** `archived`: read-only. `trashed`: seen by its owners, who may restore or purge it. `orphaned`: no enabled person is an owner; an admin names one. */
export type ProjectState = 'active' | 'archived' | 'orphaned' | 'trashed';

/** `viewer_logs`: viewers may read job logs. `version_outputs`: versions keep outputs. */
export interface ProjectSettings {
  viewer_logs: boolean;
  version_outputs: boolean;
}

/** What is absent stays. `state` `active` also takes a project out of the trash. */
export interface ProjectChange {
  title?: string;
  description?: string;
  visibility?: Visibility;
  state?: Open;
  settings?: SettingsChange;
}

/** The states that people choose; a DELETE puts a project into the trash. */
export type Open = 'active' | 'archived';

/** What is absent stays. */
export interface SettingsChange {
  viewer_logs?: boolean;
  version_outputs?: boolean;
}

/** `accounts`: the asker's own first, then their teams'. `places`: the next ones first, :data:`MOST_PLACES` at most of `waiting`. */
export interface Queue {
  accounts: Array<Account>;
  holders: Array<Holder>;
  places: Array<Place>;
  waiting: number;
}

/** Use against quota of the asker (`user:NAME`) or of a team of theirs (`team:NAME`). */
export interface Account {
  subject: string;
  title: string;
  quota: Quota;
  use: Use;
}

/** Who holds GPUs of an engine, with how many jobs. `owner` is None for all those together whose jobs the asker may not see. */
export interface Holder {
  engine: string;
  owner: string | null;
  gpu: number;
  jobs: number;
}

/** A job of the asker's that waits: `position` from 1 where its engine knows one. */
export interface Place {
  job: string;
  name: string;
  project: string;
  engine: string;
  reason: string | null;
  position: number | null;
}

/** A secret's name, which is also the environment variable; who wrote it last and when. */
export interface Secret {
  name: string;
  author: string;
  written: string;
}

/** The value; it is never read back. */
export interface SecretRequest {
  value: string;
}

/** What a person is to be in a team. */
export interface Membership {
  role?: Standing;
}

/** What somebody is in a team; a manager looks after its members. */
export type Standing = 'manager' | 'member';

/** `name` is a slug and stays, `title` is free text (default: the name). */
export interface NewTeam {
  name: string;
  title?: string;
}

/** `members`, `quota` and `use` are told to its members and to admins only (else empty, None). `role` is the asker's own. `group`: the team is that group of the identity provider (JupyterHub), which alone decides who is in it. */
export interface Team {
  name: string;
  title: string;
  created: string;
  role: Standing | null;
  group: string | null;
  members: Array<Member>;
  quota: Quota | null;
  use: Use | null;
}

/** One person of a team. */
export interface Member {
  user: string;
  role: Standing;
}

/** What is absent stays. `quota` is changed by admins only. */
export interface TeamChange {
  title?: string;
  quota?: Quota;
}

/** Two versions of a file, cell by cell. `format`: notebook, text or binary (no cells). */
export interface Diff {
  path: string;
  format: string;
  before: Version;
  after: Version;
  cells: Array<CellDiff>;
  metadata_changed: boolean;
  operations: Array<Json>;
  plain: boolean;
}

/** One version, as Jupyter's checkpoint model (`id`, `last_modified`) and more. */
export interface Version {
  id: string;
  last_modified: string;
  author: string;
  kind: VersionKind;
  message: string | null;
  size: number;
  etag: string;
  base: string | null;
  jobs: Array<string>;
  current: boolean;
  coauthors: Array<string>;
}

/** How a version came about. `found`: the file was changed outside the lab. */
export type VersionKind = 'conflict' | 'found' | 'imported' | 'restored' | 'saved';

/** One cell (or the whole text of another file) in two versions. */
export interface CellDiff {
  change: Change;
  cell_type: string;
  lines: Array<string>;
  outputs_changed: boolean;
  metadata_changed: boolean;
}

/** What happened to a cell, or who changed it. */
export type Change = 'added' | 'changed' | 'removed' | 'same';

/** A Zeppelin note (`.json` of 0.8, `.zpln` of 0.9 and later) to become a notebook. */
export interface Import {
  path: string;
  note: { [name: string]: Json };
}

/** A three-way merge. `metadata` is the merged notebook's; `nbformat` its format. */
export interface Merge {
  path: string;
  format: string;
  cells: Array<CellMerge>;
  conflicts: number;
  metadata: { [name: string]: Json };
  nbformat: number;
  nbformat_minor: number;
  etag: string;
  plain: boolean;
}

/** One cell of a three-way merge (nbformat cells as they are in the notebook). */
export interface CellMerge {
  side: Side;
  base: { [name: string]: Json } | null;
  mine: { [name: string]: Json } | null;
  theirs: { [name: string]: Json } | null;
  merged: { [name: string]: Json } | null;
}

/** Whose change a merged cell holds; `conflict` needs somebody to choose. */
export type Side = 'both' | 'conflict' | 'mine' | 'same' | 'theirs';

/** A name for a version; it is then kept for good. None takes the name away. */
export interface Naming {
  message?: string | null;
}

/** Where a job would go, and what is known of it beforehand; nothing: it should run. */
export interface Preflight {
  engine: string;
  findings: Array<Finding>;
}

/** What can be known of a prospect before it is submitted. */
export interface Finding {
  text: string;
  field: string | null;
  fatal: boolean;
  names: Array<string>;
  fixes: Array<Fix>;
}

/** A way out that a button can take. `label` says what it does ("Use 4 GiB"); `spec` is what to change in the spec (a JSON merge patch, RFC 7396); `folder` the folder to send instead, from the present one (".."). */
export interface Fix {
  label: string;
  spec: { [name: string]: Json };
  folder: string | null;
}

/** One page of a list. */
export interface Page_AuditEntry_ {
  items: Array<AuditEntry>;
  next: string | null;
}

/** Who did what to which object, what it was before and what it is after. */
export interface AuditEntry {
  seq: number;
  time: string;
  project: string;
  actor: string;
  action: string;
  object: string;
  before: { [name: string]: Json } | null;
  after: { [name: string]: Json };
}

/** One page of a list. */
export interface Page_Job_ {
  items: Array<Job>;
  next: string | null;
}

/** One page of a list. */
export interface Page_User_ {
  items: Array<User>;
  next: string | null;
}

/** One page of a list. */
export interface Page_Grant_ {
  items: Array<Grant>;
  next: string | null;
}

/** One page of a list. */
export interface Page_Project_ {
  items: Array<Project>;
  next: string | null;
}

/** One page of a list. */
export interface Page_Secret_ {
  items: Array<Secret>;
  next: string | null;
}

/** One page of a list. */
export interface Page_Team_ {
  items: Array<Team>;
  next: string | null;
}

/** One page of a list. */
export interface Page_Trashed_ {
  items: Array<Trashed>;
  next: string | null;
}

/** A file in the trash. Restoring `version` brings it back. */
export interface Trashed {
  path: string;
  deleted: string;
  by: string;
  version: string;
  size: number;
}

/** One page of a list. */
export interface Page_Check_ {
  items: Array<Check>;
  next: string | null;
}

/** One thing that a doctor looked at. `fix` is what to apply, for machines (YAML). */
export interface Check {
  title: string;
  ok: boolean;
  detail: string;
  fix: string | null;
}

/** One page of a list. */
export interface Page_EngineInfo_ {
  items: Array<EngineInfo>;
  next: string | null;
}

/** What `GET /engines` tells of an engine. `queue` counts waiting tasks; `python` is the interpreter of jobs that name no `environment`, where the engine knows one, and `image` the container image. `since` is when it became unhealthy (RFC 3339 UTC). */
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
  environments: Environments;
  image: string | null;
  gpu_types: Array<string>;
  queues: Array<string>;
  since: string | null;
}

/** What an engine has in all or what is in use: CPUs (1.5), bytes, GPUs. */
export interface Capacity {
  cpu: number;
  memory: number;
  gpu: number;
}

/** What an engine takes a spec's `environment` for. */
export type Environments = 'image' | 'interpreter';

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
