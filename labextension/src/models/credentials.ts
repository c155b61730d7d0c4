/**
 * What in a document looks like a credential, by the rules that stand in credentials.json. What
 * matched is never kept or shown: a finding is told by its rule, its cell and a fingerprint.
 */
import { rules } from './credentials.json';

export interface Finding {
  rule: string;
  /** One English sentence, for the translator. */
  sentence: string;
  /** The cell's number from 1, or null in a text file. */
  cell: number | null;
  /** The same for the same text, wherever it stands; nothing can be read from it. */
  print: string;
}

/** Text beyond this is not searched, so that a save is never held up. */
const LIMIT = 200_000;

/** Of a list in a JSON file the bundler knows the items, not that it is an array. */
const PATTERNS = Array.from(rules, rule => ({
  ...rule,
  expression: new RegExp(rule.pattern, rule.ignore_case ? 'i' : '')
}));

/** Everything in a document's sources that looks like a credential: a finding a rule and cell. */
export function findCredentials(content: unknown): Finding[] {
  return sourcesOf(content).flatMap(({ source, cell }) =>
    PATTERNS.flatMap(({ name, sentence, expression }) => {
      const found = expression.exec(source.slice(0, LIMIT));
      return found ? [{ rule: name, sentence, cell, print: `${name}:${hash(found[0])}` }] : [];
    })
  );
}

/** What in `content` was not there in `before` and was not let through. */
export function newFindings(
  content: unknown,
  before: unknown,
  passed: ReadonlySet<string>
): Finding[] {
  const known = new Set(findCredentials(before).map(finding => finding.print));
  return findCredentials(content).filter(({ print }) => !known.has(print) && !passed.has(print));
}

function sourcesOf(content: unknown): { source: string; cell: number | null }[] {
  if (typeof content === 'string') {
    return [{ source: content, cell: null }];
  }
  const { cells } = (content ?? {}) as { cells?: { source?: string | string[] }[] };
  return (cells ?? []).map(({ source = '' }, index) => ({
    source: Array.isArray(source) ? source.join('') : source,
    cell: index + 1
  }));
}

/** FNV-1a, 32 bits: enough to know the same text again, too little to tell it. */
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  }
  return (value >>> 0).toString(16);
}
