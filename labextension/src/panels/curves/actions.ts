/** What leaves the lab: pictures and tables of curves, as files. */
import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { sentenceOf } from '../../api/problem';
import { complain } from '../../complaints';
import type { Session } from '../../models/session';
import { save } from '../job/download';
import type { CurvesActions } from '.';
import type { Shown } from './lines';

/** What the curves of a view need of the lab. */
export function curvesActions(
  session: Session,
  open: (id: string) => void,
  trans: TranslationBundle
): CurvesActions {
  const { api } = session;
  return {
    open,
    read: (id, query) => api.metricsPart(id, query),
    savePicture: (make, title) => {
      make().then(
        blob => save(blob, `${fileName(title)}.png`),
        error => complain(error)
      );
    },
    saveTable: (runs, keys, title) => {
      if (runs.length === 1) {
        follow(api.metricsTableUrl(runs[0].id, keys), `${fileName(title)}.csv`);
        return;
      }
      const saved = together(session, runs, keys).then(blob => {
        save(blob, `${fileName(title)}.csv`);
        return null;
      });
      Notification.promise(saved, {
        pending: { message: trans.__('Downloading the points…') },
        success: { message: () => trans.__('The points were downloaded.') },
        error: { message: sentenceOf }
      });
    }
  };
}

/** A name that every file system takes. */
function fileName(title: string): string {
  return title.replace(/[^\p{Letter}\p{Number} ._-]+/gu, '-').slice(0, 100) || 'metrics';
}

/** The browser's own download: however long the table is, none of it is held here. */
function follow(url: string, name: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
}

/** The tables of several jobs as one, the job first in each line; read piece by piece. */
async function together(
  session: Session,
  runs: readonly Shown[],
  keys: readonly string[]
): Promise<Blob> {
  const parts: BlobPart[] = ['job,name,key,step,value,time\r\n'];
  for (const { id, name, gone } of runs) {
    if (gone === null) {
      const response = await session.api.metricsTable(id, keys);
      await collect(response, `${id},${quoted(name)},`, parts);
    }
  }
  return new Blob(parts, { type: 'text/csv' });
}

async function collect(response: Response, prefix: string, parts: BlobPart[]): Promise<void> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  let begun = false;
  for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
    const lines = (rest + next.value).split('\r\n');
    rest = lines.pop() ?? '';
    // The first line of all names the columns.
    const wanted = begun ? lines : lines.slice(1);
    begun = begun || lines.length > 0;
    parts.push(wanted.map(line => `${prefix}${line}\r\n`).join(''));
  }
}

function quoted(name: string): string {
  const safe = /^[=+\-@\t\r]/.test(name) ? `'${name}` : name;
  return `"${safe.replace(/"/g, '""')}"`;
}
