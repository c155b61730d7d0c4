/** How a curve looks, as its legend shows it: which colour, which dashes. */
import * as React from 'react';

/** How many colours the style sheet names. */
const COLORS = 8;

/** The style-sheet variable of the colour at a place. */
export function curveColor(place: number): string {
  return `--sub-curve-${place % COLORS}`;
}

/** Dashes tell curves apart where colours repeat or can't be told. */
export function curveDash(place: number): number[] {
  return [[], [6, 3], [2, 3], [9, 3, 2, 3]][place % 4];
}

/** A short piece of a curve. The words beside it name it. */
export function Swatch(props: {
  /** Null: only the dashes are meant. */
  color: number | null;
  dash: number;
}): React.ReactElement {
  const { color, dash } = props;
  return (
    <svg width="22" height="8" aria-hidden="true" className="sub-Swatch">
      <line
        x1="0"
        x2="22"
        y1="4"
        y2="4"
        strokeWidth="2"
        stroke={`var(${color === null ? '--jp-ui-font-color2' : curveColor(color)})`}
        strokeDasharray={curveDash(dash).join(' ')}
      />
    </svg>
  );
}
