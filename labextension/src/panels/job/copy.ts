/** Opens a notebook that a job left: as a copy beside the user's own, made once. */
import { PathExt } from '@jupyterlab/coreutils';
import type { IDocumentManager } from '@jupyterlab/docmanager';

/** `folder` is where the file browser stands. A copy that is there already is only opened. */
export function notebookOpener(
  manager: IDocumentManager,
  folder: () => string
): (name: string, content: unknown) => Promise<void> {
  const { contents } = manager.services;
  const exists = (path: string) =>
    contents.get(path, { content: false }).then(
      () => true,
      () => false
    );
  return async (name, content) => {
    const path = PathExt.join(folder(), name);
    if (!(await exists(path))) {
      await contents.save(path, { type: 'notebook', format: 'json', content: distrusted(content) });
    }
    manager.openOrReveal(path);
  };
}

/**
 * The notebook without anything that says it may be trusted: the server signs what is saved
 * with such marks, and a job could have put them there to run its output in the lab.
 */
export function distrusted(notebook: unknown): unknown {
  const { cells } = (notebook ?? {}) as { cells?: unknown };
  if (!Array.isArray(cells)) {
    return notebook;
  }
  return {
    ...(notebook as object),
    cells: cells.map((cell: { metadata?: object }) => ({
      ...cell,
      metadata: { ...cell.metadata, trusted: false }
    }))
  };
}
