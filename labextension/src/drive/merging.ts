/** Where a merge gets its sides from, and how what comes of it is saved: nothing is lost on the way. */
import type { Json } from '../api/types';
import type { FilesApi } from '../api/files';
import { DRIVE, placeOf, sameContent } from '../models/documents';
import { MergeModel } from '../models/merges';
import type { OpenDocument } from './document';
import { StaleError, type ProjectDrive, type Refused } from './drive';

export interface MergingOptions {
  drive: ProjectDrive;
  files: Pick<FilesApi, 'merge'>;
  /** The open documents of a path. */
  at: (path: string) => OpenDocument[];
  /** The merge was saved and the documents show it. */
  done: (path: string) => void;
}

/** A merge of the refused save with what the file holds now. */
export function startMerge(refused: Refused, options: MergingOptions): MergeModel {
  const { drive, files, at, done } = options;
  const { path, options: saved } = refused;
  const place = placeOf(`${DRIVE}:${path}`) ?? { project: '', path: '' };
  let { base, kept: mine } = refused;
  /** What the document held when it was last taken into the merge. */
  let written = saved.content as Json;

  /** Over a version that is no longer there: refused, and kept as a version. */
  async function tryOver(content: Json, etag: string): Promise<boolean> {
    try {
      await drive.put(path, { ...saved, content }, { base: etag });
      return true;
    } catch (error) {
      if (!(error instanceof StaleError)) {
        throw error;
      }
      [base, mine] = [etag, error.refused.kept];
      return false;
    }
  }

  /**
   * What was written in the document since the merge began is part of mine. It was made from
   * what the document was opened with, whatever the merge was made from meanwhile.
   */
  async function catchUp(): Promise<boolean> {
    const now = at(path)
      .filter(({ context }) => context.model.dirty)
      .map(({ context }) => contentOf(context.model, saved.format))[0];
    if (now === undefined || sameContent(now, written)) {
      return true;
    }
    written = now;
    return tryOver(now, refused.base);
  }

  return new MergeModel({
    load: () => files.merge(place.project, place.path, { base, mine }),
    save: async (content, etag) => {
      const upToDate = await catchUp();
      if (!upToDate || !(await tryOver(content, etag))) {
        return false;
      }
      for (const document of at(path)) {
        await document.revert();
      }
      done(path);
      return true;
    }
  });
}

function contentOf(
  model: { toJSON: () => unknown; toString: () => string },
  format: string | null | undefined
): Json {
  return format === 'json' ? (model.toJSON() as Json) : model.toString();
}
