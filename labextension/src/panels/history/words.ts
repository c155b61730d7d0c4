/** What versions and changes are called. Every word through the translator. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CellDiff, Version, VersionKind } from '../../api/types';

/** Who wrote a version: whoever saved it, then who typed with them in a room. */
export function authorsOf({ author, coauthors = [] }: Version): string {
  return [author, ...coauthors].join(', ');
}

/** How a version came about. */
export function kindWord(kind: VersionKind, trans: TranslationBundle): string {
  switch (kind) {
    case 'saved':
      return trans.__('Saved');
    case 'restored':
      return trans.__('Restored');
    case 'found':
      return trans.__('Changed outside the lab');
    case 'conflict':
      return trans.__('Not saved: somebody else was first');
    case 'imported':
      return trans.__('Imported');
    default:
      return String(kind);
  }
}

/** What happened to a cell. */
export function changeWord(change: CellDiff['change'], trans: TranslationBundle): string {
  switch (change) {
    case 'added':
      return trans.__('Added');
    case 'removed':
      return trans.__('Removed');
    case 'changed':
      return trans.__('Changed');
    default:
      return trans.__('Unchanged');
  }
}

/** What kind of cell it is; nothing for the text of another file. */
export function cellWord(type: string, trans: TranslationBundle): string {
  switch (type) {
    case 'code':
      return trans.__('code cell');
    case 'markdown':
      return trans.__('text cell');
    case 'raw':
      return trans.__('raw cell');
    default:
      return '';
  }
}
