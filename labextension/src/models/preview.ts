/** What of a job's file can be shown, and as what. Pure functions over bytes and text. */

export type PreviewKind = 'image' | 'table' | 'notebook' | 'json' | 'text';

/** Types that a browser draws in an `img`, where nothing in them runs. */
const IMAGES: { readonly [ending: string]: string } = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  bmp: 'image/bmp',
  svg: 'image/svg+xml'
};

/** What a file is by its name; whether it is text at all shows in its bytes. */
export function kindOf(path: string): PreviewKind {
  const ending = endingOf(path);
  if (ending in IMAGES) {
    return 'image';
  }
  switch (ending) {
    case 'csv':
    case 'tsv':
      return 'table';
    case 'ipynb':
      return 'notebook';
    case 'json':
      return 'json';
    default:
      return 'text';
  }
}

/** The type to draw an image's bytes as; never one that it claims for itself. */
export function imageType(path: string): string {
  return IMAGES[endingOf(path)] ?? 'image/png';
}

function endingOf(path: string): string {
  return /\.([a-z0-9]+)$/i.exec(path)?.[1].toLowerCase() ?? '';
}

/** Bytes as text; null where they are something else. */
export function textOf(bytes: Uint8Array): string | null {
  if (bytes.subarray(0, 8192).includes(0)) {
    return null;
  }
  const text = new TextDecoder().decode(bytes);
  const odd = text.slice(0, 4096).split('\ufffd').length - 1;
  return odd > 16 ? null : text;
}

/** The rows of a table, at most so many; `cut` says that the text goes on behind what is there. */
export function rowsOf(path: string, text: string, most: number, cut: boolean): string[][] {
  const delimiter = endingOf(path) === 'tsv' ? '\t' : ',';
  const rows: string[][] = [];
  let [row, at] = [[] as string[], 0];
  while (at < text.length && rows.length < most) {
    const [field, next] = fieldAt(text, at, delimiter);
    row.push(field);
    at = next;
    if (at >= text.length || text[at] !== delimiter) {
      rows.push(row);
      row = [];
      at += text.startsWith('\r\n', at) ? 1 : 0;
    }
    at++;
  }
  // The last row may be cut in two.
  return cut && at >= text.length ? rows.slice(0, -1) : rows;
}

/** One field and where its end is: a delimiter, a line's end or the text's. */
function fieldAt(text: string, at: number, delimiter: string): [string, number] {
  if (text[at] !== '"') {
    const end = endOfField(text, at, delimiter);
    return [text.slice(at, end), end];
  }
  let close = text.indexOf('"', at + 1);
  while (close >= 0 && text[close + 1] === '"') {
    close = text.indexOf('"', close + 2);
  }
  const stop = close < 0 ? text.length : close;
  const end = endOfField(text, Math.min(stop + 1, text.length), delimiter);
  return [text.slice(at + 1, stop).replace(/""/g, '"'), end];
}

function endOfField(text: string, at: number, delimiter: string): number {
  let end = at;
  while (end < text.length && text[end] !== delimiter && text[end] !== '\n' && text[end] !== '\r') {
    end++;
  }
  return end;
}

/** What a preview shows of one cell of a notebook. */
export interface PreviewCell {
  kind: 'code' | 'markdown' | 'raw';
  count: number | null;
  source: string;
  outputs: PreviewOutput[];
}

/** Text as a terminal draws it, or an image's base64. */
export interface PreviewOutput {
  kind: 'text' | 'error' | 'image';
  type: string;
  data: string;
}

/** The cells of a notebook; null where the text is none. */
export function cellsOf(text: string): PreviewCell[] | null {
  let notebook: unknown;
  try {
    notebook = JSON.parse(text);
  } catch {
    return null;
  }
  const cells = (notebook as { cells?: unknown } | null)?.cells;
  return Array.isArray(cells) ? cells.filter(isObject).map(cellOf) : null;
}

type Raw = { [name: string]: unknown };

function cellOf(cell: Raw): PreviewCell {
  const kind = cell.cell_type === 'markdown' || cell.cell_type === 'raw' ? cell.cell_type : 'code';
  const outputs = Array.isArray(cell.outputs) ? cell.outputs.filter(isObject) : [];
  return {
    kind,
    count: typeof cell.execution_count === 'number' ? cell.execution_count : null,
    source: joined(cell.source),
    outputs: outputs.flatMap(outputOf)
  };
}

/** The plainest form of an output that still shows it: an image, else text. */
function outputOf(output: Raw): PreviewOutput[] {
  if (output.output_type === 'stream') {
    return [{ kind: 'text', type: 'text/plain', data: joined(output.text) }];
  }
  if (output.output_type === 'error') {
    const said = Array.isArray(output.traceback) ? output.traceback.map(joined).join('\n') : '';
    const data = said || `${joined(output.ename)}: ${joined(output.evalue)}`;
    return [{ kind: 'error', type: 'text/plain', data }];
  }
  const data = isObject(output.data) ? output.data : {};
  const image = ['image/png', 'image/jpeg', 'image/gif'].find(type => type in data);
  if (image) {
    return [{ kind: 'image', type: image, data: joined(data[image]).replace(/\s/g, '') }];
  }
  const text = joined(data['text/plain']);
  return text ? [{ kind: 'text', type: 'text/plain', data: text }] : [];
}

function isObject(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null;
}

function joined(value: unknown): string {
  const parts = Array.isArray(value) ? value : [value];
  return parts.filter(part => typeof part === 'string').join('');
}
