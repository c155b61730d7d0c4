/** Tells people that a job of theirs has ended, wherever in the lab and in whichever project. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { isTerminal, type Job } from './api/types';
import { stateWord } from './components/words';
import type { MyJobs } from './models/myjobs';
import type { Ending } from './models/preferences';
import type { Scheduler } from './models/pulse';

export interface EndingOptions {
  jobs: MyJobs;
  read: (id: string) => Promise<Job>;
  /** Whether one wants to hear of such an end. */
  wanted: (ending: Ending) => boolean;
  /** The title of the job's project, where it is not the one that one works in. */
  elsewhere: (job: Job) => string | null;
  show: (kind: Kind, text: string, id: string) => void;
  showMany: (kind: Kind, text: string) => void;
  /** How long ends gather before they are told. */
  gather?: Scheduler;
  trans: TranslationBundle;
}

export type Kind = 'success' | 'warning' | 'error';

/** As many messages as can be read at once; more ends become one message. */
const FEW = 3;

const soon: Scheduler = callback => void window.setTimeout(callback, 400);

/** See the module's comment. */
export function announceEnds(options: EndingOptions): void {
  const { jobs, gather = soon } = options;
  let ids = new Set<string>();
  const tell = () => {
    const told = [...ids];
    ids = new Set();
    void announce(told, options);
  };
  jobs.ended.connect((_: MyJobs, id: string) => {
    if (ids.size === 0) {
      gather(tell);
    }
    ids.add(id);
  }, announceEnds);
}

/** A job that was deleted meanwhile, or runs again, needs no message. */
async function announce(ids: readonly string[], options: EndingOptions): Promise<void> {
  const answers = await Promise.allSettled(ids.map(id => options.read(id)));
  const ended = answers
    .flatMap(answer => (answer.status === 'fulfilled' ? [answer.value] : []))
    .filter(({ state }) => isTerminal(state) && options.wanted(endingOf(state)));
  if (ended.length > FEW) {
    options.showMany(worst(ended), manyWords(ended, options.trans));
  } else {
    ended.forEach(job => options.show(kindOf(job), words(job, options), job.id));
  }
}

function words(job: Job, { elsewhere, trans }: EndingOptions): string {
  const place = elsewhere(job);
  const name = place === null ? job.name : trans.__('%1 (%2)', job.name, place);
  const said = `${name}: ${stateWord(job.state, trans)}`;
  return job.reason ? `${said}. ${job.reason}` : said;
}

function manyWords(ended: readonly Job[], trans: TranslationBundle): string {
  const others = ended.filter(({ state }) => state !== 'succeeded').length;
  return others === 0
    ? trans.__('%1 of your jobs have succeeded.', ended.length)
    : trans.__('%1 of your jobs have ended, %2 of them without success.', ended.length, others);
}

function endingOf(state: Job['state']): Ending {
  return state === 'succeeded' || state === 'cancelled' ? state : 'failed';
}

function kindOf({ state }: Job): Kind {
  return state === 'succeeded' ? 'success' : state === 'cancelled' ? 'warning' : 'error';
}

function worst(jobs: readonly Job[]): Kind {
  const kinds = jobs.map(kindOf);
  return (['error', 'warning'] as const).find(kind => kinds.includes(kind)) ?? 'success';
}
