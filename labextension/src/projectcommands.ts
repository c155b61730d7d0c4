/** What people can do with projects, teams and people, as commands of the lab. */
import { InputDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { userIcon, usersIcon } from '@jupyterlab/ui-components';
import type { CommandsOptions } from './commands';
import { submarineIcon } from './components/icons';
import { may } from './models/rights';
import type { Session } from './models/session';
import { openNewProject } from './panels/project/create';
import { openShare } from './panels/share';
import { Commands } from './tokens';

const NO_ARGS = { args: { type: 'object', properties: {} } } as const;
const PROJECT_ARGS = {
  args: {
    type: 'object',
    properties: {
      project: { type: 'string', description: "The project's name; absent: the current one" },
      tab: { type: 'string', description: 'about, members, secrets, trash, activity' }
    }
  }
} as const;

/** Add the commands about projects. */
export function addProjectCommands(options: CommandsOptions): void {
  addOfProject(options);
  addOfServer(options);
}

function addOfProject({ app, session, views, palette, trans }: CommandsOptions): void {
  const category = trans.__('Submarine');
  app.commands.addCommand(Commands.newProject, {
    label: trans.__('New Project…'),
    icon: submarineIcon,
    describedBy: NO_ARGS,
    execute: () => openNewProject(session, trans)
  });
  app.commands.addCommand(Commands.openProject, {
    label: trans.__('Open Project'),
    icon: submarineIcon,
    caption: trans.__('Members, settings, secrets, trash and activity of a project'),
    describedBy: PROJECT_ARGS,
    execute: args =>
      views.openProject(nameIn(args, session), typeof args.tab === 'string' ? args.tab : undefined)
  });
  app.commands.addCommand(Commands.share, {
    label: trans.__('Share Project…'),
    icon: usersIcon,
    caption: trans.__('Who is what in a project, and who else sees it'),
    describedBy: PROJECT_ARGS,
    isEnabled: args => may(session.projects.get(nameIn(args, session)), 'member:read'),
    execute: args => openShare(session, nameIn(args, session), trans)
  });
  app.commands.addCommand(Commands.useProject, {
    label: trans.__('Change Project…'),
    describedBy: NO_ARGS,
    execute: async () => {
      const name = await askProject(session, trans);
      if (name !== null) {
        session.projects.select(name);
      }
    }
  });
  for (const command of [
    Commands.newProject,
    Commands.openProject,
    Commands.share,
    Commands.useProject
  ]) {
    palette?.addItem({ command, category });
  }
}

function addOfServer({ app, session, views, palette, trans }: CommandsOptions): void {
  const category = trans.__('Submarine');
  app.commands.addCommand(Commands.openTeams, {
    label: trans.__('Teams'),
    icon: usersIcon,
    caption: trans.__('Teams and who is in them'),
    describedBy: NO_ARGS,
    execute: () => views.openTeams()
  });
  app.commands.addCommand(Commands.openPeople, {
    label: trans.__('People'),
    icon: userIcon,
    caption: trans.__('Accounts and quotas'),
    describedBy: NO_ARGS,
    isVisible: () => session.me.value?.admin === true,
    execute: () => views.openPeople()
  });
  palette?.addItem({ command: Commands.openTeams, category });
  palette?.addItem({ command: Commands.openPeople, category });
}

function nameIn(args: { [name: string]: unknown }, session: Session): string {
  return typeof args.project === 'string' ? args.project : session.project;
}

async function askProject(session: Session, trans: TranslationBundle): Promise<string | null> {
  const { items } = session.projects;
  const labels = items.map(({ name, title }) => (title === name ? name : `${title} · ${name}`));
  const result = await InputDialog.getItem({
    title: trans.__('Work in which project?'),
    items: labels
  });
  const chosen = result.value === null ? -1 : labels.indexOf(result.value);
  return result.button.accept && chosen >= 0 ? items[chosen].name : null;
}
