/** What the lab's status bar says of one's jobs: a button that opens the panel. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { ConnectionState } from '../models/connection';
import { submarineIcon } from './icons';

/** See the module's comment. */
export function StatusLine(props: {
  running: number;
  waiting: number;
  connection: ConnectionState;
  onOpen: () => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { connection, onOpen, trans } = props;
  const cut = trouble(connection, trans);
  const counts = countWords(props);
  const whole = cut ?? (counts || trans.__('No job of yours runs.'));
  return (
    <button
      type="button"
      className={`sub-StatusLine${cut === null ? '' : ' sub-mod-cut'}`}
      title={trans.__('My jobs: %1', whole)}
      onClick={onOpen}
    >
      <submarineIcon.react tag="span" width="16px" height="16px" />
      <span className={cut === null && counts === '' ? 'sub-Hidden' : undefined}>{whole}</span>
    </button>
  );
}

function countWords(props: { running: number; waiting: number; trans: TranslationBundle }): string {
  const { running, waiting, trans } = props;
  return [
    running > 0 && trans._n('%1 runs', '%1 run', running),
    waiting > 0 && trans._n('%1 waits', '%1 wait', waiting)
  ]
    .filter(Boolean)
    .join(', ');
}

function trouble(connection: ConnectionState, trans: TranslationBundle): string | null {
  switch (connection) {
    case 'offline':
      return trans.__('Reconnecting…');
    case 'forbidden':
      return trans.__('Signed out');
    default:
      return null;
  }
}
