/** A job's spec in words: what it runs, where, with how much. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Engine, Job, JobSpec } from '../../api/types';
import { bytes, duration } from '../../components/words';
import { amount } from '../../models/quantity';
import { summary } from '../../models/spec';

export type Row = readonly [string, string | null | undefined];

/** The rows of what was given; what was not is left out. */
export function specRows(
  { spec }: Job,
  engine: Engine | undefined,
  trans: TranslationBundle
): Row[] {
  const listed = (items: readonly string[] | undefined) => items?.join(', ');
  return [
    [trans.__('Runs'), spec.code ? trans.__('a cell') : summary(spec)],
    [trans.__('In folder'), spec.workdir],
    environment(spec, engine, trans),
    [trans.__('Variables'), listed(pairs(spec.env))],
    [trans.__('Secrets'), listed(spec.secrets)],
    [trans.__('Queue'), spec.queue],
    [trans.__('Priority'), spec.priority ? String(spec.priority) : null],
    [trans.__('Machines'), machines(spec, trans)],
    [trans.__('Tries again'), spec.retries ? trans._n('%1 time', '%1 times', spec.retries) : null],
    [trans.__('At most'), spec.timeout_seconds ? duration(spec.timeout_seconds, trans) : null],
    [trans.__('Tags'), listed(spec.tags)],
    [trans.__('Keeps files'), listed(spec.outputs)],
    [trans.__('Code'), spec.bundle ? trans.__('bundle %1', spec.bundle.slice(0, 12)) : null]
  ];
}

function environment(spec: JobSpec, engine: Engine | undefined, trans: TranslationBundle): Row {
  return engine?.environments === 'image'
    ? [
        trans.__('Container image'),
        spec.environment ?? trans.__('the default: %1', engine.image ?? trans.__('unknown'))
      ]
    : [trans.__('Environment'), spec.environment ?? trans.__("the server's own")];
}

function machines(spec: JobSpec, trans: TranslationBundle): string | null {
  const { nodes = 1, processes_per_node: processes = 1, framework } = spec.distributed ?? {};
  if (nodes === 1 && processes === 1) {
    return null;
  }
  const kind = framework && framework !== 'none' ? ` (${framework})` : '';
  const each = trans._n('%1 process each', '%1 processes each', processes);
  return `${trans._n('%1 machine', '%1 machines', nodes)}, ${each}${kind}`;
}

/** What was asked for, and what was used where that is known. */
export function resourceRows(
  { spec, usage, started, finished }: Job,
  trans: TranslationBundle
): Row[] {
  const { cpu = 1, memory, gpu = 0, gpu_type: kind } = spec.resources ?? {};
  const nodes = spec.distributed?.nodes ?? 1;
  const used = usage?.memory_peak_bytes;
  const asked = memory === undefined || memory === null ? null : (amount(memory) ?? 0) * nodes;
  const cpus = (amount(cpu) ?? 1) * nodes;
  return [
    [trans.__('CPUs'), cpuWords(cpus, usage?.cpu_seconds, span(started, finished), trans)],
    [trans.__('Memory'), memoryWords(asked, used, trans)],
    [trans.__('GPUs'), gpu > 0 ? [gpu * nodes, kind].filter(Boolean).join(' × ') : null]
  ];
}

function cpuWords(
  asked: number,
  used: number | null | undefined,
  seconds: number,
  trans: TranslationBundle
): string {
  const words = trans.__('asked %1', Number(asked.toFixed(2)));
  if (used === null || used === undefined) {
    return words;
  }
  const spent = trans.__(
    '%1, used %2 of processor time',
    words,
    used < 10 ? trans.__('%1 s', used.toFixed(1)) : duration(used, trans)
  );
  return seconds >= 1
    ? trans.__('%1 (%2 CPUs on average)', spent, Number((used / seconds).toFixed(2)))
    : spent;
}

function memoryWords(
  asked: number | null,
  used: number | null | undefined,
  trans: TranslationBundle
): string | null {
  if (used === null || used === undefined) {
    return asked === null ? null : trans.__('asked %1', bytes(asked));
  }
  return asked === null
    ? trans.__('used at most %1 (no limit asked)', bytes(used))
    : trans.__('asked %1, used at most %2', bytes(asked), bytes(used));
}

/** Seconds between two times; 0 where one is not known. */
function span(from: string | null | undefined, to: string | null | undefined): number {
  return from && to ? (Date.parse(to) - Date.parse(from)) / 1000 : 0;
}

function pairs(values: { readonly [name: string]: string } | undefined): string[] {
  return Object.entries(values ?? {}).map(([name, value]) => `${name}=${value}`);
}

/** A field of the spec as the form and the rows above call it. */
export function specWord(field: string, trans: TranslationBundle): string {
  const words: { readonly [name: string]: string } = {
    args: trans.__('Arguments'),
    code: trans.__('Cell'),
    command: trans.__('Command'),
    script: trans.__('Script'),
    notebook: trans.__('Notebook'),
    engine: trans.__('Engine'),
    environment: trans.__('Environment'),
    workdir: trans.__('In folder'),
    queue: trans.__('Queue'),
    priority: trans.__('Priority'),
    retries: trans.__('Tries again'),
    timeout_seconds: trans.__('At most (seconds)'),
    tags: trans.__('Tags'),
    outputs: trans.__('Keeps files'),
    secrets: trans.__('Secrets'),
    'resources.cpu': trans.__('CPUs'),
    'resources.memory': trans.__('Memory'),
    'resources.gpu': trans.__('GPUs'),
    'resources.gpu_type': trans.__('GPU type'),
    'distributed.nodes': trans.__('Machines'),
    'distributed.processes_per_node': trans.__('Processes on each'),
    'distributed.framework': trans.__('Framework')
  };
  return words[field] ?? field.replace(/^(env|parameters)\./, '');
}
