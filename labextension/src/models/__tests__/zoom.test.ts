import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Metrics } from '../../api/types';
import { choiceOf, FIRST_CHOICE, shownKeys } from '../choice';
import { ZoomModel, type Part } from '../zoom';

const part = (from: number, to: number, id = 'j1'): Part => ({
  id,
  keys: ['loss'],
  by: 'step',
  from,
  to
});
const answer = (...step: number[]): Metrics => ({
  series: { loss: { step, value: step, time: step } },
  params: {},
  seq: 0
});

describe('what is looked at closely', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is read once one rests, of all jobs at once', async () => {
    const asked: unknown[] = [];
    const zoom = new ZoomModel({
      read: async (id, query) => (asked.push([id, query.from, query.to]), answer(5))
    });
    zoom.want([part(0, 100)]);
    zoom.want([part(5, 9), part(5, 9, 'j2')]);
    await vi.runAllTimersAsync();
    expect(asked).toEqual([
      ['j1', 5, 9],
      ['j2', 5, 9]
    ]);
    expect(zoom.series('j2', 'loss')?.step).toEqual([5]);
    zoom.dispose();
  });

  it('is not what a late answer says', async () => {
    let late: (metrics: Metrics) => void = () => undefined;
    const reads = [new Promise<Metrics>(resolve => (late = resolve)), Promise.resolve(answer(7))];
    const zoom = new ZoomModel({ read: () => reads.shift() as Promise<Metrics> });
    zoom.want([part(0, 100)]);
    await vi.runAllTimersAsync();
    zoom.want([part(6, 8)]);
    await vi.runAllTimersAsync();
    late(answer(50));
    await vi.runAllTimersAsync();
    expect(zoom.series('j1', 'loss')?.step).toEqual([7]);
    zoom.dispose();
  });

  it('is forgotten when all is looked at, and a refusal leaves what there is', async () => {
    const zoom = new ZoomModel({ read: async () => answer(7) });
    zoom.want([part(6, 8)]);
    await vi.runAllTimersAsync();
    zoom.want([]);
    expect(zoom.series('j1', 'loss')).toBeUndefined();
    zoom.dispose();
    const refused = new ZoomModel({ read: () => Promise.reject(new Error('gone')) });
    refused.want([part(6, 8)]);
    await vi.runAllTimersAsync();
    expect(refused.series('j1', 'loss')).toBeUndefined();
    refused.dispose();
  });
});

describe('how curves are looked at', () => {
  it('is remembered', () => {
    const choice = { ...FIRST_CHOICE, axis: 'clock', range: [1, 2], overlay: ['j2'] } as const;
    expect(choiceOf(JSON.parse(JSON.stringify(choice)))).toEqual(choice);
  });

  it('is as at first where what was stored makes no sense', () => {
    const nonsense = { axis: 'x', log: 1, smoothing: 7, shown: [1], range: [2, 1], overlay: {} };
    expect(choiceOf(nonsense)).toEqual(FIRST_CHOICE);
    expect(choiceOf(null)).toEqual(FIRST_CHOICE);
  });

  it('is with the first metrics before anybody chose', () => {
    const keys = Array.from({ length: 20 }, (_, at) => `m${at}`);
    expect(shownKeys(keys, FIRST_CHOICE)).toHaveLength(8);
    expect(shownKeys(keys, { ...FIRST_CHOICE, shown: ['m19', 'gone'] })).toEqual(['m19']);
  });
});
