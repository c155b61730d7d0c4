/**
 * Whoever runs a cell trusts what it prints. In a room others may write into the same outputs,
 * and what they write must not run as script in the browser of who ran the cell: outputs that
 * come from elsewhere are never trusted.
 */
import type { ICodeCellModel } from '@jupyterlab/cells';
import type { INotebookModel } from '@jupyterlab/notebook';
import type { IOutputAreaModel } from '@jupyterlab/outputarea';

type Factory = IOutputAreaModel.IContentFactory;

/** The part of a shared model's Yjs document that is used. */
interface Doc {
  on: (
    event: 'beforeObserverCalls' | 'afterTransaction',
    call: (transaction: { local: boolean }) => void
  ) => void;
}

/** From now on, for all cells of the notebook. */
export function distrustOthers(model: INotebookModel): void {
  const doc = (model.sharedModel as unknown as { ydoc: Doc }).ydoc;
  let foreign = false;
  doc.on('beforeObserverCalls', ({ local }) => (foreign = !local));
  doc.on('afterTransaction', () => (foreign = false));
  const wrapped = new WeakSet<IOutputAreaModel>();
  const wrapAll = () => {
    for (const cell of model.cells) {
      const outputs = cell.type === 'code' ? (cell as ICodeCellModel).outputs : null;
      if (outputs && !wrapped.has(outputs)) {
        wrapped.add(outputs);
        wrap(outputs, () => foreign);
      }
    }
  };
  model.cells.changed.connect(wrapAll);
  wrapAll();
}

/** The area asks its factory for each output; nothing else of it can be told. */
function wrap(outputs: IOutputAreaModel, isForeign: () => boolean): void {
  const { contentFactory } = outputs;
  (outputs as { contentFactory: Factory }).contentFactory = {
    createOutputModel: options =>
      contentFactory.createOutputModel(isForeign() ? { ...options, trusted: false } : options)
  };
}
