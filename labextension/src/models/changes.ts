/** What is different between two jobs: what they ran, with what, and what came out. Pure. */
import type { Job, Json } from '../api/types';
import { flat, quoted } from './spec';

/** A job with what it told of its parameters. */
export interface Subject {
  job: Job;
  params: { readonly [name: string]: Json };
}

export type ChangeKind = 'spec' | 'param' | 'file' | 'metric';

/** `before` or `after` is null where there is none. Files have their versions, metrics values. */
export interface Change {
  kind: ChangeKind;
  name: string;
  before: string | null;
  after: string | null;
}

type Values = { readonly [name: string]: string };

/** What says nothing: the name is shown anyway, and of a bundle only its files matter. */
const SILENT: ReadonlySet<string> = new Set(['name', 'bundle']);

/** See the module's comment. */
export function changes(before: Subject, after: Subject): Change[] {
  return [
    ...between('spec', specOf(before.job), specOf(after.job)),
    ...between('param', texts(before.params), texts(after.params)),
    ...between('file', before.job.versions, after.job.versions),
    ...between('metric', texts(before.job.latest), texts(after.job.latest))
  ];
}

/**
 * Whether files differ of which no version is known, as those of a folder outside the project.
 */
export function otherFiles(before: Subject, after: Subject): boolean {
  const [was, is] = [before.job.spec.bundle, after.job.spec.bundle];
  const told = between('file', before.job.versions, after.job.versions).length > 0;
  return was !== is && !told;
}

function specOf({ spec, engine }: Job): Values {
  const line = (words: readonly string[] | null | undefined) => words?.map(quoted).join(' ');
  const typed = { ...spec, engine, command: line(spec.command), args: line(spec.args) };
  const entries = Object.entries(flat(typed)).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.filter(([name]) => !SILENT.has(name)));
}

function texts(values: { readonly [name: string]: Json }): Values {
  const text = (value: Json) => (typeof value === 'string' ? value : JSON.stringify(value));
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, text(value)]));
}

function between(kind: ChangeKind, before: Values, after: Values): Change[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names
    .map(name => ({ kind, name, before: before[name] ?? null, after: after[name] ?? null }))
    .filter(change => change.before !== change.after);
}

/** The jobs that another may be compared with: those that came before it, its namesakes first. */
export function earlier(job: Pick<Job, 'id' | 'name' | 'created'>, known: readonly Job[]): Job[] {
  const jobs = new Map(known.map(one => [one.id, one]));
  const before = [...jobs.values()].filter(one => one.id !== job.id && one.created < job.created);
  before.sort((a, b) => b.created.localeCompare(a.created));
  return [...before.filter(isNamesake), ...before.filter(one => !isNamesake(one))];

  function isNamesake(one: Job): boolean {
    return one.name === job.name;
  }
}

/** Characters of what is equal that are kept around what is not. */
const AROUND = 40;

/** Two long texts, cut to where they differ. */
export function apart(before: string, after: string): [string, string] {
  const shortest = Math.min(before.length, after.length);
  let head = 0;
  while (head < shortest && before[head] === after[head]) {
    head++;
  }
  let tail = 0;
  const last = (text: string) => text[text.length - 1 - tail];
  while (tail < shortest - head && last(before) === last(after)) {
    tail++;
  }
  const cut = (text: string) => {
    const [from, to] = [Math.max(0, head - AROUND), Math.max(0, tail - AROUND)];
    return (from > 0 ? '… ' : '') + text.slice(from, text.length - to) + (to > 0 ? ' …' : '');
  };
  return [cut(before), cut(after)];
}
