/** Names by which plugins and people reach the parts of the extension. */
import { Token } from '@lumino/coreutils';
import type { Preferences } from './models/preferences';
import type { Session } from './models/session';
import type { Views } from './views';

/** The session that all plugins share. */
export const ISubmarineSession = new Token<Session>(
  'submarine-ext:ISubmarineSession',
  'Jobs, their curves and logs, live over one connection.'
);

/** Whose catalogue translates the extension's words: `submarine_ext/locale`. */
export const DOMAIN = 'submarine_ext';

export const Commands = {
  openPanel: 'submarine:open-panel',
  newJob: 'submarine:new-job',
  openJob: 'submarine:open-job',
  compare: 'submarine:compare',
  stopJob: 'submarine:stop-job',
  retryJob: 'submarine:retry-job',
  deleteJob: 'submarine:delete-job',
  runNotebook: 'submarine:run-notebook',
  runCell: 'submarine:run-cell',
  runCellOptions: 'submarine:run-cell-options',
  newProject: 'submarine:new-project',
  openProject: 'submarine:open-project',
  share: 'submarine:share',
  history: 'submarine:history',
  useProject: 'submarine:use-project',
  openTeams: 'submarine:open-teams',
  openPeople: 'submarine:open-people'
} as const;

/** The main-area views, for whoever opens one. */
export const ISubmarineViews = new Token<Views>(
  'submarine-ext:ISubmarineViews',
  'Opens the views of jobs and projects and the New job form.'
);

/** What people have chosen in the settings. */
export const ISubmarinePreferences = new Token<Preferences>(
  'submarine-ext:ISubmarinePreferences',
  "What is chosen in the lab's settings about what stands around the views."
);
