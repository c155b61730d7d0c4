/** What else can be done with projects, as a menu of the lab. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import { MenuSvg } from '@jupyterlab/ui-components';
import type { Session } from '../../models/session';
import { Commands } from '../../tokens';

/** Opens the menu below an element. */
export function projectMenu(
  commands: JupyterFrontEnd['commands'],
  session: Session
): (below: HTMLElement) => void {
  return below => {
    const menu = new MenuSvg({ commands });
    const args = { project: session.project };
    menu.addItem({ command: Commands.openProject, args });
    menu.addItem({ command: Commands.share, args });
    menu.addItem({ type: 'separator' });
    menu.addItem({ command: Commands.newProject });
    menu.addItem({ command: Commands.openTeams });
    menu.addItem({ command: Commands.openPeople });
    const { left, bottom } = below.getBoundingClientRect();
    menu.aboutToClose.connect(() => setTimeout(() => menu.dispose()));
    menu.open(left, bottom);
  };
}
