/** What people can do with a project's files, as commands of the lab. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { IDocumentManager } from '@jupyterlab/docmanager';
import type { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { TranslationBundle } from '@jupyterlab/translation';
import { historyIcon } from '@jupyterlab/ui-components';
import { complain } from '../complaints';
import { DRIVE, labPathOf, placeOf, type Place } from '../models/documents';
import type { Session } from '../models/session';
import type { OpenDocuments } from './documents';
import { FileCommands } from './names';
import type { FileViews } from './views';
import { chooseFile, exportNote, importNote, readNote } from './zeppelin';

export interface FileCommandsOptions {
  app: JupyterFrontEnd;
  session: Session;
  documents: OpenDocuments;
  views: FileViews;
  manager: IDocumentManager;
  browsers: IFileBrowserFactory | null;
  palette: ICommandPalette | null;
  trans: TranslationBundle;
}

const PLACE_ARGS = {
  type: 'object',
  properties: {
    project: { type: 'string', description: "The project's name; absent: what is in view" },
    path: { type: 'string', description: 'The path in the project' },
    version: { type: 'string', description: 'The version to begin with' },
    to: { type: 'string', description: 'What to compare it with; absent: the current version' }
  }
} as const;

type Args = { [name: string]: unknown };

/** See the module's comment. */
export function addFileCommands(options: FileCommandsOptions): void {
  addHistory(options);
  addImport(options);
  addExport(options);
  const category = options.trans.__('Submarine');
  Object.values(FileCommands).forEach(command => {
    options.palette?.addItem({ command, category });
  });
}

function addHistory(options: FileCommandsOptions): void {
  const { app, views, trans } = options;
  app.commands.addCommand(FileCommands.history, {
    label: trans.__('History…'),
    caption: trans.__('Who changed this file, when and how; restore what it was'),
    icon: historyIcon,
    describedBy: { args: PLACE_ARGS },
    isEnabled: args => target(options, args) !== null,
    isVisible: args => target(options, args) !== null,
    execute: args => {
      const place = target(options, args);
      if (place) {
        const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
        views.openHistory(place, text(args.version), text(args.to));
      }
    }
  });
  app.contextMenu.addItem({
    command: FileCommands.history,
    selector: '.jp-DirListing-item[data-isdir="false"]',
    rank: 12.5
  });
}

function addImport(options: FileCommandsOptions): void {
  const { app, session, manager, trans } = options;
  app.commands.addCommand(FileCommands.importNote, {
    label: trans.__('Import Zeppelin Note…'),
    caption: trans.__('Make a notebook of the project from a Zeppelin note'),
    describedBy: { args: PLACE_ARGS },
    execute: async args => {
      const file = await chooseFile('.json,.zpln');
      if (file === null) {
        return;
      }
      // The file browser may have been on its way to the project when the command began.
      const folder = given(args) ?? folderInView(options);
      try {
        const note = await readNote(file, trans);
        const place = await importNote(session.api.files, folder, file, note);
        manager.openOrReveal(labPathOf(place));
      } catch (error) {
        complain(error);
      }
    }
  });
}

function addExport(options: FileCommandsOptions): void {
  const { app, session, trans } = options;
  const notebook = (args: Args) => {
    const place = target(options, args);
    return place?.path.endsWith('.ipynb') ? place : null;
  };
  app.commands.addCommand(FileCommands.exportNote, {
    label: trans.__('Export as Zeppelin Note'),
    describedBy: { args: PLACE_ARGS },
    isEnabled: args => notebook(args) !== null,
    isVisible: args => notebook(args) !== null,
    execute: args => {
      const place = notebook(args);
      if (place) {
        exportNote(session.api.files, place, trans);
      }
    }
  });
  app.contextMenu.addItem({
    command: FileCommands.exportNote,
    selector: '.jp-DirListing-item[data-isdir="false"]',
    rank: 12.6
  });
}

/** The file that is meant: the one named, the one clicked on, or the document in view. */
function target(options: FileCommandsOptions, args: Args): Place | null {
  const { app, documents } = options;
  const named = given(args);
  if (named) {
    return named;
  }
  const clicked = app.contextMenuHitTest(node => node.closest('.jp-DirListing-item') !== null);
  if (clicked) {
    return selectedFile(options, clicked);
  }
  return documents.of(app.shell.currentWidget)?.place ?? null;
}

/** The selected file of the browser that was clicked in, if it is one of the drive. */
function selectedFile({ browsers }: FileCommandsOptions, node: HTMLElement): Place | null {
  const browser = browsers?.tracker.find(({ node: one }) => one.contains(node));
  if (browser?.model.driveName !== DRIVE) {
    return null;
  }
  const [item] = [...browser.selectedItems()];
  const place = item && item.type !== 'directory' ? placeOf(item.path) : null;
  return place && place.path !== '' ? place : null;
}

/** The folder that the drive's browser shows; else the project that one works in. */
function folderInView({ browsers, session }: FileCommandsOptions): Place {
  const browser = browsers?.tracker.find(({ model }) => model.driveName === DRIVE);
  return (browser && placeOf(browser.model.path)) ?? { project: session.project, path: '' };
}

function given({ project, path }: Args): Place | null {
  return typeof project === 'string' && typeof path === 'string' ? { project, path } : null;
}
