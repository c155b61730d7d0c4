/** Reading and writing a job's spec: what differs, and how one would type it. Pure functions. */
import type { Job, JobSpec, Json } from '../api/types';

/** What a changed spec changes, in words such as `memory 24Gi`. */
export function differences(from: JobSpec, to: JobSpec): string[] {
  const before = flat(from);
  return Object.entries(flat(to))
    .filter(([name, value]) => before[name] !== value)
    .map(([name, value]) => `${name.split('.').pop()} ${value}`);
}

/** Every field by its path, as text. */
export function flat(value: object, prefix = ''): { [name: string]: string } {
  const result: { [name: string]: string } = {};
  for (const [name, inner] of Object.entries(value) as [string, unknown][]) {
    if (inner !== null && typeof inner === 'object' && !Array.isArray(inner)) {
      Object.assign(result, flat(inner, `${prefix}${name}.`));
    } else {
      result[prefix + name] = typeof inner === 'string' ? inner : JSON.stringify(inner);
    }
  }
  return result;
}

/** What a job runs, in one line. */
export function summary(spec: JobSpec): string {
  if (spec.command) {
    return spec.command.map(quoted).join(' ');
  }
  return [spec.script ?? spec.notebook ?? '', ...(spec.args ?? []).map(quoted)].join(' ').trim();
}

/** A word as a POSIX shell reads it back. */
export function quoted(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`;
}

/** The job as a `%submarine` magic. */
export function asMagic(job: Job): string {
  const { spec } = job;
  if (spec.code) {
    return [`%%submarine run ${options(spec).join(' ')}`.trim(), spec.code].join('\n');
  }
  return `%submarine ${line(spec)}`;
}

/** The job as the `submarine` command. */
export function asCommand(job: Job): string | null {
  return job.spec.code ? null : `submarine ${line(job.spec)}`;
}

/** The job as Python. The bundle stays: the same files run again. */
export function asPython(job: Job): string {
  const fields = Object.entries(job.spec).map(
    ([name, value]) => `    ${name}=${python(value as Json)},`
  );
  const call = ['Client().jobs.submit(', ...fields, ')'].join('\n');
  return `from submarine_ext import Client\n\njob = ${call}`;
}

function line(spec: JobSpec): string {
  const what = spec.script ?? spec.notebook;
  const parameters = Object.entries(spec.parameters ?? {}).flatMap(([name, value]) => [
    '-p',
    quoted(`${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  ]);
  const tail = spec.command ?? spec.args ?? [];
  return [
    'run',
    ...(what ? [quoted(what)] : []),
    ...parameters,
    ...options(spec),
    ...(tail.length > 0 ? ['--', ...tail.map(quoted)] : [])
  ].join(' ');
}

function options(spec: JobSpec): string[] {
  const { resources = {}, distributed = {} } = spec;
  const given: [string, unknown][] = [
    ['--name', spec.name],
    ['--engine', spec.engine],
    [spec.environment?.startsWith('/') ? '--python' : '--image', spec.environment],
    ['--cpu', resources.cpu],
    ['--memory', resources.memory],
    ['--gpu', resources.gpu],
    ['--gpu-type', resources.gpu_type],
    ['--queue', spec.queue],
    ['--framework', distributed.framework],
    ['--nodes', distributed.nodes],
    ['--processes', distributed.processes_per_node],
    ['--retries', spec.retries],
    ['--timeout', spec.timeout_seconds && `${spec.timeout_seconds}s`],
    ['--priority', spec.priority],
    ...(spec.outputs ?? []).map((glob): [string, unknown] => ['--output', glob]),
    ...(spec.secrets ?? []).map((name): [string, unknown] => ['--secret', name]),
    ...(spec.tags ?? []).map((tag): [string, unknown] => ['--tag', tag]),
    ...Object.entries(spec.env ?? {}).map(([name, value]): [string, unknown] => [
      '--env',
      `${name}=${value}`
    ])
  ];
  return given
    .filter(([, value]) => value !== undefined && value !== null)
    .flatMap(([name, value]) => [name, quoted(String(value))]);
}

/** A JSON value as a Python literal. */
function python(value: Json): string {
  if (value === null) {
    return 'None';
  }
  if (typeof value === 'boolean') {
    return value ? 'True' : 'False';
  }
  if (Array.isArray(value)) {
    return `[${value.map(python).join(', ')}]`;
  }
  if (typeof value === 'object') {
    const items = Object.entries(value).map(([name, inner]) => `${python(name)}: ${python(inner)}`);
    return `{${items.join(', ')}}`;
  }
  return JSON.stringify(value);
}
