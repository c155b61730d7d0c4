/** Makes an open document's editors read-only, which the lab by itself does not. */
import type { IDocumentWidget } from '@jupyterlab/docregistry';
import { NotebookPanel, type Notebook } from '@jupyterlab/notebook';

/** Lock or unlock a document: its model, the cells of a notebook, the editor of a file. */
export function lock(widget: IDocumentWidget, locked: boolean): void {
  widget.context.model.readOnly = locked;
  if (widget instanceof NotebookPanel) {
    widget.content.modelContentChanged.disconnect(lockCells);
    lockCells(widget.content);
    lockKernel(widget.sessionContext, locked);
    if (locked) {
      // Cells come and go when the notebook is loaded again.
      widget.content.modelContentChanged.connect(lockCells);
    }
  } else {
    editorOf(widget)?.setOption('readOnly', locked);
  }
}

type Startable = Partial<Pick<NotebookPanel['sessionContext'], 'startKernel'>>;

/**
 * Whoever presses Run without a kernel would be asked for one, and then lose the outputs that
 * are shown. So the lab's wish for a kernel stays unanswered; the line above says why.
 */
function lockKernel(context: Startable, locked: boolean): void {
  if (locked) {
    context.startKernel = () => new Promise(() => undefined);
  } else {
    delete context.startKernel;
  }
}

function lockCells(notebook: Notebook): void {
  const locked = notebook.model?.readOnly ?? false;
  notebook.widgets.forEach(cell => {
    cell.readOnly = locked;
  });
}

/** The part of an editor that is used. */
interface Editor {
  setOption: (name: 'readOnly', value: boolean) => void;
}

/** The editor of a text file; viewers of images and the like have none. */
function editorOf(widget: IDocumentWidget): Editor | null {
  const { editor } = widget.content as { editor?: Editor };
  return editor && 'setOption' in editor ? editor : null;
}
