/** How much of a resource is free where a job would run, and how much one's quota leaves. Pure. */
import type { Engine, Me } from '../api/types';
import { amount } from './quantity';

export type Kind = 'cpu' | 'memory' | 'gpu';

/** Null where nobody knows or nothing limits it. */
export interface Room {
  free: number | null;
  all: number | null;
  left: number | null;
}

export function roomFor(kind: Kind, engine: Engine | null, me: Me | null): Room {
  const all = engine?.capacity?.[kind] ?? null;
  const used = engine?.in_use?.[kind];
  const limit = amount(me?.quota[kind]);
  return {
    all,
    free: all === null || used === undefined ? null : Math.max(0, all - used),
    left: limit === null || !me ? null : Math.max(0, limit - me.use[kind])
  };
}

/** What asking for so much in all would mean: now, later, or never. */
export type Fit = 'fits' | 'waits' | 'quota' | 'never';

export function fitOf(asked: number | null, { free, all, left }: Room): Fit {
  if (asked === null || asked === 0) {
    return 'fits';
  }
  if (all !== null && asked > all) {
    return 'never';
  }
  if (left !== null && asked > left) {
    return 'quota';
  }
  return free !== null && asked > free ? 'waits' : 'fits';
}
