/** Makes an open document's editors read-only, which the lab by itself does not. */
import type { IDocumentWidget } from '@jupyterlab/docregistry';
import { NotebookPanel, type Notebook } from '@jupyterlab/notebook';

/** Lock or unlock a document: its model, the cells of a notebook, the editor of a file. */
export function lock(widget: IDocumentWidget, locked: boolean): void {
  widget.context.model.readOnly = locked;
  if (widget instanceof NotebookPanel) {
    widget.content.modelContentChanged.disconnect(lockCells);
    lockCells(widget.content);
    if (locked) {
      // Cells come and go when the notebook is loaded again.
      widget.content.modelContentChanged.connect(lockCells);
    }
  } else {
    editorOf(widget)?.setOption('readOnly', locked);
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
