/** The curves as a table of some of their values, for those who read rather than look. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Line } from '../../components/plot';
import { metric, placeWords } from '../../components/words';
import type { Choice } from '../../models/choice';
import { indexAt, reach, snapped, type Range } from '../../models/curves';

export interface ValuesProps {
  lines: readonly Line[];
  choice: Choice;
  trans: TranslationBundle;
}

/** Rows of the table at most. */
const ROWS = 100;

/** See the module's comment. */
export function Values(props: ValuesProps): React.ReactElement {
  const { trans } = props;
  const [open, setOpen] = React.useState(false);
  return (
    <details
      className="sub-Values"
      open={open}
      onToggle={event => setOpen(event.currentTarget.open)}
    >
      <summary>{trans.__('Values as a table')}</summary>
      {open && <Table {...props} />}
    </details>
  );
}

function Table(props: ValuesProps): React.ReactElement {
  const { lines, choice, trans } = props;
  const rows = places(lines, choice.range);
  return (
    <div className="sub-Values-table" tabIndex={0} role="region" aria-label={trans.__('Values')}>
      <table>
        <caption>
          {trans._n('%1 place of what is shown', '%1 places of what is shown', rows.length)}
        </caption>
        <thead>
          <tr>
            <td />
            {lines.map(({ name }) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(x => (
            <tr key={x}>
              <th scope="row">{placeWords(x, choice.axis, trans)}</th>
              {lines.map(line => (
                <td key={line.name} className="sub-Number">
                  {value(line, x)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Evenly spread, each where some curve has a point. */
function places(lines: readonly Line[], range: Range | null): number[] {
  const curves = lines.map(({ curve }) => curve);
  const all = range ?? reach(curves);
  if (!all) {
    return [];
  }
  const [from, to] = all;
  const spread = Array.from({ length: ROWS }, (_, at) => from + ((to - from) * at) / (ROWS - 1));
  const snaps = spread.map(x => snapped(curves, x)).filter(x => x !== null);
  return [...new Set(snaps)].filter(x => x >= from && x <= to).sort((a, b) => a - b);
}

function value({ curve }: Line, x: number): string {
  const at = indexAt(curve, x);
  if (at < 0 || curve.x[at] > x) {
    return metric(undefined);
  }
  const measured = curve.raw[at];
  return metric(Number.isFinite(measured) ? measured : String(measured));
}
