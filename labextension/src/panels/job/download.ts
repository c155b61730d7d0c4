/** A whole log as a file, however long: read in parts, kept by the browser, saved at the end. */
import type { Api } from '../../api/client';

/** Raw bytes that the server answers at once. */
const PART = 8 * 1024 * 1024;

/** Read all of a log. `progress` is between 0 and 1. */
export async function readLog(
  api: Pick<Api, 'logs'>,
  id: string,
  source: { rank: number; attempt?: number },
  progress: (fraction: number) => void = () => undefined
): Promise<Blob> {
  const parts: Blob[] = [];
  let offset = 0;
  for (;;) {
    const part = await api.logs(id, { ...source, offset, limit: PART });
    parts.push(new Blob([part.text]));
    progress(part.size > 0 ? Math.min(1, part.next / part.size) : 1);
    if (part.next >= part.size || part.next <= offset) {
      return new Blob(parts, { type: 'text/plain' });
    }
    offset = part.next;
  }
}

/** Let the browser save it. */
export function save(blob: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
