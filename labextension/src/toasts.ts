/** Tells people that a job of theirs has ended, wherever in the lab they are. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { isTerminal, type Job } from './api/types';
import { stateWord } from './components/words';
import type { JobsModel, Move } from './models/jobs';

export interface ToastOptions {
  jobs: JobsModel;
  me: () => Promise<{ user: string }>;
  read: (id: string) => Promise<Job>;
  show: (kind: 'success' | 'warning' | 'error', text: string, id: string) => void;
  trans: TranslationBundle;
}

/** Only jobs of the reader's own, and only those that were seen under way in this session. */
export function announceEnds(options: ToastOptions): void {
  const { jobs, me, read, show, trans } = options;
  let user: Promise<{ user: string }> | null = null;
  const announce = async (id: string) => {
    user ??= me();
    const [{ user: name }, job] = await Promise.all([user, read(id)]);
    if (job.owner === name && isTerminal(job.state)) {
      const said = `${job.name}: ${stateWord(job.state, trans)}`;
      show(kindOf(job), job.reason ? `${said}. ${job.reason}` : said, id);
    }
  };
  jobs.moved.connect((_: JobsModel, { id, from, to }: Move) => {
    if (from !== null && isTerminal(to)) {
      // A job that was deleted meanwhile needs no toast.
      announce(id).catch(() => undefined);
    }
  }, announceEnds);
}

function kindOf(job: Job): 'success' | 'warning' | 'error' {
  return job.state === 'succeeded' ? 'success' : job.state === 'cancelled' ? 'warning' : 'error';
}
