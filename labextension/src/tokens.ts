/** Names by which plugins and people reach the parts of the extension. */
import { Token } from '@lumino/coreutils';
import type { Session } from './models/session';
import type { Views } from './views';

/** The session that all plugins share. */
export const ISubmarineSession = new Token<Session>(
  'submarine-ext:ISubmarineSession',
  'Jobs, their curves and logs, live over one connection.'
);

export const Commands = {
  openPanel: 'submarine:open-panel',
  newJob: 'submarine:new-job',
  openJob: 'submarine:open-job',
  stopJob: 'submarine:stop-job',
  retryJob: 'submarine:retry-job',
  runNotebook: 'submarine:run-notebook'
} as const;

/** The main-area views, for whoever opens one. */
export const ISubmarineViews = new Token<Views>(
  'submarine-ext:ISubmarineViews',
  'Opens job views and the New job form.'
);
