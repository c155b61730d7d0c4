/** Zeppelin notes come into a project as notebooks, and its notebooks go out as notes. */
import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { FilesApi } from '../api/files';
import { Problem } from '../api/problem';
import type { Json } from '../api/types';
import { localOf, type Place } from '../models/documents';

type Note = { [name: string]: Json };

/** A file of the reader's own computer; null where none was chosen. */
export function chooseFile(accept: string): Promise<File | null> {
  const input = document.createElement('input');
  input.type = 'file';
  input.accept = accept;
  return new Promise(resolve => {
    input.onchange = () => resolve(input.files?.[0] ?? null);
    input.oncancel = () => resolve(null);
    input.click();
  });
}

/** A note as the server takes it. Throws a sentence where the file is none. */
export async function readNote(file: File, trans: TranslationBundle): Promise<Note> {
  let note: unknown = null;
  try {
    note = JSON.parse(await file.text());
  } catch {
    // Not JSON: said below like everything else that is no note.
  }
  if (note === null || typeof note !== 'object' || Array.isArray(note)) {
    throw new Error(trans.__('%1 is not a Zeppelin note (.json or .zpln).', file.name));
  }
  return note as Note;
}

/** Where an imported note goes: `note.ipynb`, then `note 2.ipynb`, … */
export async function importNote(
  files: Pick<FilesApi, 'importNote'>,
  folder: Place,
  file: { name: string },
  note: Note
): Promise<Place> {
  const stem = file.name.replace(/\.(zpln|json)$/i, '').replace(/[/\\]/g, '_');
  for (let count = 1; ; count++) {
    const name = `${count > 1 ? `${stem} ${count}` : stem}.ipynb`;
    const path = folder.path === '' ? name : `${folder.path}/${name}`;
    try {
      await files.importNote(folder.project, path, note);
      return { project: folder.project, path };
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 409) {
        throw error;
      }
    }
  }
}

/** Let the browser download a notebook as a note. */
export function exportNote(files: FilesApi, place: Place, trans: TranslationBundle): void {
  const link = document.createElement('a');
  link.href = files.noteUrl(place.project, place.path);
  link.download = '';
  link.click();
  Notification.info(trans.__('Exporting %1 as a Zeppelin note…', localOf(place)), {
    autoClose: 3000
  });
}
