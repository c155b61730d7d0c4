/** The table of a comparison as CSV: what is shown, in the order in which it is shown. */
import type { TranslationBundle } from '@jupyterlab/translation';
import { asCsv, shown, type Row } from '../../models/comparison';
import type { Run } from '../../models/runs';
import { groupWord, rowName } from './words';

/** See the module's comment. */
export function tableAsCsv(
  runs: readonly Run[],
  places: readonly number[],
  rows: readonly Row[],
  trans: TranslationBundle
): string {
  const jobs = places.map(place => runs[place]);
  const facts = [
    ['', trans.__('id'), ...jobs.map(({ id }) => id)],
    ['', trans.__('state'), ...jobs.map(({ job }) => job.job?.state ?? '')],
    ['', trans.__('owner'), ...jobs.map(({ job }) => job.job?.owner ?? '')]
  ];
  const lines = rows.map(row => [
    groupWord(row.group, trans),
    rowName(row, trans),
    ...places.map(place => {
      const { value } = row.cells[place];
      return value === null ? '' : shown(value);
    })
  ]);
  return asCsv(['', '', ...jobs.map(({ id, job }) => job.job?.name ?? id)], [...facts, ...lines]);
}
