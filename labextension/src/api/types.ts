/**
 * The wire types by the names that the models use. They are made from the server's OpenAPI
 * document; what is added here is what OpenAPI can't say (docs/reference/protocol.md).
 */
import type { JobState, Resources, Series } from './schema';

export type {
  Account,
  Artifact,
  AuditEntry,
  Capacity,
  Distributed,
  EngineInfo as Engine,
  Finding,
  Fix,
  Framework,
  Grant,
  Holder,
  Job,
  JobSpec,
  JobState,
  Json,
  LogMatches,
  Me,
  Metrics,
  NewProject,
  NewTeam,
  Packed as Bundle,
  Place,
  Preflight,
  Problem as ProblemBody,
  Progress,
  Project,
  ProjectChange,
  ProjectState,
  Queue,
  Quota,
  Resources,
  Role,
  Secret,
  Series,
  Standing,
  Team,
  TeamChange,
  Trace,
  Trashed,
  Usage,
  Use,
  User,
  UserChange,
  Visibility,
  CellDiff,
  CellMerge,
  Diff,
  Merge,
  Side,
  Version,
  VersionKind
} from './schema';

/** A CPU or memory amount in Kubernetes notation. */
export type Quantity = NonNullable<Resources['memory']>;

/** A metric's value; numbers that JSON can't carry are "NaN", "Infinity" and "-Infinity". */
export type MetricValue = Series['value'][number];

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

export interface Page<T> {
  items: T[];
  next: string | null;
}

/** What is told of a file or folder in a project's folder; Jupyter's contents model. */
export interface FolderEntry {
  name: string;
  /** On the drive, the project first. */
  path: string;
  type: 'directory' | 'file' | 'notebook';
  last_modified: string;
  /** Who saved it last; null where it was changed outside the lab since. */
  author?: string | null;
  size?: number | null;
  writable: boolean;
}

/** What the server says over the WebSocket. */
export interface Frame {
  topic: string;
  seq?: number;
  type: string;
  since?: number;
  data?: unknown;
}
