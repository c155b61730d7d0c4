/** What changed between two versions: cell by cell, line by line, with signs beside the colours. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { CellDiff, Diff } from '../../api/types';
import { Message } from '../../components/basics';
import { cellWord, changeWord } from './words';

/** See the module's comment. */
export function DiffView(props: { diff: Diff; trans: TranslationBundle }): React.ReactElement {
  const { diff, trans } = props;
  if (diff.format === 'binary') {
    return (
      <Message kind="empty">{trans.__('This is no text: download both to compare them.')}</Message>
    );
  }
  const untouched = diff.cells.every(isSame);
  if (untouched && !diff.metadata_changed) {
    return <Message kind="empty">{trans.__('The two versions are the same.')}</Message>;
  }
  return (
    <div className="sub-Diff">
      {diff.metadata_changed && (
        <p className="sub-Diff-note">{trans.__("The notebook's metadata changed.")}</p>
      )}
      {diff.plain && (
        <p className="sub-Diff-note">
          {trans.__('So much changed that cells may be shown as removed and added.')}
        </p>
      )}
      {runs(diff.cells).map((run, index) =>
        isSame(run[0]) ? (
          <Folded key={index} cells={run} trans={trans} />
        ) : (
          <CellChange key={index} cell={run[0]} trans={trans} />
        )
      )}
    </div>
  );
}

function isSame(cell: CellDiff): boolean {
  return cell.change === 'same' && !cell.outputs_changed && !cell.metadata_changed;
}

/** Unchanged cells that follow each other as one run; every other cell by itself. */
function runs(cells: readonly CellDiff[]): CellDiff[][] {
  const found: CellDiff[][] = [];
  for (const cell of cells) {
    const last = found[found.length - 1];
    if (last && isSame(cell) && isSame(last[0])) {
      last.push(cell);
    } else {
      found.push([cell]);
    }
  }
  return found;
}

/** Cells that nobody needs to look at, unless they want to. */
function Folded(props: { cells: CellDiff[]; trans: TranslationBundle }): React.ReactElement {
  const { cells, trans } = props;
  return (
    <details className="sub-Diff-folded">
      <summary>{trans._n('%1 unchanged cell', '%1 unchanged cells', cells.length)}</summary>
      {cells.map((cell, index) => (
        <Lines key={index} lines={cell.lines} />
      ))}
    </details>
  );
}

function CellChange(props: { cell: CellDiff; trans: TranslationBundle }): React.ReactElement {
  const { cell, trans } = props;
  const head = [
    changeWord(cell.change, trans),
    cellWord(cell.cell_type, trans),
    cell.outputs_changed && trans.__('outputs changed'),
    cell.metadata_changed && trans.__('metadata changed')
  ].filter(Boolean);
  return (
    <section className={`sub-Diff-cell sub-mod-${cell.change}`}>
      <h2>{head.join(' · ')}</h2>
      <Lines lines={cell.lines} />
    </section>
  );
}

const SIGNS: { [sign: string]: string } = { '+': 'added', '-': 'removed' };

/** Lines of a unified list: the sign stays visible, so that colour is never the only signal. */
export function Lines({ lines }: { lines: readonly string[] }): React.ReactElement {
  return (
    <pre className="sub-Lines" tabIndex={0}>
      {lines.map((line, index) => (
        <span key={index} className={`sub-Line sub-mod-${SIGNS[line[0]] ?? 'same'}`}>
          {`${line.replace(/\n$/, '')}\n`}
        </span>
      ))}
    </pre>
  );
}
