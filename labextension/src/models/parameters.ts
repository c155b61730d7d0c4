/**
 * The parameters that a notebook declares in its cell tagged `parameters`, so that a form can
 * ask for them by type. It reads simple literals only; the server decides what is valid.
 */
import type { Json } from '../api/types';

export type ParameterKind = 'integer' | 'number' | 'boolean' | 'text' | 'json';

/** `initial` is null (with kind `json`) where the default is not a simple literal. */
export interface Parameter {
  name: string;
  kind: ParameterKind;
  initial: Json;
  /** The comment at the end of its line. */
  comment: string;
  /** The default as it stands in the notebook. */
  source: string;
}

interface Cell {
  cell_type?: string;
  source?: string | string[];
  metadata?: { tags?: unknown };
}

const ASSIGNMENT = /^([A-Za-z_]\w*)\s*(?::[^=]+)?=(?!=)\s*(.+)$/;

/** What a notebook's JSON declares; nothing where no cell has the tag. */
export function parametersOf(notebook: unknown): Parameter[] {
  const cells = (notebook as { cells?: Cell[] } | null)?.cells ?? [];
  const cell = cells.find(
    ({ cell_type, metadata }) =>
      cell_type === 'code' && Array.isArray(metadata?.tags) && metadata.tags.includes('parameters')
  );
  const source = cell?.source ?? '';
  return (Array.isArray(source) ? source.join('') : source).split('\n').flatMap(parameter);
}

function parameter(line: string): Parameter[] {
  const match = ASSIGNMENT.exec(line);
  if (!match) {
    return [];
  }
  const [source, comment] = parted(match[2]);
  return [{ name: match[1], comment, source, ...literal(source) }];
}

/** The value and the comment behind it; a # inside quotes is no comment. */
function parted(text: string): [string, string] {
  let quote = '';
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (quote !== '') {
      quote = char === quote && text[at - 1] !== '\\' ? '' : quote;
    } else if (char === '"' || char === "'") {
      quote = char;
    } else if (char === '#') {
      return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
    }
  }
  return [text.trim(), ''];
}

function literal(source: string): { kind: ParameterKind; initial: Json } {
  if (source === 'True' || source === 'False') {
    return { kind: 'boolean', initial: source === 'True' };
  }
  if (/^[+-]?\d[\d_]*$/.test(source)) {
    return { kind: 'integer', initial: Number(source.replace(/_/g, '')) };
  }
  if (/^[+-]?(\d[\d_]*\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(source)) {
    return { kind: 'number', initial: Number(source.replace(/_/g, '')) };
  }
  const string = /^(['"])((?:[^\\'"]|(?!\1)['"])*)\1$/.exec(source);
  if (string) {
    return { kind: 'text', initial: string[2] };
  }
  return { kind: 'json', initial: json(source) };
}

/** A Python list or dict of plain values as JSON; null where it is more than that. */
function json(source: string): Json {
  const text = source
    .replace(/'([^'"\\]*)'/g, '"$1"')
    .replace(/\bTrue\b/g, 'true')
    .replace(/\bFalse\b/g, 'false')
    .replace(/\bNone\b/g, 'null')
    .replace(/,\s*([\]}])/g, '$1');
  try {
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}

/** What was typed for a parameter, as the value to send; undefined where it can't be one. */
export function typed(kind: ParameterKind, text: string): Json | undefined {
  switch (kind) {
    case 'integer':
      return /^[+-]?\d+$/.test(text.trim()) ? Number(text) : undefined;
    case 'number':
      return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : undefined;
    case 'boolean':
      return text === 'true';
    case 'json':
      try {
        return JSON.parse(text) as Json;
      } catch {
        return undefined;
      }
    default:
      return text;
  }
}

/** A value as it stands in a field. */
export function shown(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
