/** The plugins of the project drive. They only wire: what they wire is in the rooms beside. */
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import { IDocumentManager, IDocumentWidgetOpener } from '@jupyterlab/docmanager';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { ContentsManager } from '@jupyterlab/services';
import { ITranslator, nullTranslator, type TranslationBundle } from '@jupyterlab/translation';
import { historyIcon, shareIcon, ToolbarButton, usersIcon } from '@jupyterlab/ui-components';
import { placeOf, DRIVE } from '../models/documents';
import type { Session } from '../models/session';
import { Commands, ISubmarineSession } from '../tokens';
import { follow, projectFiles } from './browser';
import { addFileCommands } from './commands';
import { askInDialog, Conflicts } from './conflicts';
import type { OpenDocument } from './document';
import { OpenDocuments } from './documents';
import { ProjectDrive } from './drive';
import { Gone } from './gone';
import { askAboutCredential, Guard } from './guard';
import { HandSaves } from './hand';
import { startMerge } from './merging';
import { FileCommands, ISubmarineDrive } from './names';
import { roomRegistry, Rooms } from './rooms';
import { FileViews } from './views';

const DOMAIN = 'submarine_ext';

const drive: JupyterFrontEndPlugin<ProjectDrive> = {
  id: 'submarine-ext:drive',
  description: "The projects' files as a drive of the lab.",
  autoStart: true,
  provides: ISubmarineDrive,
  optional: [ITranslator],
  activate: (app: JupyterFrontEnd, translator: ITranslator | null) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const made = new ProjectDrive(app.serviceManager.serverSettings, trans);
    const contents = app.serviceManager.contents as ContentsManager;
    if (PageConfig.getOption('submarineRooms') === 'true') {
      const registry = () => contents.defaultDrive.contentProviderRegistry;
      made.contentProviderRegistry = roomRegistry(new Rooms({ drive: made, registry }));
    }
    contents.addDrive(made);
    return made;
  }
};

const documents: JupyterFrontEndPlugin<void> = {
  id: 'submarine-ext:documents',
  description: 'Saves that overwrite nobody, histories, merges, read-only documents, Zeppelin.',
  autoStart: true,
  requires: [ISubmarineSession, ISubmarineDrive, IDocumentManager, IDocumentWidgetOpener],
  optional: [ITranslator, IFileBrowserFactory, ICommandPalette, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    session: Session,
    projectDrive: ProjectDrive,
    manager: IDocumentManager,
    opener: IDocumentWidgetOpener,
    translator: ITranslator | null,
    browsers: IFileBrowserFactory | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const hand = new HandSaves(app.commands);
    const { connection, projects } = session;
    const open = new OpenDocuments({
      opener,
      drive: projectDrive,
      connection,
      projects,
      save: context => void hand.during(() => context.save()),
      trans
    });
    const views = new FileViews({ app, session, documents: open, restorer, trans });
    attend({ app, session, drive: projectDrive, open, views, manager, hand, trans });
    new Gone({ projects, documents: open, trans });
    open.opened.connect((_, document) => addButtons(app, document, trans));
    addFileCommands({ app, session, documents: open, views, manager, browsers, palette, trans });
  }
};

interface Parts {
  app: JupyterFrontEnd;
  session: Session;
  drive: ProjectDrive;
  open: OpenDocuments;
  views: FileViews;
  manager: IDocumentManager;
  hand: HandSaves;
  trans: TranslationBundle;
}

/** Who is asked before a save, and after one that was refused. */
function attend({ app, session, drive: on, open, views, manager, hand, trans }: Parts): void {
  const { files, sharing } = session.api;
  const byHand = () => hand.active;
  const at = (path: string) => open.at(path);
  const conflicts: Conflicts = new Conflicts({
    drive: on,
    files,
    documents: open,
    manager,
    me: async () => (await session.api.me()).user,
    byHand,
    ask: question => askInDialog(question, trans),
    openMerge: refused => {
      const place = placeOf(`${DRIVE}:${refused.path}`);
      const done = (path: string) => conflicts.settled(path);
      if (place) {
        views.openMerge(place, startMerge(refused, { drive: on, files, at, done }));
      }
    },
    trans
  });
  const secrets = () => app.commands.hasCommand(Commands.openProject);
  const guard = new Guard({
    project: name => session.projects.get(name),
    grants: name => sharing.grants(name),
    read: async (path, { type, format }) =>
      on.get(path, { type, format, content: true }).then(
        model => model.content as unknown,
        () => null
      ),
    byHand,
    ask: question => askAboutCredential(question, secrets(), trans),
    makeSecret: project =>
      void app.commands.execute(Commands.openProject, { project, tab: 'secrets' }),
    trans
  });
  on.attend({
    before: (path, options) => guard.check(path, options),
    refused: refused => conflicts.settle(refused)
  });
}

function addButtons(app: JupyterFrontEnd, document: OpenDocument, trans: TranslationBundle): void {
  const { toolbar } = document.widget;
  const add = (name: string, button: ToolbarButton) =>
    toolbar.insertBefore('spacer', name, button) || toolbar.addItem(name, button);
  add(
    'submarine-share',
    new ToolbarButton({
      icon: shareIcon,
      label: trans.__('Share…'),
      tooltip: trans.__('Who is what in the project of this document'),
      onClick: () => {
        const { project } = document.place;
        void app.commands.execute(Commands.share, { project });
      }
    })
  );
  add(
    'submarine-history',
    new ToolbarButton({
      icon: historyIcon,
      label: trans.__('History…'),
      tooltip: trans.__('Who changed this file, when and how; restore what it was'),
      onClick: () => void app.commands.execute(FileCommands.history, { ...document.place })
    })
  );
}

const browser: JupyterFrontEndPlugin<void> = {
  id: 'submarine-ext:files',
  description: "The projects' files in the left sidebar.",
  autoStart: true,
  requires: [ISubmarineSession, ISubmarineDrive, IFileBrowserFactory],
  optional: [ITranslator, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    session: Session,
    projectDrive: ProjectDrive,
    factory: IFileBrowserFactory,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    const widget = projectFiles(app, factory, projectDrive, trans);
    widget.title.icon = usersIcon;
    widget.title.caption = trans.__('Shared projects');
    widget.node.setAttribute('role', 'region');
    widget.node.setAttribute('aria-label', trans.__('Shared projects'));
    follow(widget.model, session.projects);
    app.shell.add(widget, 'left', { rank: 905, type: 'Submarine' });
    restorer?.add(widget, widget.id);
  }
};

export const drivePlugins: JupyterFrontEndPlugin<unknown>[] = [drive, documents, browser];
