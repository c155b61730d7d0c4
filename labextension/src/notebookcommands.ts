/** What people can do in a notebook: run it as a job, or one of its cells. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification, type ICommandPalette } from '@jupyterlab/apputils';
import type { Cell } from '@jupyterlab/cells';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Job } from './api/types';
import { submarineIcon } from './components/icons';
import { nameOf, placeOf } from './models/documents';
import { folderOf, type Draft } from './models/draft';
import { NewJobModel } from './models/newjob';
import type { Session } from './models/session';
import { CellFooters, linkCell } from './output/footers';
import { Commands } from './tokens';
import type { Views } from './views';

export interface NotebookOptions {
  app: JupyterFrontEnd;
  notebooks: INotebookTracker;
  session: Session;
  views: Views;
  palette: ICommandPalette | null;
  trans: TranslationBundle;
}

/** Milliseconds to wait for the project; without one, the form says what is wrong. */
const PATIENCE = 10_000;

const NO_ARGS = { args: { type: 'object', properties: {} } } as const;

/** Add the commands, and the jobs' states below cells. */
export function addNotebookCommands(options: NotebookOptions): void {
  const { app, notebooks, session, trans, palette } = options;
  notebooks.widgetAdded.connect((_, panel) => {
    const run = (command: string, id: string) => void app.commands.execute(command, { id });
    new CellFooters(panel, {
      session,
      onStop: id => run(Commands.stopJob, id),
      onOpen: id => run(Commands.openJob, id),
      trans
    });
  });
  const commands = [Commands.runNotebook, Commands.runCell, Commands.runCellOptions];
  const changed = () => commands.forEach(one => app.commands.notifyCommandChanged(one));
  notebooks.currentChanged.connect(changed);
  notebooks.activeCellChanged.connect(changed);
  addRunNotebook(options);
  addRunCell(options);
  const category = trans.__('Submarine');
  commands.forEach(command => palette?.addItem({ command, category }));
}

function addRunNotebook({ app, notebooks, trans }: NotebookOptions): void {
  app.commands.addCommand(Commands.runNotebook, {
    label: trans.__('Run as Job'),
    caption: trans.__('Run this notebook as a job'),
    icon: submarineIcon,
    describedBy: NO_ARGS,
    isEnabled: () => notebooks.currentWidget !== null,
    execute: async () => {
      const context = notebooks.currentWidget?.context;
      if (context && (await isSaved(context))) {
        const { path, project } = whereIs(app, context.path);
        await app.commands.execute(Commands.newJob, { kind: 'notebook', file: path, project });
      }
    }
  });
}

function addRunCell(options: NotebookOptions): void {
  const { app, notebooks, views, trans } = options;
  const isEnabled = () => notebooks.activeCell?.model.type === 'code';
  app.commands.addCommand(Commands.runCell, {
    label: trans.__('Run Cell as Job'),
    caption: trans.__('Run this cell as a job, with what the last job had'),
    icon: submarineIcon,
    describedBy: NO_ARGS,
    isEnabled,
    execute: async () => {
      const { currentWidget: panel, activeCell: cell } = notebooks;
      if (panel && cell) {
        await runCell(options, panel, cell);
      }
    }
  });
  app.commands.addCommand(Commands.runCellOptions, {
    label: trans.__('Run Cell as Job with Options…'),
    caption: trans.__('Choose how this cell is run as a job'),
    describedBy: NO_ARGS,
    isEnabled,
    execute: async () => {
      const { currentWidget: panel, activeCell: cell } = notebooks;
      if (panel && cell) {
        const draft = await draftOf(options, panel, cell);
        views.newJobs.begin(draft, job => link(panel, cell, job.id));
      }
    }
  });
}

/** Run it at once if nothing speaks against it; else show in the form what does. */
async function runCell(options: NotebookOptions, panel: NotebookPanel, cell: Cell): Promise<void> {
  const { views, session, trans } = options;
  const starting = Notification.emit(trans.__('Starting the cell as a job…'), 'in-progress', {
    autoClose: false
  });
  try {
    const begun = await draftOf(options, panel, cell);
    await projectKnown(session);
    const { job, draft } = await attempt(new NewJobModel(views.newJobs.desk, begun));
    if (job) {
      session.put(job);
      link(panel, cell, job.id);
    } else {
      views.newJobs.begin(draft, one => link(panel, cell, one.id));
    }
  } finally {
    Notification.dismiss(starting);
  }
}

/** Right after the page has opened nobody knows yet where jobs go; not for ever, though. */
function projectKnown(session: Session): Promise<void> {
  const { projects } = session;
  return new Promise(resolve => {
    const done = () => {
      window.clearTimeout(timer);
      projects.changed.disconnect(look);
      resolve();
    };
    const look = () => {
      if (session.project !== '') {
        done();
      }
    };
    const timer = window.setTimeout(done, PATIENCE);
    projects.changed.connect(look);
    look();
  });
}

/** The job, if nothing is known that would keep it from running; the draft as it is by then. */
async function attempt(model: NewJobModel): Promise<{ job: Job | null; draft: Draft }> {
  try {
    await model.look();
    if (model.prependImports()) {
      await model.look(false);
    }
    const job = model.findings.length === 0 ? await model.submit() : null;
    return { job, draft: model.draft };
  } finally {
    model.dispose();
  }
}

/** The cell's code as a job: the notebook's folder goes along, resources are the last job's. */
async function draftOf(
  { app, views }: NotebookOptions,
  panel: NotebookPanel,
  cell: Cell
): Promise<Partial<Draft>> {
  const { widgets } = panel.content;
  const at = widgets.indexOf(cell);
  const { path, project } = whereIs(app, panel.context.path);
  const code = widgets.slice(0, at).filter(({ model }) => model.type === 'code');
  return {
    ...(await views.newJobs.usual()),
    kind: 'code',
    code: cell.model.sharedModel.getSource(),
    above: code.map(({ model }) => model.sharedModel.getSource()),
    name: `${nameOf(path).replace(/\.ipynb$/, '')} ${at + 1}`,
    project,
    travels: true,
    folder: folderOf(path)
  };
}

/** The link is a part of the notebook: a reload before the next save would lose it. */
function link(panel: NotebookPanel, cell: Cell, job: string): void {
  if (!cell.isDisposed && !panel.isDisposed) {
    linkCell(panel, cell, job);
    void isSaved(panel.context);
  }
}

function whereIs(app: JupyterFrontEnd, path: string): { path: string; project: string } {
  const place = placeOf(path);
  return place ?? { path: app.serviceManager.contents.localPath(path), project: '' };
}

/** False where a save was refused or called off, which the lab or a dialog has said. */
async function isSaved(context: DocumentRegistry.Context): Promise<boolean> {
  try {
    await context.save();
    return true;
  } catch {
    return false;
  }
}
