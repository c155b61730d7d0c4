/** The item in the lab's status bar; nothing where the lab has none. */
import { ReactWidget } from '@jupyterlab/ui-components';
import type { IStatusBar } from '@jupyterlab/statusbar';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { useSignal } from './components/hooks';
import { StatusLine } from './components/statusline';
import type { Preferences } from './models/preferences';
import type { Session } from './models/session';

export interface StatusOptions {
  session: Session;
  preferences: Preferences;
  onOpen: () => void;
  trans: TranslationBundle;
}

/** Add the item; it is shown while the settings want it. */
export function addStatus(bar: IStatusBar, options: StatusOptions): void {
  const { preferences } = options;
  const item = ReactWidget.create(<Status {...options} />);
  item.addClass('sub-Status');
  bar.registerStatusItem('submarine-ext:status', {
    item,
    align: 'left',
    rank: 3,
    isActive: () => preferences.statusBar,
    activeStateChanged: preferences.changed
  });
}

function Status({ session, onOpen, trans }: StatusOptions): React.ReactElement {
  const { connection, myJobs } = session;
  useSignal(connection.stateChanged);
  useSignal(myJobs.changed);
  return (
    <StatusLine
      running={myJobs.running}
      waiting={myJobs.waiting}
      connection={connection.state}
      onOpen={onOpen}
      trans={trans}
    />
  );
}
