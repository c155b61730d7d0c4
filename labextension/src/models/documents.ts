/**
 * What the lab knows of documents on the project drive: where they lie, from which version each
 * was opened, and whether two contents are the same. Pure; it asks nobody.
 */
import type { Json } from '../api/types';

/** The drive's name in front of its paths: `submarine:vision/train.ipynb`. */
export const DRIVE = 'submarine';

/** A file on the drive: its project, and its path inside the project's folder. */
export interface Place {
  project: string;
  path: string;
}

/** Where a path of the lab points, or null for what is on another drive. */
export function placeOf(path: string): Place | null {
  const prefix = `${DRIVE}:`;
  if (!path.startsWith(prefix)) {
    return null;
  }
  const [project, ...parts] = path.slice(prefix.length).split('/').filter(Boolean);
  return project === undefined ? null : { project, path: parts.join('/') };
}

/** The path on the drive, without the drive's name. */
export function localOf({ project, path }: Place): string {
  return path === '' ? project : `${project}/${path}`;
}

/** The path as the lab writes it. */
export function labPathOf(place: Place): string {
  return `${DRIVE}:${localOf(place)}`;
}

/** The last part of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** `train (alice).ipynb`, then `train (alice 2).ipynb`, … */
export function copyName(path: string, who: string, count: number): string {
  const dot = path.lastIndexOf('.');
  const stem = dot > path.lastIndexOf('/') + 1 ? path.slice(0, dot) : path;
  const label = who.replace(/[/\\\p{C}]/gu, '_');
  return `${stem} (${count > 1 ? `${label} ${count}` : label})${path.slice(stem.length)}`;
}

/**
 * Which version each document was made from: the ETag of what was last read into it or saved
 * from it. What is merely looked at (a listing, a preview) must not be noted here, or a save
 * would overwrite what its author never saw.
 */
export class Bases {
  get(path: string): string | null {
    return this._etags.get(path) ?? null;
  }

  set(path: string, etag: string | null): void {
    if (etag !== null) {
      this._etags.set(path, etag);
    }
  }

  /** A file or a folder with everything in it goes elsewhere. */
  move(from: string, to: string): void {
    for (const [path, etag] of [...this._etags]) {
      if (path === from || path.startsWith(`${from}/`)) {
        this._etags.delete(path);
        this._etags.set(to + path.slice(from.length), etag);
      }
    }
  }

  /** A file or a folder is gone: what is saved there next is new. */
  forget(path: string): void {
    for (const known of [...this._etags.keys()]) {
      if (known === path || known.startsWith(`${path}/`)) {
        this._etags.delete(known);
      }
    }
  }

  private readonly _etags = new Map<string, string>();
}

/** `"abc"` as `abc`; null where there is none. */
export function etagOf(header: string | null): string | null {
  const found = /^(?:W\/)?"(.+)"$/.exec(header ?? '');
  return found ? found[1] : null;
}

/** Whether two documents' contents are one and the same, whatever the order of their fields. */
export function sameContent(one: unknown, other: unknown): boolean {
  return canonical(one) === canonical(other);
}

/** Trust belongs to the reader, and sources may be lists of lines: neither is a difference. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (key, inner: Json) => {
    if (key === 'source' && Array.isArray(inner)) {
      return inner.join('');
    }
    if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) {
      return inner;
    }
    const names = Object.keys(inner).filter(name => name !== 'trusted');
    return Object.fromEntries(names.sort().map(name => [name, inner[name]]));
  });
}
