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
      await contents.save(path, { type: 'notebook', format: 'json', content });
    }
    manager.openOrReveal(path);
  };
}
