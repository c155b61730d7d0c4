/** The product's own icons: the submarine, and one shape for each state of a job. */
import { LabIcon } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { JobState } from '../api/types';

/** A small submarine with its periscope up. */
export const submarineIcon = new LabIcon({
  name: 'submarine-ext:submarine',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="16">
  <g class="jp-icon3" fill="#616161">
    <path d="M13 8V5h3V3h-5v5H9.5a1 1 0 0 0-1 1v1.2C5 10.6 2 12.4 2 15c0 3 4.2 5 9 5
      3.3 0 6-.8 7.6-2L22 20v-9l-3.4 2.3c-1.2-1.3-3-2.2-5.1-2.7V9a1 1 0 0 0-.5-1z
      M7 13.8a1.3 1.3 0 1 1 0 2.6 1.3 1.3 0 0 1 0-2.6z
      m4.2 0a1.3 1.3 0 1 1 0 2.6 1.3 1.3 0 0 1 0-2.6z
      m4.2 0a1.3 1.3 0 1 1 0 2.6 1.3 1.3 0 0 1 0-2.6z" fill-rule="evenodd"/>
  </g>
</svg>`
});

const SHAPES: { [state in JobState]: React.ReactElement } = {
  pending: <circle cx="8" cy="8" r="5.5" strokeDasharray="2 2.3" />,
  queued: <path d="M8 2.5a5.5 5.5 0 1 0 .01 0M8 5v3.2l2.2 1.4" />,
  running: <path d="M5.5 3.5l7 4.5-7 4.5z" fill="currentColor" />,
  succeeded: <path d="M2.5 8.5l3.5 3.5 7.5-8" strokeWidth="2" />,
  failed: <path d="M3.5 3.5l9 9m0-9l-9 9" strokeWidth="2" />,
  cancelled: <path d="M3.5 3.5h9v9h-9z" />,
  lost: <path d="M5.5 6a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M8 12.3v.7" strokeWidth="1.7" />
};

/** The shape of a state. It stands beside the word, so it has no name of its own. */
export function StateIcon({ state }: { state: JobState }): React.ReactElement {
  return (
    <svg
      className={`sub-StateIcon sub-mod-${state}`}
      viewBox="0 0 16 16"
      width="14"
      height="14"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {SHAPES[state]}
    </svg>
  );
}
