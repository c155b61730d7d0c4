/** The cells of a merge: folded, changed by one side, or changed by both. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { TextButton } from '../../components/basics';
import { result, sourceOf, type Cell, type Choice, type MergedCell } from '../../models/merges';
import { cellWord } from '../history/words';

interface CellProps {
  one: MergedCell;
  choose: (choice: Choice | null) => void;
  trans: TranslationBundle;
}

/** Cells that are the same on both sides. */
export function Folded(props: {
  cells: readonly MergedCell[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { cells, trans } = props;
  return (
    <details className="sub-Diff-folded">
      <summary>{trans._n('%1 unchanged cell', '%1 unchanged cells', cells.length)}</summary>
      {cells.map(({ cell }, index) => (
        <Source key={index} cell={cell.merged} trans={trans} />
      ))}
    </details>
  );
}

/** A cell that one side changed (or both, each elsewhere in it): taken, unless it is undone. */
export function OneSided({ one, choose, trans }: CellProps): React.ReactElement {
  const { cell, choice } = one;
  const undone = choice?.take === 'base';
  const [kept] = result(cell, choice);
  return (
    <section className={`sub-Merge-cell sub-mod-${cell.side}${undone ? ' sub-mod-undone' : ''}`}>
      <header>
        <h2>{undone ? trans.__('As it was before') : sidedWord(one, trans)}</h2>
        <TextButton onClick={() => choose(undone ? null : { take: 'base' })}>
          {undone ? trans.__('Redo') : trans.__('Undo')}
        </TextButton>
      </header>
      <Source cell={kept ?? removed(cell)} gone={!kept} trans={trans} />
    </section>
  );
}

/** A cell that both sides changed in the same place. */
export function Conflict(props: CellProps & { number: number }): React.ReactElement {
  const { one, choose, number, trans } = props;
  const { cell, choice } = one;
  const open = choice === null;
  const title = open ? trans.__('Conflict in cell %1', number) : trans.__('Settled');
  return (
    <section
      className={`sub-Merge-cell sub-Merge-conflict ${open ? 'sub-mod-open' : 'sub-mod-settled'}`}
      tabIndex={-1}
      aria-label={title}
    >
      <header>
        <h2>{title}</h2>
        <Choices {...props} />
      </header>
      <div className="sub-Merge-sides">
        <Side title={trans.__('Mine')} chosen={takes(choice, 'mine')}>
          <Source cell={cell.mine} trans={trans} />
        </Side>
        <Side title={trans.__('Theirs')} chosen={takes(choice, 'theirs')}>
          <Source cell={cell.theirs} trans={trans} />
        </Side>
      </div>
      {choice?.take === 'edited' && (
        <label className="sub-Merge-edit">
          {trans.__('Your text')}
          <textarea
            className="jp-mod-styled sub-Area"
            rows={Math.min(24, choice.source.split('\n').length + 1)}
            spellCheck={false}
            value={choice.source}
            onChange={event => choose({ take: 'edited', source: event.target.value })}
          />
        </label>
      )}
    </section>
  );
}

function Choices({ one, choose, trans }: CellProps): React.ReactElement {
  const { cell, choice } = one;
  const edit = () => {
    const shown = result(cell, choice ?? { take: 'both' });
    choose({ take: 'edited', source: shown.map(sourceOf).join('\n') });
  };
  const choices: [string, boolean, () => void][] = [
    [trans.__('Mine'), choice?.take === 'mine', () => choose({ take: 'mine' })],
    [trans.__('Theirs'), choice?.take === 'theirs', () => choose({ take: 'theirs' })],
    [trans.__('Both'), choice?.take === 'both', () => choose({ take: 'both' })],
    [trans.__('Edit'), choice?.take === 'edited', edit]
  ];
  return (
    <div className="sub-Merge-choices" role="group" aria-label={trans.__('Which one to keep')}>
      {choices.map(([label, pressed, run]) => (
        <button
          key={label}
          type="button"
          className="jp-Button jp-mod-styled sub-mod-quiet sub-TextButton"
          aria-pressed={pressed}
          onClick={run}
        >
          {label}
        </button>
      ))}
    </div>
  );
}

function Side(props: {
  title: string;
  chosen: boolean;
  children: React.ReactNode;
}): React.ReactElement {
  return (
    <div className={`sub-Merge-side${props.chosen ? ' sub-mod-chosen' : ''}`}>
      <h3>{props.title}</h3>
      {props.children}
    </div>
  );
}

function Source(props: {
  cell: Cell | null;
  gone?: boolean;
  trans: TranslationBundle;
}): React.ReactElement {
  const { cell, gone, trans } = props;
  return cell === null ? (
    <p className="sub-Merge-none">{trans.__('The cell is deleted.')}</p>
  ) : (
    <pre
      className={gone ? 'sub-Lines sub-Merge-gone' : 'sub-Lines'}
      tabIndex={0}
      aria-label={cellWord(String(cell.cell_type ?? ''), trans) || undefined}
    >
      {sourceOf(cell)}
    </pre>
  );
}

/** What a cell was that is not there any more. */
function removed({ base, mine, theirs }: MergedCell['cell']): Cell | null {
  return base ?? mine ?? theirs;
}

function takes(choice: Choice | null, side: 'mine' | 'theirs'): boolean {
  return choice?.take === side || choice?.take === 'both';
}

/** Who did what to a cell that only one side touched. */
function sidedWord({ cell }: MergedCell, trans: TranslationBundle): string {
  const what = cell.base === null ? 'added' : cell.merged === null ? 'removed' : 'changed';
  const words = {
    mine: {
      added: trans.__('You added this'),
      removed: trans.__('You deleted this'),
      changed: trans.__('You changed this')
    },
    theirs: {
      added: trans.__('They added this'),
      removed: trans.__('They deleted this'),
      changed: trans.__('They changed this')
    },
    both: {
      added: trans.__('Both added this'),
      removed: trans.__('Both deleted this'),
      changed: trans.__('Both changed this, in different places')
    }
  };
  const side = cell.side === 'mine' || cell.side === 'theirs' ? cell.side : 'both';
  return words[side][what];
}
