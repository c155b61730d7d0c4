/**
 * Jobs side by side: every parameter, metric and field of their specs as one row with a cell a
 * job, what differs marked, sorted by any row. Pure functions.
 */
import type { Job, Json, MetricValue } from '../api/types';
import { choiceOf, FIRST_CHOICE, type Choice } from './choice';
import type { Summary } from './metrics';
import { flat, quoted } from './spec';

/** What is known of one job; null while it is not, or not any more. */
export interface Compared {
  id: string;
  job: Job | null;
  params: { readonly [name: string]: Json };
  summaries: ReadonlyMap<string, Summary>;
}

export type Group = 'parameters' | 'metrics' | 'spec' | 'code';

/** Which of a metric's numbers a row shows. */
export type Part = 'last' | 'min' | 'max';

/** `odd`: not what most jobs have. `lowest` and `highest` are of metrics, which always differ. */
export type Mark = 'odd' | 'lowest' | 'highest';

export interface Cell {
  /** Null where the job has no such thing. */
  value: Json;
  mark: Mark | null;
}

export interface Row {
  id: string;
  group: Group;
  name: string;
  part: Part | null;
  cells: readonly Cell[];
  differs: boolean;
}

/** A row by whose values the jobs stand. */
export interface Order {
  row: string;
  descending: boolean;
}

/** How a comparison is looked at. */
export interface Memory {
  onlyDifferences: boolean;
  order: Order | null;
  curves: Choice;
}

/** What was stored, as far as it makes sense. One chart a metric is how several runs read best. */
export function memoryOf(value: unknown): Memory {
  const { onlyDifferences, order, curves } = (value ?? {}) as { readonly [name: string]: unknown };
  const { row, descending } = (order ?? {}) as { readonly [name: string]: unknown };
  return {
    onlyDifferences: onlyDifferences === true,
    order: typeof row === 'string' ? { row, descending: descending === true } : null,
    curves: choiceOf(curves, { ...FIRST_CHOICE, apart: true })
  };
}

const PARTS: readonly Part[] = ['last', 'min', 'max'];

/** Fields of a spec that name the job or point at its code, which have places of their own. */
const ELSEWHERE = new Set(['name', 'bundle']);

/** All rows, each with one cell for each of `jobs`. */
export function rows(jobs: readonly Compared[], keys: readonly string[]): Row[] {
  return [
    ...valueRows('parameters', jobs.map(parameters)),
    ...keys.flatMap(key => PARTS.map(part => metricRow(jobs, key, part))),
    ...valueRows('spec', jobs.map(specFields)),
    ...valueRows('code', jobs.map(codeFields))
  ];
}

/** The places of the jobs in the order in which a row puts them; what has no value is last. */
export function ordered(row: Row | undefined, count: number, descending: boolean): number[] {
  const places = Array.from({ length: count }, (_, place) => place);
  if (!row) {
    return places;
  }
  const sign = descending ? -1 : 1;
  return places.sort((a, b) => {
    const [one, other] = [row.cells[a].value, row.cells[b].value];
    if (isNothing(one) || isNothing(other)) {
      return Number(isNothing(one)) - Number(isNothing(other)) || a - b;
    }
    return sign * compare(one, other) || a - b;
  });
}

/** A cell's value as text; nothing is a dash. */
export function shown(value: Json): string {
  return value === null ? '–' : typeof value === 'string' ? value : JSON.stringify(value);
}

/** Everything that the jobs' tracking and their specs call parameters. */
function parameters({ job, params }: Compared): { [name: string]: Json } {
  return { ...job?.spec.parameters, ...params };
}

function specFields({ job }: Compared): { [name: string]: Json } {
  const fields = Object.entries(job?.spec ?? {}).filter(
    ([name]) => !ELSEWHERE.has(name) && name !== 'parameters' && name !== 'code'
  );
  const { command, args } = job?.spec ?? {};
  return {
    ...(job && { engine: job.engine }),
    ...flat(Object.fromEntries(fields)),
    ...(command && { command: command.map(quoted).join(' ') }),
    ...(args && { args: args.map(quoted).join(' ') })
  };
}

/** The versions of the project's files that a job ran, its bundle and its cell. */
function codeFields({ job }: Compared): { [name: string]: Json } {
  const { bundle, code } = job?.spec ?? {};
  return { ...(bundle && { bundle }), ...(code && { code }), ...job?.versions };
}

function valueRows(group: Group, jobs: readonly { [name: string]: Json }[]): Row[] {
  const names = [...new Set(jobs.flatMap(fields => Object.keys(fields)))].sort();
  return names.map(name => {
    const values = jobs.map(fields => fields[name] ?? null);
    const marks = oddOnes(values);
    return row(group, name, null, values, marks);
  });
}

function metricRow(jobs: readonly Compared[], key: string, part: Part): Row {
  const values = jobs.map(({ summaries }) => summaries.get(key)?.[part] ?? null);
  return row('metrics', key, part, values, extremes(values));
}

function row(
  group: Group,
  name: string,
  part: Part | null,
  values: readonly Json[],
  marks: readonly (Mark | null)[]
): Row {
  return {
    id: [group, part ?? '', name].join(':'),
    group,
    name,
    part,
    cells: values.map((value, place) => ({ value, mark: marks[place] })),
    differs: new Set(values.map(value => JSON.stringify(value))).size > 1
  };
}

/** What is not what most have; where no value is the most common one, all that differ. */
function oddOnes(values: readonly Json[]): (Mark | null)[] {
  const texts = values.map(value => JSON.stringify(value));
  const counts = new Map<string, number>();
  texts.forEach(text => counts.set(text, (counts.get(text) ?? 0) + 1));
  const most = Math.max(...counts.values());
  const usual = [...counts].filter(([, count]) => count === most).map(([text]) => text);
  return texts.map(text => (usual.length === 1 && text === usual[0] ? null : 'odd'));
}

function extremes(values: readonly (MetricValue | null)[]): (Mark | null)[] {
  const finite = values.filter((value): value is number => typeof value === 'number');
  const [min, max] = [Math.min(...finite), Math.max(...finite)];
  return values.map(value =>
    min === max ? null : value === min ? 'lowest' : value === max ? 'highest' : null
  );
}

/** Not a number is no place in an order either. */
function isNothing(value: Json): boolean {
  return value === null || value === 'NaN';
}

function compare(one: Json, other: Json): number {
  const [a, b] = [amount(one), amount(other)];
  if (a !== null && b !== null) {
    return a < b ? -1 : a > b ? 1 : 0;
  }
  return shown(one).localeCompare(shown(other), undefined, { numeric: true });
}

function amount(value: Json): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && !Number.isNaN(number) ? number : null;
}

/** The table as CSV, jobs as columns; no cell that a spreadsheet takes for a formula. */
export function asCsv(head: readonly string[], lines: readonly (readonly string[])[]): string {
  return [head, ...lines].map(line => line.map(field).join(',')).join('\r\n') + '\r\n';
}

function field(text: string): string {
  const number = text.trim() !== '' && Number.isFinite(Number(text));
  const safe = !number && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}
