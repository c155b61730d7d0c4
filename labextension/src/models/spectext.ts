/**
 * A spec as a text that people edit, JSON or YAML: written, read back, and every fault told
 * with its line and field. One parser reads both, for JSON is YAML; it is loaded on first use.
 */
import { isCollection, isNode, LineCounter, parseDocument, stringify, type Document } from 'yaml';
import type { JobSpec } from '../api/types';

export type Format = 'json' | 'yaml';

/** What is wrong in a text. `syntax` comes with the parser's words. */
export type Fault =
  | { line: number; field: string | null; kind: 'syntax'; words: string }
  | { line: number; field: string; kind: 'unknown'; near: string | null }
  | { line: number; field: string; kind: Shape }
  | { line: number; field: string; kind: 'two'; other: string };

/** What a field holds. */
export type Shape = 'text' | 'texts' | 'whole' | 'amount' | 'map' | 'pairs' | 'framework';

const FIELDS: { readonly [field: string]: Shape } = {
  command: 'texts',
  script: 'text',
  args: 'texts',
  notebook: 'text',
  parameters: 'map',
  code: 'text',
  name: 'text',
  engine: 'text',
  environment: 'text',
  bundle: 'text',
  workdir: 'text',
  env: 'pairs',
  secrets: 'texts',
  resources: 'map',
  'resources.cpu': 'amount',
  'resources.memory': 'amount',
  'resources.gpu': 'whole',
  'resources.gpu_type': 'text',
  distributed: 'map',
  'distributed.framework': 'framework',
  'distributed.nodes': 'whole',
  'distributed.processes_per_node': 'whole',
  retries: 'whole',
  timeout_seconds: 'whole',
  queue: 'text',
  priority: 'whole',
  tags: 'texts',
  outputs: 'texts'
};

const KINDS = ['command', 'script', 'notebook', 'code'];
const FRAMEWORKS = ['none', 'torch', 'tensorflow', 'xgboost', 'mpi'];

/** A spec in the usual form of a format. */
export function render(spec: JobSpec, format: Format): string {
  return format === 'json' ? `${JSON.stringify(spec, null, 2)}\n` : stringify(spec);
}

/** What a text means; `spec` is null where it has faults. */
export function parse(text: string): { spec: JobSpec | null; faults: Fault[] } {
  const lines = new LineCounter();
  // Aliases make small texts enormous, and a spec needs none.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const broken = document.errors.map(({ message, pos: [at] }): Fault => {
    return { line: lines.linePos(at).line, field: null, kind: 'syntax', words: message };
  });
  if (broken.length > 0) {
    return { spec: null, faults: broken };
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 0 }) ?? {};
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return { spec: null, faults: [{ line: 1, field: null, kind: 'syntax', words }] };
  }
  const faults = faultsOf(value, path => lineIn(document, lines, path));
  return { spec: faults.length === 0 ? (value as JobSpec) : null, faults };
}

/** The line of a field such as `resources.cpu`, or of the nearest thing around it. */
export function lineOf(text: string, field: string): number | null {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  return document.errors.length > 0 ? null : lineIn(document, lines, pathOf(field));
}

/** `command[2]` and `env.FOO` as the keys that lead there. */
function pathOf(field: string): (string | number)[] {
  return field
    .split(/[.[\]]+/)
    .filter(Boolean)
    .map(part => (/^\d+$/.test(part) ? Number(part) : part));
}

function lineIn(document: Document, lines: LineCounter, path: (string | number)[]): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) {
      // A value in a block stands below its name; its name's line is meant.
      const { line } = lines.linePos(node.range[0]);
      return isCollection(node) && !node.flow && line > 1 ? line - 1 : line;
    }
  }
  return 1;
}

type Place = (path: (string | number)[]) => number;

function faultsOf(value: unknown, line: Place): Fault[] {
  if (!isMap(value)) {
    return [{ line: 1, field: '', kind: 'map' }];
  }
  return [
    ...Object.keys(value).flatMap(name => faultsAt(value, name, '', line)),
    ...two(value, line)
  ];
}

/** A spec runs one thing. */
function two(value: { [name: string]: unknown }, line: Place): Fault[] {
  const [first, second] = KINDS.filter(kind => value[kind] !== undefined && value[kind] !== null);
  return second === undefined
    ? []
    : [{ line: line([second]), field: second, kind: 'two', other: first }];
}

function faultsAt(
  value: { [name: string]: unknown },
  name: string,
  prefix: string,
  line: Place
): Fault[] {
  const field = prefix + name;
  const shape = FIELDS[field];
  const at = line(field.split('.'));
  if (shape === undefined) {
    return [{ line: at, field, kind: 'unknown', near: nearest(name, prefix) }];
  }
  const inner = value[name];
  if (inner === null || inner === undefined) {
    return [];
  }
  if (!fits(inner, shape)) {
    return [{ line: at, field, kind: shape }];
  }
  return field === 'resources' || field === 'distributed'
    ? Object.keys(inner).flatMap(key =>
        faultsAt(inner as { [name: string]: unknown }, key, `${field}.`, line)
      )
    : [];
}

function fits(value: unknown, shape: Shape): boolean {
  switch (shape) {
    case 'text':
      return typeof value === 'string';
    case 'texts':
      return Array.isArray(value) && value.every(one => typeof one === 'string');
    case 'whole':
      return Number.isInteger(value);
    case 'amount':
      return typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value));
    case 'pairs':
      return isMap(value) && Object.values(value).every(one => typeof one === 'string');
    case 'framework':
      return typeof value === 'string' && FRAMEWORKS.includes(value);
    default:
      return isMap(value);
  }
}

function isMap(value: unknown): value is { [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The field that was probably meant, wherever it stands: `memory` is one of `resources`. */
function nearest(name: string, prefix: string): string | null {
  const [best] = Object.keys(FIELDS)
    .map(field => ({ field, own: field.slice(field.lastIndexOf('.') + 1) }))
    .map(({ field, own }) => ({ field, own, far: distance(name.toLowerCase(), own) }))
    .sort((a, b) => a.far - b.far || elsewhere(a.field, prefix) - elsewhere(b.field, prefix));
  return best.far <= Math.max(1, best.own.length / 3) ? best.field : null;
}

function elsewhere(field: string, prefix: string): number {
  return field.slice(0, field.lastIndexOf('.') + 1) === prefix ? 0 : 1;
}

/** How many letters must be changed, added or taken away (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const change = row[j - 1] + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j] + 1, next[j - 1] + 1));
    }
    row = next;
  }
  return row[other.length];
}
