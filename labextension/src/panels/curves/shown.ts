/** Runs as their curves are shown: by names that tell them apart. Pure. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Run } from '../../models/runs';
import type { Shown } from './lines';

/** Where two have the same name, their ids are said, too. */
export function labelled(runs: readonly Shown[]): Shown[] {
  const names = runs.map(({ name }) => name);
  return runs.map(run => ({
    ...run,
    name: names.filter(name => name === run.name).length > 1 ? `${run.name} · ${run.id}` : run.name
  }));
}

/** A run as its curves are shown, with the reason where there are none. */
export function shownOf(run: Run, trans: TranslationBundle): Shown {
  const { id, place, metrics } = run;
  const { job, missing, problem } = run.job;
  return {
    id,
    name: job?.name ?? id,
    place,
    metrics,
    active: job !== null && !job.finished,
    gone: missing ? trans.__('not here any more') : job ? metrics.problem : problem
  };
}
