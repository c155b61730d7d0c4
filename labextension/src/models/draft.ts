/**
 * A job that is being written: everything as it was typed, and what it means as a spec. What
 * the browser can't judge it leaves to the server, which names the field.
 */
import type { Framework, JobSpec, Json } from '../api/types';
import { typed, type Parameter } from './parameters';
import { split } from './words';

export type DraftKind = 'command' | 'script' | 'notebook';

/**
 * All text, so that nothing typed is ever lost. Paths are relative to the folder of `project`;
 * where that is empty, to the server's root.
 */
export interface Draft {
  project: string;
  kind: DraftKind;
  command: string;
  file: string;
  folder: string;
  args: string;
  parameters: { [name: string]: string };
  name: string;
  engine: string;
  cpu: string;
  memory: string;
  gpu: string;
  gpuType: string;
  /** A container image, on an engine that runs containers. */
  image: string;
  queue: string;
  framework: Framework;
  nodes: string;
  processes: string;
  retries: string;
  timeout: string;
  tags: string;
  env: string;
}

export const EMPTY_DRAFT: Draft = {
  project: '',
  kind: 'command',
  command: '',
  file: '',
  folder: '',
  args: '',
  parameters: {},
  name: '',
  engine: '',
  cpu: '',
  memory: '',
  gpu: '',
  gpuType: '',
  image: '',
  queue: '',
  framework: 'none',
  nodes: '',
  processes: '',
  retries: '',
  timeout: '',
  tags: '',
  env: ''
};

/** Which field is wrong, and why, before the server was asked. */
export type Mistake =
  | { field: string; kind: 'quote' | 'escape' | 'number' | 'pair' | 'empty' | 'outside' }
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
    environment: draft.image.trim() || undefined,
    queue: draft.queue.trim() || undefined,
    env: env(draft.env, mistakes),
    resources: some({
      cpu: draft.cpu.trim() || undefined,
      memory: draft.memory.trim() || undefined,
      gpu: number(draft.gpu, 'resources.gpu', mistakes),
      gpu_type: draft.gpuType || undefined
    }),
    distributed: some({
      framework: draft.framework === 'none' ? undefined : draft.framework,
      nodes: number(draft.nodes, 'distributed.nodes', mistakes),
      processes_per_node: number(draft.processes, 'distributed.processes_per_node', mistakes)
    }),
    retries: number(draft.retries, 'retries', mistakes),
    timeout_seconds: number(draft.timeout, 'timeout_seconds', mistakes),
    tags: list(draft.tags)
  };
  return { spec: some(spec) ?? {}, mistakes };
}

/** Whether a folder of the server travels with the job. */
export function hasBundle(draft: Draft): boolean {
  return draft.kind !== 'command' || draft.folder.trim() !== '';
}

/** The folder that a file lies in. */
export function folderOf(path: string): string {
  return path.split('/').slice(0, -1).join('/');
}

function what(draft: Draft, declared: readonly Parameter[], mistakes: Mistake[]): JobSpec {
  if (draft.kind === 'command') {
    return { command: words(draft.command, 'command', mistakes) ?? [] };
  }
  const file = inside(draft, mistakes);
  return draft.kind === 'script'
    ? { script: file, args: words(draft.args, 'args', mistakes) }
    : { notebook: file, parameters: parameters(draft, declared, mistakes) };
}

/** The file's path inside the folder that travels. */
function inside(draft: Draft, mistakes: Mistake[]): string {
  const file = draft.file.trim().replace(/^\/+/, '');
  const folder = draft.folder.trim().replace(/^\/+|\/+$/g, '');
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

/** Only what differs from the notebook's own defaults is sent. */
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
  return some(result);
}

function env(text: string, mistakes: Mistake[]): { [name: string]: string } | undefined {
  const result: { [name: string]: string } = {};
  for (const line of text.split('\n').filter(one => one.trim() !== '')) {
    const at = line.indexOf('=');
    if (at < 1) {
      mistakes.push({ field: 'env', kind: 'pair' });
    } else {
      result[line.slice(0, at).trim()] = line.slice(at + 1);
    }
  }
  return some(result);
}

function number(text: string, field: string, mistakes: Mistake[]): number | undefined {
  if (text.trim() === '') {
    return undefined;
  }
  if (!/^\d+$/.test(text.trim())) {
    mistakes.push({ field, kind: 'number' });
    return undefined;
  }
  return Number(text);
}

function list(text: string): string[] | undefined {
  const found = text.split(/[,\n]/).map(one => one.trim());
  const words = found.filter(one => one !== '');
  return words.length > 0 ? words : undefined;
}

/** Without what is undefined; undefined where nothing is left. */
function some<T extends object>(value: T): T | undefined {
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return entries.length > 0 ? (Object.fromEntries(entries) as T) : undefined;
}
