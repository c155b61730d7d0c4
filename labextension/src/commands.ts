/** What people can do, as commands of the lab: each also works from the palette. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Dialog, InputDialog, showDialog, type ICommandPalette } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { isJobId } from './api/client';
import { isTerminal, type Job } from './api/types';
import { complain } from './complaints';
import { submarineIcon } from './components/icons';
import { stateWord } from './components/words';
import { folderOf, type Draft } from './models/draft';
import type { Session } from './models/session';
import { FEWEST, MOST } from './panels/compare/choose';
import { Commands } from './tokens';
import { addStop } from './stopping';
import type { Views } from './views';

export interface CommandsOptions {
  app: JupyterFrontEnd;
  session: Session;
  views: Views;
  palette: ICommandPalette | null;
  trans: TranslationBundle;
}

const ID_ARGS = {
  type: 'object',
  properties: { id: { type: 'string', description: "The job's id; absent: the one in front" } }
} as const;

/** The job that a command is about: the one named, else the one in front; null for neither. */
export function jobOf(args: { [name: string]: unknown }, views: Views): string | null {
  return isJobId(args.id) ? args.id : views.jobInFront;
}

/** Whether a command can be run: a job that is named, else one in front that has (not) ended. */
export function applies(
  args: { [name: string]: unknown },
  { session, views }: CommandsOptions,
  ended: boolean
): boolean {
  const id = views.jobInFront;
  const job = id === null ? null : session.known(id);
  return 'id' in args || 'ids' in args || (job !== null && isTerminal(job.state) === ended);
}

/** Add the commands about jobs. */
export function addJobCommands(options: CommandsOptions): void {
  addOpeners(options);
  addCompare(options);
  addStop(options);
  addChange(options, Commands.retryJob, options.trans.__('Run Job Again'), id =>
    options.session.api.retry(id)
  );
  addDeletion(options);
  const { app, palette, trans, views } = options;
  const ofOneJob = [Commands.stopJob, Commands.retryJob, Commands.deleteJob];
  ofOneJob.forEach(command => palette?.addItem({ command, category: trans.__('Submarine') }));
  views.jobs.currentChanged.connect(() =>
    ofOneJob.forEach(one => app.commands.notifyCommandChanged(one))
  );
}

/** What can't be undone is asked first. */
function addDeletion(options: CommandsOptions): void {
  const { app, session, views, trans } = options;
  app.commands.addCommand(Commands.deleteJob, {
    label: trans.__('Delete Job…'),
    describedBy: { args: ID_ARGS },
    isEnabled: args => applies(args, options, true),
    execute: async args => {
      const id = jobOf(args, views);
      const result = await showDialog({
        title: trans.__('Delete this job?'),
        body: trans.__('Its logs, metrics and files are deleted, too.'),
        buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: trans.__('Delete') })]
      });
      if (id !== null && result.button.accept) {
        await session.api.deleteJob(id).catch(complain);
      }
    }
  });
}

function addOpeners({ app, session, views, palette, trans }: CommandsOptions): void {
  const category = trans.__('Submarine');
  app.commands.addCommand(Commands.newJob, {
    label: trans.__('New Job…'),
    caption: trans.__('Run a command, a script, a notebook or a cell as a job'),
    icon: submarineIcon,
    describedBy: {
      args: {
        type: 'object',
        properties: {
          kind: { type: 'string', description: 'command, script, notebook or code' },
          file: { type: 'string', description: 'A path in the Jupyter folder or the project' },
          project: { type: 'string', description: "Whose file it is; absent: the server's" },
          draft: { type: 'string', description: 'A form that was begun, by its key' }
        }
      }
    },
    execute: args =>
      typeof args.draft === 'string'
        ? views.newJobs.resume(args.draft)
        : views.newJobs.begin(startOf(args))
  });
  app.commands.addCommand(Commands.openJob, {
    label: trans.__('Open Job…'),
    describedBy: {
      args: {
        type: 'object',
        properties: {
          id: { type: 'string', description: "The job's id; absent: ask" },
          tab: { type: 'string', description: 'metrics, logs, files or details' },
          curves: { type: 'object', description: 'How its curves are looked at' }
        }
      }
    },
    execute: async args => {
      const id = isJobId(args.id) ? args.id : await askJob(session, trans);
      if (id !== null) {
        views.openJob(id, typeof args.tab === 'string' ? args.tab : undefined, args.curves);
      }
    }
  });
  palette?.addItem({ command: Commands.newJob, category });
  palette?.addItem({ command: Commands.openJob, category });
}

/** Jobs beside each other; fewer than two are where the choice begins. */
function addCompare({ app, views, palette, trans }: CommandsOptions): void {
  app.commands.addCommand(Commands.compare, {
    label: trans.__('Compare Jobs…'),
    caption: trans.__('Parameters, metrics and curves of several jobs beside each other'),
    describedBy: {
      args: {
        type: 'object',
        properties: {
          ids: {
            type: 'array',
            items: { type: 'string' },
            description: 'Ids of 2 to 20 jobs; fewer: ask for others'
          },
          key: { type: 'string', description: 'Set where the lab brings back a view' },
          look: { type: 'object', description: 'How it is looked at' }
        }
      }
    },
    execute: async args => {
      const ids = Array.isArray(args.ids) ? [...new Set(args.ids.filter(isJobId))] : [];
      const key = typeof args.key === 'string' ? args.key : undefined;
      if (ids.length > MOST) {
        complain(new Error(trans.__('At most %1 jobs can be compared, not %2.', MOST, ids.length)));
      } else if (ids.length >= FEWEST || key !== undefined) {
        views.compare(ids, key, args.look);
      } else {
        await views.chooseToCompare(ids).catch(complain);
      }
    }
  });
  palette?.addItem({ command: Commands.compare, category: trans.__('Submarine') });
}

/** A command that changes one job and shows the answer before the frame for it arrives. */
function addChange(
  options: CommandsOptions,
  command: string,
  label: string,
  change: (id: string) => Promise<Job>
): void {
  const { app, session, views } = options;
  app.commands.addCommand(command, {
    label,
    describedBy: { args: ID_ARGS },
    isEnabled: args => applies(args, options, true),
    execute: async args => {
      const id = jobOf(args, views);
      try {
        if (id !== null) {
          session.put(await change(id));
        }
      } catch (error) {
        complain(error);
      }
    }
  });
}

function startOf(args: { [name: string]: unknown }): Partial<Draft> {
  const { kind, file, project } = args;
  const path = typeof file === 'string' ? file : '';
  return kind === 'script' || kind === 'notebook'
    ? {
        kind,
        file: path,
        folder: folderOf(path),
        project: typeof project === 'string' ? project : ''
      }
    : {};
}

async function askJob(session: Session, trans: TranslationBundle): Promise<string | null> {
  const { items } = await session.api.jobs(session.project, { limit: 50 });
  const labels = items.map(job => `${job.name} · ${stateWord(job.state, trans)} · ${job.id}`);
  const result = await InputDialog.getItem({ title: trans.__('Open which job?'), items: labels });
  const chosen = result.value === null ? -1 : labels.indexOf(result.value);
  return result.button.accept && chosen >= 0 ? items[chosen].id : null;
}
