/**
 * A job that is being written: everything as it was typed, and what it means as a spec. What
 * the browser can't judge it leaves to the server, which names the field.
 */
import type { Framework, JobSpec, Json } from '../api/types';
import { typed, type Parameter } from './parameters';
import { amount } from './quantity';
import { split } from './words';

export type DraftKind = 'command' | 'script' | 'notebook' | 'code';

/**
 * Text wherever something is typed, so that nothing typed is ever lost. Paths are relative to
 * the folder of `project`; where that is empty, to the server's root.
 */
export interface Draft {
  project: string;
  kind: DraftKind;
  command: string;
  code: string;
  /** The notebook's cells above the one that `code` was taken from. */
  above: readonly string[];
  file: string;
  /** Whether a folder travels with a command or a cell; a file's always does. */
  travels: boolean;
  folder: string;
  /** A bundle that is on the server already, in the place of a folder. */
  bundle: string;
  workdir: string;
  args: string;
  parameters: { [name: string]: string };
  name: string;
  engine: string;
  cpu: string;
  memory: string;
  gpu: string;
  gpuType: string;
  /** An interpreter's path or a container image, as the engine takes it. */
  environment: string;
  queue: string;
  priority: string;
  framework: Framework;
  nodes: string;
  processes: string;
  retries: string;
  timeout: string;
  tags: string;
  env: string;
  secrets: readonly string[];
  outputs: string;
}

export const EMPTY_DRAFT: Draft = {
  project: '',
  kind: 'command',
  command: '',
  code: '',
  above: [],
  file: '',
  travels: false,
  folder: '',
  bundle: '',
  workdir: '',
  args: '',
  parameters: {},
  name: '',
  engine: '',
  cpu: '',
  memory: '',
  gpu: '',
  gpuType: '',
  environment: '',
  queue: '',
  priority: '',
  framework: 'none',
  nodes: '',
  processes: '',
  retries: '',
  timeout: '',
  tags: '',
  env: '',
  secrets: [],
  outputs: ''
};

/** Which field is wrong, and why, before the server was asked. */
export type Mistake =
  | {
      field: string;
      kind: 'quote' | 'escape' | 'number' | 'pair' | 'empty' | 'outside' | 'cpu' | 'memory';
    }
  | { field: string; kind: 'parameter'; name: string };

export interface Written {
  spec: JobSpec;
  mistakes: Mistake[];
}

/** A draft as a spec. `bundle` is added by whoever packs the folder. */
export function write(draft: Draft, declared: readonly Parameter[]): Written {
  const mistakes: Mistake[] = [];
  const spec: JobSpec = {
    ...what(draft, declared, mistakes),
    name: draft.name.trim() || undefined,
    engine: draft.engine || undefined,
    environment: draft.environment.trim() || undefined,
    bundle: draft.bundle || undefined,
    workdir: draft.workdir.trim() || undefined,
    resources: some({
      cpu: quantity(draft.cpu, 'cpu', mistakes),
      memory: quantity(draft.memory, 'memory', mistakes),
      gpu: number(draft.gpu, 'resources.gpu', mistakes),
      gpu_type: draft.gpuType.trim() || undefined
    }),
    distributed: some({
      framework: draft.framework === 'none' ? undefined : draft.framework,
      nodes: number(draft.nodes, 'distributed.nodes', mistakes),
      processes_per_node: number(draft.processes, 'distributed.processes_per_node', mistakes)
    }),
    queue: draft.queue.trim() || undefined,
    priority: number(draft.priority, 'priority', mistakes),
    env: env(draft.env, mistakes),
    secrets: draft.secrets.length > 0 ? [...draft.secrets] : undefined,
    outputs: list(draft.outputs, /\n/),
    retries: number(draft.retries, 'retries', mistakes),
    timeout_seconds: number(draft.timeout, 'timeout_seconds', mistakes),
    tags: list(draft.tags, /[,\n]/)
  };
  return { spec: some(spec) ?? {}, mistakes };
}

/** Whether a folder is to be packed for the job. */
export function hasBundle(draft: Draft): boolean {
  return draft.bundle === '' && (draft.travels || isFile(draft.kind));
}

/** Whether the kind runs a file, which lies in the folder that travels. */
export function isFile(kind: DraftKind): kind is 'script' | 'notebook' {
  return kind === 'script' || kind === 'notebook';
}

/** The folder that a file lies in. */
export function folderOf(path: string): string {
  return path.split('/').slice(0, -1).join('/');
}

/** The folder that `step` ("..") leads to from `folder`; null where there is none. */
export function folderAt(folder: string, step: string): string | null {
  const parts = trimmed(folder).split('/').filter(Boolean);
  for (const part of step.split('/')) {
    if (part === '..' && parts.pop() === undefined) {
      return null;
    }
  }
  return parts.join('/');
}

/** A path without slashes around it. */
export function trimmed(path: string): string {
  return path.trim().replace(/^\/+|\/+$/g, '');
}

function what(draft: Draft, declared: readonly Parameter[], mistakes: Mistake[]): JobSpec {
  switch (draft.kind) {
    case 'command':
      return { command: words(draft.command, 'command', mistakes) ?? [] };
    case 'code':
      if (draft.code.trim() === '') {
        mistakes.push({ field: 'code', kind: 'empty' });
      }
      return { code: draft.code };
    case 'script':
      return { script: inside(draft, mistakes), args: words(draft.args, 'args', mistakes) };
    default:
      return {
        notebook: inside(draft, mistakes),
        parameters: parameters(draft, declared, mistakes)
      };
  }
}

/** The file's path inside the folder that travels. */
function inside(draft: Draft, mistakes: Mistake[]): string {
  const file = draft.file.trim().replace(/^\/+/, '');
  const folder = draft.bundle === '' ? trimmed(draft.folder) : '';
  if (file === '') {
    mistakes.push({ field: draft.kind, kind: 'empty' });
  } else if (folder !== '' && !file.startsWith(`${folder}/`)) {
    mistakes.push({ field: 'folder', kind: 'outside' });
  }
  return folder === '' ? file : file.slice(folder.length + 1);
}

function words(line: string, field: string, mistakes: Mistake[]): string[] | undefined {
  const { words: found, problem } = split(line);
  if (problem) {
    mistakes.push({ field, kind: problem });
  } else if (field === 'command' && found.length === 0) {
    mistakes.push({ field, kind: 'empty' });
  }
  return found.length > 0 ? found : undefined;
}

/** Only what differs from the notebook's own defaults is sent, and what it does not declare. */
function parameters(
  draft: Draft,
  declared: readonly Parameter[],
  mistakes: Mistake[]
): { [name: string]: Json } | undefined {
  const result: { [name: string]: Json } = {};
  for (const { name, kind, initial } of declared) {
    const text = draft.parameters[name];
    const value = text === undefined ? initial : typed(kind, text);
    if (value === undefined) {
      mistakes.push({ field: 'parameters', kind: 'parameter', name });
    } else if (JSON.stringify(value) !== JSON.stringify(initial)) {
      result[name] = value;
    }
  }
  for (const name of strangers(draft, declared)) {
    result[name] = typed('json', draft.parameters[name]) ?? draft.parameters[name];
  }
  return some(result);
}

/** Names of parameters that were given and that the notebook does not declare. */
export function strangers(draft: Draft, declared: readonly Parameter[]): string[] {
  const known = new Set(declared.map(({ name }) => name));
  return Object.keys(draft.parameters).filter(name => !known.has(name));
}

function env(text: string, mistakes: Mistake[]): { [name: string]: string } | undefined {
  const result: { [name: string]: string } = {};
  for (const line of text.split('\n').filter(one => one.trim() !== '')) {
    const at = line.indexOf('=');
    if (at < 1) {
      mistakes.push({ field: 'env', kind: 'pair' });
    } else {
      result[line.slice(0, at).trim()] = unfolded(line.slice(at + 1));
    }
  }
  return some(result);
}

/** A value of several lines is written on one, as a JSON string. */
function unfolded(value: string): string {
  const inner = /^".*\\n.*"$/.test(value) ? typed('json', value) : undefined;
  return typeof inner === 'string' ? inner : value;
}

function number(text: string, field: string, mistakes: Mistake[]): number | undefined {
  if (text.trim() === '') {
    return undefined;
  }
  const pattern = field === 'priority' ? /^-?\d+$/ : /^\d+$/;
  if (!pattern.test(text.trim())) {
    mistakes.push({ field, kind: 'number' });
    return undefined;
  }
  return Number(text);
}

/** An amount in Kubernetes notation; what can't be read is still sent, so that it is shown. */
function quantity(
  text: string,
  kind: 'cpu' | 'memory',
  mistakes: Mistake[]
): string | number | undefined {
  const value = text.trim();
  if (value === '') {
    return undefined;
  }
  if (amount(value) === null) {
    mistakes.push({ field: `resources.${kind}`, kind });
  }
  return /^\d+(\.\d+)?$/.test(value) ? Number(value) : value;
}

function list(text: string, between: RegExp): string[] | undefined {
  const found = text.split(between).map(one => one.trim());
  const words = found.filter(one => one !== '');
  return words.length > 0 ? words : undefined;
}

/** Without what is undefined; undefined where nothing is left. */
function some<T extends object>(value: T): T | undefined {
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return entries.length > 0 ? (Object.fromEntries(entries) as T) : undefined;
}
