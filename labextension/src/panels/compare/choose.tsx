/** The dialog that asks which jobs of the project are meant. */
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { Job } from '../../api/types';
import { JobChooser } from '../../components/chooser';
import { openModal } from '../../components/modal';
import type { Session } from '../../models/session';

/** How many jobs can stand beside each other. */
export const FEWEST = 2;
export const MOST = 20;

/** How many found jobs are offered at once. */
const OFFERED = 50;

export interface ChooseOptions {
  title: string;
  /** What stands on the button. */
  accept: string;
  session: Session;
  /** Whose jobs; the one that one works in if absent. */
  project?: string;
  taken?: readonly string[];
  initial?: readonly Job[];
  least?: number;
  most?: number;
  onAccept: (ids: readonly string[]) => void;
  trans: TranslationBundle;
}

/** See the module's comment. */
export function chooseJobs(options: ChooseOptions): void {
  const { title, session, onAccept, trans } = options;
  const project = options.project ?? session.project;
  const find = async (text: string): Promise<readonly Job[]> =>
    (await session.api.jobs(project, { text, limit: OFFERED })).items;
  openModal({
    title,
    body: close => (
      <JobChooser
        find={find}
        taken={options.taken ?? []}
        initial={options.initial}
        least={options.least ?? 1}
        most={options.most ?? MOST}
        accept={options.accept}
        onAccept={jobs => {
          close();
          onAccept(jobs.map(({ id }) => id));
        }}
        trans={trans}
      />
    ),
    trans
  });
}
