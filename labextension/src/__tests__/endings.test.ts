import { nullTranslator } from '@jupyterlab/translation';
import { Signal } from '@lumino/signaling';
import { describe, expect, it } from 'vitest';
import type { Job } from '../api/types';
import { announceEnds, type EndingOptions } from '../endings';
import type { MyJobs } from '../models/myjobs';
import { job, settled } from '../models/__tests__/fakes';

/** What people read when these jobs end at once. */
async function told(jobs: Job[], options: Partial<EndingOptions> = {}): Promise<string[]> {
  const ends = {} as { ended: Signal<MyJobs, string> };
  ends.ended = new Signal(ends as unknown as MyJobs);
  const shown: string[] = [];
  let flush = () => undefined as void;
  announceEnds({
    jobs: ends as unknown as MyJobs,
    read: async id => {
      const found = jobs.find(one => one.id === id);
      if (!found) {
        throw new Error('Gone.');
      }
      return found;
    },
    wanted: () => true,
    elsewhere: () => null,
    show: (kind, text, id) => shown.push(`${kind} ${id}: ${text}`),
    showMany: (kind, text) => shown.push(`${kind}: ${text}`),
    gather: callback => (flush = callback),
    trans: nullTranslator.load('submarine_ext'),
    ...options
  });
  jobs.forEach(({ id }) => ends.ended.emit(id));
  ends.ended.emit('deleted');
  flush();
  await settled();
  return shown;
}

const failed = job(1, { state: 'failed', reason: 'Exited with code 3.' });

describe('the message at the end of a job', () => {
  it('says how it ended and why', async () => {
    expect(await told([failed])).toEqual(['error j1: job 1: Failed. Exited with code 3.']);
  });

  it('names the project where it is another one', async () => {
    const shown = await told([job(2, { state: 'succeeded' })], { elsewhere: () => 'Vision' });
    expect(shown).toEqual(['success j2: job 2 (Vision): Succeeded']);
  });

  it('comes only for the ends that one wants to hear of', async () => {
    const jobs = [failed, job(2, { state: 'succeeded' }), job(3, { state: 'lost' })];
    const shown = await told(jobs, { wanted: ending => ending === 'failed' });
    expect(shown.map(text => text.slice(0, 8))).toEqual(['error j1', 'error j3']);
  });

  it('does not come for a job that runs again', async () => {
    expect(await told([job(1, { state: 'queued' })])).toEqual([]);
  });

  it('is one message where many end at once', async () => {
    const many = [2, 3, 4, 5].map(number => job(number, { state: 'succeeded' }));
    expect(await told(many)).toEqual(['success: 4 of your jobs have succeeded.']);
    expect(await told([...many, failed])).toEqual([
      'error: 5 of your jobs have ended, 1 of them without success.'
    ]);
  });
});
