/** A merge: cells in order, what is the same folded, what both changed to be chosen. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Message, TextButton } from '../../components/basics';
import { useSignal } from '../../components/hooks';
import type { MergedCell, MergeModel } from '../../models/merges';
import { Conflict, Folded, OneSided } from './cells';

export interface MergeBodyProps {
  name: string;
  model: MergeModel;
  onClose: () => void;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function MergeBody(props: MergeBodyProps): React.ReactElement {
  const { model, trans } = props;
  useSignal(model.changed);
  const { merge, problem } = model;
  if (!merge) {
    return problem ? (
      <Message kind="failed">{problem}</Message>
    ) : (
      <Message kind="loading">{trans.__('Comparing both versions…')}</Message>
    );
  }
  return (
    <div className="sub-Merge">
      <Head {...props} />
      {model.again && (
        <p className="sub-Merge-note" role="status">
          {trans.__('Somebody saved again while you merged. What you chose was kept; look again.')}
        </p>
      )}
      {merge.plain && (
        <p className="sub-Merge-note">
          {trans.__('So much changed that cells may be shown as removed and added.')}
        </p>
      )}
      {problem && <Message kind="failed">{problem}</Message>}
      <div className="sub-Merge-cells">
        {runs(model.cells).map(({ first, cells }) => (
          <Run key={first} first={first} cells={cells} model={model} trans={trans} />
        ))}
      </div>
    </div>
  );
}

/** How many conflicts are left, and the button that saves. */
function Head({ name, model, onClose, trans }: MergeBodyProps): React.ReactElement {
  const { total, open } = model.conflicts;
  const left =
    total === 0
      ? trans.__('No conflicts: look through the changes and save.')
      : trans.__('Conflicts left: %1 of %2', open, total);
  const next = () => {
    document.querySelector<HTMLElement>('.sub-Merge-conflict.sub-mod-open')?.focus();
  };
  return (
    <div className="sub-Merge-head">
      <h1>{trans.__('Merge %1', name)}</h1>
      <span role="status">{left}</span>
      <div className="sub-History-actions">
        {open > 0 && <TextButton onClick={next}>{trans.__('Next conflict')}</TextButton>}
        <TextButton
          accept
          disabled={open > 0 || model.status !== 'ready'}
          onClick={() => void model.save()}
        >
          {model.status === 'saving' ? trans.__('Saving…') : trans.__('Save merged')}
        </TextButton>
        <TextButton onClick={onClose}>{trans.__('Cancel')}</TextButton>
      </div>
    </div>
  );
}

interface RunOfCells {
  first: number;
  cells: readonly MergedCell[];
}

/** Cells that are the same follow each other as one run; every other cell stands by itself. */
function runs(cells: readonly MergedCell[]): RunOfCells[] {
  const found: { first: number; cells: MergedCell[] }[] = [];
  cells.forEach((one, index) => {
    const last = found[found.length - 1];
    if (last && one.cell.side === 'same' && last.cells[0].cell.side === 'same') {
      last.cells.push(one);
    } else {
      found.push({ first: index, cells: [one] });
    }
  });
  return found;
}

function Run(
  props: RunOfCells & { model: MergeModel; trans: TranslationBundle }
): React.ReactElement {
  const { first, cells, model, trans } = props;
  const [one] = cells;
  const common = {
    one,
    choose: (choice: MergedCell['choice']) => model.choose(first, choice),
    trans
  };
  switch (one.cell.side) {
    case 'same':
      return <Folded cells={cells} trans={trans} />;
    case 'conflict':
      return <Conflict {...common} number={first + 1} />;
    default:
      return <OneSided {...common} />;
  }
}
