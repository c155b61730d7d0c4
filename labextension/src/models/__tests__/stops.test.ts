import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Job } from '../../api/types';
import { GRACE, Stops } from '../stops';
import { job, settled } from './fakes';

/** Stops, what was sent of them, and the server's answers by hand. */
function stopping(
  Kind: typeof Stops = Stops,
  grace?: number
): { stops: Stops; sent: string[]; put: Job[]; refuse: (id: string) => void } {
  const sent: string[] = [];
  const put: Job[] = [];
  const refused = new Set<string>();
  const send = async (id: string) => {
    sent.push(id);
    if (refused.has(id)) {
      throw new Error('You may not.');
    }
    return job(1, { id, target: 'stop', revision: 2 });
  };
  const stops = new Kind({ send, put: one => void put.push(one), grace });
  return { stops, sent, put, refuse: id => void refused.add(id) };
}

/** What is sent of two stops of which one is taken back in the last moment. */
function sentAfterUndo({ stops, sent }: ReturnType<typeof stopping>): string[] {
  stops.ask(['j1', 'j2']);
  vi.advanceTimersByTime(GRACE - 1);
  stops.undo(['j1']);
  vi.advanceTimersByTime(GRACE);
  return sent;
}

/** Says that nothing is sent, and sends it. */
class Forgetful extends Stops {
  override undo(): void {}
}

describe('a stop that can be taken back', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is shown at once and sent when one had time to think again', async () => {
    const { stops, sent, put } = stopping();
    stops.ask(['j1']);
    expect(stops.shown(job(1)).target).toBe('stop');
    vi.advanceTimersByTime(GRACE - 1);
    expect([sent, stops.canUndo('j1')]).toEqual([[], true]);
    vi.advanceTimersByTime(1);
    expect([sent, stops.canUndo('j1'), stops.has('j1')]).toEqual([['j1'], false, true]);
    await settled();
    expect([put.map(({ id }) => id), stops.has('j1')]).toEqual([['j1'], false]);
  });

  it('is never sent once it was undone', () => {
    const desk = stopping();
    expect(sentAfterUndo(desk)).toEqual(['j2']);
    expect(desk.stops.shown(job(1)).target).toBe('run');
  });

  /** The mutants, alive. */
  it('is found where it is sent at once, or in spite of the undo', () => {
    expect(sentAfterUndo(stopping(Stops, 0))).toContain('j1');
    expect(sentAfterUndo(stopping(Forgetful))).toContain('j1');
  });

  it('is sent at once where one asks again, and no third time', () => {
    const { stops, sent } = stopping();
    stops.ask(['j1']);
    stops.ask(['j1']);
    expect(sent).toEqual(['j1']);
    stops.ask(['j1']);
    vi.advanceTimersByTime(GRACE);
    expect(sent).toEqual(['j1']);
  });

  it('is sent when the page goes away', () => {
    const { stops, sent } = stopping();
    stops.ask(['j1', 'j2']);
    window.dispatchEvent(new Event('pagehide'));
    expect(sent).toEqual(['j1', 'j2']);
  });

  it('is not shown any more where the server refuses it, which says why', async () => {
    const { stops, refuse } = stopping();
    const said: unknown[] = [];
    stops.refused.connect((_, { id, error }) => void said.push([id, (error as Error).message]));
    refuse('j1');
    stops.ask(['j1']);
    vi.advanceTimersByTime(GRACE);
    await settled();
    expect(said).toEqual([['j1', 'You may not.']]);
    expect(stops.shown(job(1)).target).toBe('run');
  });
});
