/** What the rows and cells of a comparison are called. Pure; every word through the translator. */
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Job, Json } from '../../api/types';
import { duration, metric } from '../../components/words';
import { shown, type Cell, type Group, type Row } from '../../models/comparison';

/** A group of rows by its name. */
export function groupWord(group: Group, trans: TranslationBundle): string {
  switch (group) {
    case 'parameters':
      return trans.__('Parameters');
    case 'metrics':
      return trans.__('Metrics');
    case 'spec':
      return trans.__('Spec');
    case 'code':
      return trans.__('Code');
  }
}

/** `loss · lowest`; the last value of a metric is just the metric. */
export function rowName({ name, part }: Row, trans: TranslationBundle): string {
  switch (part) {
    case 'min':
      return trans.__('%1, lowest', name);
    case 'max':
      return trans.__('%1, highest', name);
    case 'last':
      return trans.__('%1, last', name);
    default:
      return name;
  }
}

/** A cell's value as it stands in the table. */
export function cellText(row: Row, value: Json): string {
  return row.group === 'metrics' && typeof value === 'number' ? metric(value) : shown(value);
}

/** What a cell's mark means, for those who hear it. */
export function markWord({ mark }: Cell, trans: TranslationBundle): string {
  switch (mark) {
    case 'odd':
      return trans.__('differs');
    case 'lowest':
      return trans.__('the lowest');
    case 'highest':
      return trans.__('the highest');
    default:
      return '';
  }
}

/** How long a job has been running, or ran. */
export function took(job: Job, now: number, trans: TranslationBundle): string {
  if (!job.started) {
    return '';
  }
  const end = job.finished ? Date.parse(job.finished) : now;
  return duration((end - Date.parse(job.started)) / 1000, trans);
}
