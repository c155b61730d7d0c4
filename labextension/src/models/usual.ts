/** Where and with how much one ran the last job: what the next one of a cell begins with. */
import type { Draft } from './draft';
import type { Store } from './drafts';

const ID = 'submarine-ext:usual';
const FIELDS = ['engine', 'cpu', 'memory', 'gpu', 'gpuType', 'environment', 'queue'] as const;

export type Usual = Pick<Draft, (typeof FIELDS)[number]>;

/** Remember what a job was run with. */
export async function noteUsual(store: Store | null, draft: Draft): Promise<void> {
  await store?.save(ID, Object.fromEntries(FIELDS.map(name => [name, draft[name]])));
}

/** What was remembered, whatever was stored. */
export async function usual(store: Store | null): Promise<Partial<Usual>> {
  const found = ((await store?.fetch(ID)) ?? {}) as { [name: string]: unknown };
  return Object.fromEntries(
    FIELDS.flatMap(name => {
      const value = found[name];
      return typeof value === 'string' ? [[name, value]] : [];
    })
  );
}
