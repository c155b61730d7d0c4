/** The plugins for what stands around the views: settings, messages, status bar, start page. */
import { type JupyterFrontEnd, type JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { keepTitle } from './doctitle';
import { announceEnds } from './endings';
import { addCards } from './launcher';
import { Preferences } from './models/preferences';
import type { Session } from './models/session';
import { translated } from './schemawords';
import { addStatus } from './statusbar';
import { announceProjects } from './toasts';
import {
  Commands,
  DOMAIN,
  ISubmarinePreferences,
  ISubmarineSession,
  ISubmarineViews
} from './tokens';
import type { Views } from './views';

/** Its schema is `schema/lab.json`. */
const lab: JupyterFrontEndPlugin<Preferences> = {
  id: 'submarine-ext:lab',
  description: 'What people have chosen in the settings, and the title of the browser tab.',
  autoStart: true,
  provides: ISubmarinePreferences,
  requires: [ISubmarineSession],
  optional: [ISettingRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    session: Session,
    registry: ISettingRegistry | null,
    translator: ITranslator | null
  ) => {
    const preferences = new Preferences();
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    registry?.transform(lab.id, {
      fetch: plugin => ({ ...plugin, schema: translated(plugin.schema, trans) })
    });
    // Not before the app stands: its shortcuts fail where settings come earlier than theirs.
    app.restored
      .then(() => registry?.load(lab.id, true))
      .then(settings => settings && preferences.follow(settings))
      .catch(error => console.warn('The settings are as by default:', error));
    keepTitle(session.myJobs, preferences);
    return preferences;
  }
};

const status: JupyterFrontEndPlugin<void> = {
  id: 'submarine-ext:status',
  description: 'How many jobs of mine run and wait, in the status bar.',
  autoStart: true,
  requires: [ISubmarineSession, ISubmarinePreferences],
  optional: [IStatusBar, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    session: Session,
    preferences: Preferences,
    bar: IStatusBar | null,
    translator: ITranslator | null
  ) => {
    // Notebook 7 has none.
    if (bar) {
      addStatus(bar, {
        session,
        preferences,
        onOpen: () => void app.commands.execute(Commands.openPanel),
        trans: (translator ?? nullTranslator).load(DOMAIN)
      });
    }
  }
};

const launcher: JupyterFrontEndPlugin<void> = {
  id: 'submarine-ext:launcher',
  description: "Cards on the lab's start page.",
  autoStart: true,
  requires: [ISubmarineViews],
  optional: [ILauncher, ITranslator],
  activate: (
    _app: JupyterFrontEnd,
    _views: Views,
    cards: ILauncher | null,
    translator: ITranslator | null
  ) => {
    if (cards) {
      addCards(cards, (translator ?? nullTranslator).load(DOMAIN));
    }
  }
};

const toasts: JupyterFrontEndPlugin<void> = {
  id: 'submarine-ext:toasts',
  description: 'Tells people that a job of theirs has ended, and of projects.',
  autoStart: true,
  requires: [ISubmarineSession, ISubmarineViews, ISubmarinePreferences],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    session: Session,
    views: Views,
    preferences: Preferences,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const emit = (text: string, kind: Notification.TypeOptions, label: string, go: () => void) =>
      Notification.emit(text, kind, { autoClose: 8000, actions: [{ label, callback: go }] });
    announceEnds({
      jobs: session.myJobs,
      read: id => session.api.job(id),
      wanted: ending => preferences.tells(ending),
      elsewhere: ({ project }) =>
        project === session.project ? null : (session.projects.get(project)?.title ?? project),
      show: (kind, text, id) => emit(text, kind, trans.__('Open'), () => views.openJob(id)),
      showMany: (kind, text) =>
        emit(text, kind, trans.__('Show Jobs'), () => {
          void app.commands.execute(Commands.openPanel);
        }),
      trans
    });
    announceProjects(session, name => views.openProject(name, 'members'), trans);
  }
};

export const shellPlugins = [lab, status, launcher, toasts];
