/** The cards on the lab's start page. */
import type { ILauncher } from '@jupyterlab/launcher';
import type { TranslationBundle } from '@jupyterlab/translation';
import { Commands } from './tokens';

/** Add them, under a heading of their own after the lab's. */
export function addCards(launcher: ILauncher, trans: TranslationBundle): void {
  const category = trans.__('Submarine');
  [Commands.newJob, Commands.openPanel, Commands.openProject].forEach((command, rank) => {
    launcher.add({ command, category, rank });
  });
}
