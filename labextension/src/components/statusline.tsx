/** What the lab's status bar says of one's jobs: a button that opens the panel. Props only. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { ConnectionState } from '../models/connection';
import { submarineIcon } from './icons';
import { underWay } from './words';

/** See the module's comment. */
export function StatusLine(props: {
  running: number;
  waiting: number;
  connection: ConnectionState;
  onOpen: () => void;
  trans: TranslationBundle;
}): React.ReactElement {
  const { running, waiting, connection, onOpen, trans } = props;
  const cut = trouble(connection, trans);
  const counts = underWay(running, waiting, trans);
  const whole = cut ?? (counts || trans.__('No job of yours is running.'));
  return (
    <button
      type="button"
      className={`sub-StatusLine${cut === null ? '' : ' sub-mod-cut'}`}
      title={trans.__('Show my jobs')}
      onClick={onOpen}
    >
      <submarineIcon.react tag="span" width="16px" height="16px" />
      <span className={cut === null && counts === '' ? 'sub-Hidden' : undefined}>{whole}</span>
    </button>
  );
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
