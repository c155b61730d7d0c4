/**
 * The job that a cell was run as, kept in the cell's metadata so that it travels with the
 * notebook. What stands there is anybody's data: an id that is checked, and nothing else.
 *
 * A copy of a cell takes its metadata along but was never run, so the link names its cell as
 * well. Notebooks before format 4.5 have no lasting ids of cells; there the first cell with
 * the job is the one.
 */
import { isJobId } from '../api/client';

/** The key in the metadata. */
export const KEY = 'submarine';

/** What is asked of a cell's model. */
export interface LinkedCell {
  readonly id: string;
  getMetadata: (key: string) => unknown;
}

/** What to write into the metadata. */
export function linkTo(job: string, cell: string | null): { job: string; cell?: string } {
  return cell === null ? { job } : { job, cell };
}

/** The id of the job that this cell was run as; `cells` are all of its notebook. */
export function jobOf(cell: LinkedCell, cells: Iterable<LinkedCell>): string | null {
  const link = linkIn(cell);
  if (link === null) {
    return null;
  }
  if (link.cell !== null) {
    return link.cell === cell.id ? link.job : null;
  }
  for (const other of cells) {
    if (linkIn(other)?.job === link.job) {
      return other.id === cell.id ? link.job : null;
    }
  }
  return null;
}

function linkIn(cell: LinkedCell): { job: string; cell: string | null } | null {
  const found = cell.getMetadata(KEY) as { job?: unknown; cell?: unknown } | null | undefined;
  if (!isJobId(found?.job)) {
    return null;
  }
  return { job: found.job, cell: typeof found.cell === 'string' ? found.cell : null };
}
