/** What a chart can't show, in sentences: values that are no numbers, and what a log scale hides. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Line } from '../../components/plot';
import { placeWords } from '../../components/words';
import type { Choice } from '../../models/choice';
import { strandedAt } from '../../models/curves';
import type { Shown } from './lines';

export interface NotesProps {
  lines: readonly Line[];
  runs: readonly Shown[];
  choice: Choice;
  trans: TranslationBundle;
}

/** Sentences that are shown at most. */
const MOST = 4;

/** See the module's comment. */
export function Notes(props: NotesProps): React.ReactElement | null {
  const { lines, choice, trans } = props;
  const notes = [...lines.flatMap(line => stranded(line, choice, trans)), ...hidden(props)];
  if (notes.length === 0) {
    return null;
  }
  return (
    <ul className="sub-Curves-notes" role="status">
      {notes.slice(0, MOST).map(note => (
        <li key={note}>{note}</li>
      ))}
      {notes.length > MOST && (
        <li>{trans._n('… and %1 more curve', '… and %1 more curves', notes.length - MOST)}</li>
      )}
    </ul>
  );
}

function stranded({ name, curve }: Line, { axis }: Choice, trans: TranslationBundle): string[] {
  const found = strandedAt(curve);
  if (!found) {
    return [];
  }
  const value = String(found.value);
  return found.x === curve.x[0]
    ? [trans.__('%1 has been %2 from the first point on.', name, value)]
    : [trans.__('%1 became %2 (%3).', name, value, placeWords(found.x, axis, trans))];
}

/** Curves without any value that a log scale has a place for. */
function hidden({ lines, choice, trans }: NotesProps): string[] {
  const none = lines.filter(
    ({ curve }) => curve.raw.some(Number.isFinite) && !curve.y.some(Number.isFinite)
  );
  return choice.log
    ? none.map(({ name }) =>
        trans.__('%1 has no value above 0, which is all that a log scale shows.', name)
      )
    : [];
}
