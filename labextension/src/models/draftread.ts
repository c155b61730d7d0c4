/** The way back: a spec, from a text or from an earlier job, as a draft that can be changed. */
import type { JobSpec, Json } from '../api/types';
import { EMPTY_DRAFT, isFile, trimmed, type Draft, type DraftKind } from './draft';
import { shown, typed, type Parameter } from './parameters';
import { quoted } from './spec';

/**
 * The draft that means this spec. What a spec does not say is taken from `base`: the project,
 * the folder that travels, and what was typed for the other kinds.
 */
export function read(spec: JobSpec, base: Draft, declared: readonly Parameter[] = []): Draft {
  const kind = kindOf(spec) ?? base.kind;
  const { resources = {}, distributed = {} } = spec;
  return {
    ...EMPTY_DRAFT,
    project: base.project,
    travels: base.travels,
    folder: base.folder,
    above: base.above,
    kind,
    command: kind === 'command' ? (spec.command ?? []).map(quoted).join(' ') : base.command,
    code: kind === 'code' ? (spec.code ?? '') : base.code,
    file: isFile(kind) ? placed(spec.script ?? spec.notebook ?? '', spec, base) : base.file,
    args: (spec.args ?? []).map(quoted).join(' '),
    parameters: parameters(spec.parameters ?? {}, declared),
    bundle: spec.bundle ?? '',
    workdir: spec.workdir ?? '',
    name: spec.name ?? '',
    engine: spec.engine ?? '',
    environment: spec.environment ?? '',
    cpu: text(resources.cpu),
    memory: text(resources.memory),
    gpu: text(resources.gpu),
    gpuType: resources.gpu_type ?? '',
    framework: distributed.framework ?? 'none',
    nodes: text(distributed.nodes),
    processes: text(distributed.processes_per_node),
    queue: spec.queue ?? '',
    priority: text(spec.priority),
    retries: text(spec.retries),
    timeout: text(spec.timeout_seconds),
    tags: (spec.tags ?? []).join(', '),
    env: Object.entries(spec.env ?? {})
      .map(([name, value]) => `${name}=${folded(value)}`)
      .join('\n'),
    secrets: spec.secrets ?? [],
    outputs: (spec.outputs ?? []).join('\n')
  };
}

/** Which kind a spec is of; null where it says none. */
export function kindOf(spec: JobSpec): DraftKind | null {
  const kinds: readonly DraftKind[] = ['command', 'script', 'notebook', 'code'];
  return kinds.find(kind => spec[kind] !== undefined && spec[kind] !== null) ?? null;
}

/** A spec names its file from the folder that travels; a draft from the root. */
function placed(file: string, spec: JobSpec, base: Draft): string {
  const folder = spec.bundle ? '' : trimmed(base.folder);
  return folder === '' || file === '' ? file : `${folder}/${file}`;
}

function parameters(
  given: { [name: string]: Json },
  declared: readonly Parameter[]
): { [name: string]: string } {
  const kinds = new Map(declared.map(({ name, kind }) => [name, kind]));
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      const plain = shown(value);
      const ambiguous = typeof value === 'string' && typed('json', plain) !== undefined;
      return [name, ambiguous && kinds.get(name) !== 'text' ? JSON.stringify(value) : plain];
    })
  );
}

function folded(value: string): string {
  return value.includes('\n') ? JSON.stringify(value) : value;
}

function text(value: string | number | null | undefined): string {
  return value === null || value === undefined ? '' : String(value);
}
