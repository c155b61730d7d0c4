/** The shape of what is about to stand here: nothing jumps when it comes. Props only. */
import * as React from 'react';

/** How wide the bars are, in percent: as uneven as words. */
const WIDTHS = [62, 84, 47, 71, 55, 90];

/** See the module's comment. `label` is what a screen reader hears in the meantime. */
export function Skeleton(props: {
  label: string;
  /** How many there will be, about. */
  rows?: number;
  /** `line`: one bar each; `row`: two bars, as a list's rows have; `block`: a picture's place. */
  shape?: 'line' | 'row' | 'block';
}): React.ReactElement {
  const { label, rows = 3, shape = 'line' } = props;
  return (
    <div className={`sub-Skeleton sub-mod-${shape}`} role="status" aria-busy="true">
      <span className="sub-Hidden">{label}</span>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="sub-Skeleton-row" aria-hidden="true">
          <div style={{ width: `${WIDTHS[row % WIDTHS.length]}%` }} />
          {shape === 'row' && (
            <div style={{ width: `${WIDTHS[(row + 2) % WIDTHS.length] / 2}%` }} />
          )}
        </div>
      ))}
    </div>
  );
}
