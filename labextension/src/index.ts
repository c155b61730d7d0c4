/** The plugins. They only wire: what they wire is in the rooms beside this file. */
import {
  ILabShell,
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, IThemeManager } from '@jupyterlab/apputils';
import { IDocumentManager } from '@jupyterlab/docmanager';
import { PageConfig } from '@jupyterlab/coreutils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Api } from './api/client';
import { addJobCommands } from './commands';
import { labPathOf } from './models/documents';
import { submarineIcon } from './components/icons';
import { speak } from './components/locale';
import { drivePlugins } from './drive/plugins';
import { Session } from './models/session';
import { addNotebookCommands } from './notebookcommands';
import { outputFactory, RANK } from './output';
import { notebookOpener } from './panels/job/copy';
import { labFiles } from './panels/newjob/files';
import { SidePanel } from './panels/side';
import { rememberPanel, rememberProject } from './panels/side/memory';
import { projectMenu } from './panels/side/menu';
import { addProjectCommands } from './projectcommands';
import { shellPlugins } from './shell';
import { Commands, DOMAIN, ISubmarineSession, ISubmarineViews } from './tokens';
import { Views } from './views';

const session: JupyterFrontEndPlugin<Session> = {
  id: 'submarine-ext:session',
  description: 'Jobs, their curves and logs, live over one connection.',
  autoStart: true,
  provides: ISubmarineSession,
  optional: [IStateDB, ITranslator],
  activate: (app: JupyterFrontEnd, state: IStateDB | null, translator: ITranslator | null) => {
    speak(translator?.languageCode ?? 'en');
    const user = PageConfig.getOption('submarineUser') || null;
    const shared = new Session(new Api(app.serviceManager.serverSettings), user);
    rememberProject(shared, state);
    return shared;
  }
};

const views: JupyterFrontEndPlugin<Views> = {
  id: 'submarine-ext:views',
  description: 'Job views, the New job form and their commands.',
  autoStart: true,
  provides: ISubmarineViews,
  requires: [ISubmarineSession, IDocumentManager],
  optional: [
    ITranslator,
    IDefaultFileBrowser,
    ICommandPalette,
    IThemeManager,
    ILayoutRestorer,
    IStateDB
  ],
  activate: (
    app: JupyterFrontEnd,
    shared: Session,
    documents: IDocumentManager,
    translator: ITranslator | null,
    browser: IDefaultFileBrowser | null,
    palette: ICommandPalette | null,
    themes: IThemeManager | null,
    restorer: ILayoutRestorer | null,
    state: IStateDB | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const opened = new Views({
      app,
      session: shared,
      files: labFiles(documents, translator ?? nullTranslator, trans),
      openNotebook: notebookOpener(documents, () => browser?.model.path ?? ''),
      themes,
      restorer,
      state,
      trans
    });
    addJobCommands({ app, session: shared, views: opened, palette, trans });
    addProjectCommands({ app, session: shared, views: opened, palette, trans });
    return opened;
  }
};

const panel: JupyterFrontEndPlugin<void> = {
  id: 'submarine-ext:panel',
  description: 'The panel in the left sidebar: jobs, files and members of a project.',
  autoStart: true,
  requires: [ISubmarineSession, ISubmarineViews, IDocumentManager],
  optional: [ITranslator, ICommandPalette, ILabShell, ILayoutRestorer, IStateDB],
  activate: (
    app: JupyterFrontEnd,
    shared: Session,
    opened: Views,
    documents: IDocumentManager,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    shell: ILabShell | null,
    restorer: ILayoutRestorer | null,
    state: IStateDB | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const menu = projectMenu(app.commands, shared);
    const run = (command: string, args = {}) => void app.commands.execute(command, args);
    const widget = new SidePanel({
      session: shared,
      actions: {
        newJob: () => run(Commands.newJob),
        open: (id, tab) => opened.openJob(id, tab),
        stop: id => shared.stops.ask([id]),
        undoStop: id => shared.stops.undo([id]),
        stopAll: ids => run(Commands.stopJob, { ids }),
        compare: ids => run(Commands.compare, { ids }),
        retry: id => run(Commands.retryJob, { id }),
        newProject: () => run(Commands.newProject),
        openProject: project => run(Commands.openProject, { project }),
        share: project => run(Commands.share, { project }),
        openFile: (project, path) => void documents.openOrReveal(labPathOf({ project, path })),
        openNew: (project, path) => {
          const name = app.serviceManager.kernelspecs.specs?.default;
          documents.openOrReveal(
            labPathOf({ project, path }),
            'default',
            name ? { name } : undefined
          );
        },
        openMenu: menu
      },
      trans
    });
    app.shell.add(widget, 'left', { rank: 900, type: 'Submarine' });
    restorer?.add(widget, widget.id);
    rememberPanel({ panel: widget, jobs: shared.jobs, views: opened, state });
    app.commands.addCommand(Commands.openPanel, {
      label: trans.__('Show Jobs'),
      icon: submarineIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => (shell ?? app.shell).activateById(widget.id)
    });
    palette?.addItem({ command: Commands.openPanel, category: trans.__('Submarine') });
  }
};

const output: JupyterFrontEndPlugin<void> = {
  id: 'submarine-ext:output',
  description: 'Shows a job in the output of a cell, live and without a kernel.',
  autoStart: true,
  requires: [ISubmarineSession, IRenderMimeRegistry],
  optional: [ITranslator, IThemeManager],
  activate: (
    app: JupyterFrontEnd,
    shared: Session,
    registry: IRenderMimeRegistry,
    translator: ITranslator | null,
    themes: IThemeManager | null
  ) => {
    const factory = outputFactory({
      session: shared,
      onStop: id => void app.commands.execute(Commands.stopJob, { id }),
      onOpen: id => void app.commands.execute(Commands.openJob, { id }),
      theme: themes && { name: () => themes.theme ?? '', changed: themes.themeChanged },
      trans: (translator ?? nullTranslator).load(DOMAIN)
    });
    registry.addFactory(factory, RANK);
  }
};

const notebook: JupyterFrontEndPlugin<void> = {
  id: 'submarine-ext:notebook',
  description: 'Runs notebooks and their cells as jobs, and shows the jobs below the cells.',
  autoStart: true,
  requires: [INotebookTracker, ISubmarineSession, ISubmarineViews],
  optional: [ITranslator, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker,
    shared: Session,
    opened: Views,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    addNotebookCommands({ app, notebooks, session: shared, views: opened, palette, trans });
  }
};

export default [session, views, panel, output, notebook, ...shellPlugins, ...drivePlugins];
