/** Names by which others reach what the project drive offers. */
import { Token } from '@lumino/coreutils';
import type { ProjectDrive } from './drive';

/** The drive, for whoever shows its files. */
export const ISubmarineDrive = new Token<ProjectDrive>(
  'submarine-ext:ISubmarineDrive',
  "The projects' files as a drive of the lab."
);

export const FileCommands = {
  history: 'submarine:history',
  importNote: 'submarine:import-zeppelin',
  exportNote: 'submarine:export-zeppelin'
} as const;
