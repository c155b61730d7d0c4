/** From the curves of some jobs, and how somebody looks at them, to what a chart draws. Pure. */
import type { Line } from '../../components/plot';
import { shownKeys, type Choice } from '../../models/choice';
import { curve, origin, refined } from '../../models/curves';
import { lossFirst, type MetricsModel } from '../../models/metrics';
import type { Part, ZoomModel } from '../../models/zoom';

/** A job whose curves are shown. */
export interface Shown {
  id: string;
  name: string;
  /** Decides its colour. */
  place: number;
  metrics: MetricsModel;
  /** Whether more points can come. */
  active: boolean;
  /** Why there is nothing of it, where that is so. */
  gone: string | null;
}

/** Colours of curves, after which dashes tell runs apart. */
const COLORS = 8;

/** The metrics of all of them: the loss first. */
export function allKeys(runs: readonly Shown[]): string[] {
  return [...new Set(runs.flatMap(({ metrics }) => metrics.keys))].sort(lossFirst);
}

/** How a metric and a run look: with several runs they have the colours, else the metrics. */
export function look(
  place: number,
  run: number,
  several: boolean,
  apart: boolean
): { color: number; dash: number } {
  return several
    ? { color: run, dash: (apart ? 0 : place) + Math.floor(run / COLORS) }
    : { color: place, dash: place };
}

/** Each chart's metrics. */
export function figures(keys: readonly string[], choice: Choice): string[][] {
  const shown = shownKeys(keys, choice);
  return choice.apart ? shown.map(key => [key]) : [shown];
}

/** What a curve is called among all that are shown. */
export function lineName(run: Shown, key: string, several: boolean): string {
  return several ? `${run.name}: ${key}` : key;
}

/** The lines of one chart. */
export function linesOf(
  runs: readonly Shown[],
  keys: readonly string[],
  all: readonly string[],
  choice: Choice,
  zoom: ZoomModel
): Line[] {
  const several = runs.length > 1;
  return runs.flatMap(run =>
    keys.flatMap(key => {
      const coarse = run.metrics.series(key);
      if (!coarse) {
        return [];
      }
      const fine = choice.range && zoom.series(run.id, key);
      const by = choice.axis === 'step' ? 'step' : 'time';
      const series = fine ? refined(coarse, fine, by) : coarse;
      return [
        {
          group: several ? run.id : key,
          name: lineName(run, key, several),
          label: several && choice.apart ? run.name : lineName(run, key, several),
          curve: curve(series, { ...choice, origin: originOf(run) }),
          ...look(all.indexOf(key), run.place, several, choice.apart)
        }
      ];
    })
  );
}

/** What has to be read as fine as it is. */
export function partsOf(
  runs: readonly Shown[],
  keys: readonly string[],
  { axis, range }: Choice
): Part[] {
  if (!range) {
    return [];
  }
  return runs.flatMap(run => {
    const there = keys.filter(key => run.metrics.series(key));
    const moved = axis === 'time' ? originOf(run) : 0;
    const by = axis === 'step' ? ('step' as const) : ('time' as const);
    const [from, to] = range.map(place => place + moved);
    return there.length > 0 ? [{ id: run.id, keys: there, by, from, to }] : [];
  });
}

/** When a run's relative time begins. */
function originOf({ metrics }: Shown): number {
  return origin(metrics.keys.flatMap(key => metrics.series(key) ?? []));
}
