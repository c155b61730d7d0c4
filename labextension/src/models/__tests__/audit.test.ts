import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';
import type { AuditQuery } from '../../api/sharing';
import type { AuditEntry, Page } from '../../api/types';
import { auditSentence } from '../../components/auditwords';
import { AuditModel } from '../audit';
import { settled, wire } from './fakes';

const trans = nullTranslator.load('submarine_ext');

function entry(seq: number, fields: Partial<AuditEntry> = {}): AuditEntry {
  return {
    seq,
    time: '2026-11-22T10:00:00Z',
    project: 'vision',
    actor: 'ada',
    action: 'project.create',
    object: 'vision',
    before: null,
    after: {},
    ...fields
  };
}

async function shown(model: AuditModel): Promise<AuditModel> {
  await settled();
  return model;
}

describe('the activity', () => {
  it('is read page by page until there is no more', async () => {
    const asked: AuditQuery[] = [];
    const pages: Page<AuditEntry>[] = [
      { items: [entry(3), entry(2)], next: 'two' },
      { items: [entry(1)], next: null }
    ];
    const read = async (query: AuditQuery) => {
      asked.push(query);
      return pages[asked.length - 1];
    };
    const model = await shown(new AuditModel({ project: 'vision', read }));
    expect([model.items.length, model.hasMore]).toEqual([2, true]);
    await model.loadMore();
    await model.loadMore();
    expect(model.items.map(({ seq }) => seq)).toEqual([3, 2, 1]);
    expect(asked.map(({ cursor }) => cursor)).toEqual([undefined, 'two']);
  });

  it('keeps what it has when the next page fails, and can be asked again', async () => {
    let fails = false;
    const log = [entry(2), entry(1)];
    const read = async () => {
      if (fails) {
        throw new Error('Away.');
      }
      return { items: log.splice(0, 1), next: 'more' };
    };
    const model = await shown(new AuditModel({ read }));
    fails = true;
    await model.loadMore();
    expect([model.items.length, model.problem, model.hasMore]).toEqual([1, 'Away.', true]);
    fails = false;
    await model.loadMore();
    expect([model.items.length, model.problem]).toEqual([2, null]);
  });
});

describe('the activity while it is looked at', () => {
  const VISION = 'projects/vision';

  /** Read in pages of two of what `log` holds at the moment. */
  async function live(log: AuditEntry[]) {
    const { connection, socket } = wire();
    let reads = 0;
    const read = async ({ cursor }: AuditQuery) => {
      reads++;
      const start = log.findIndex(({ seq }) => !cursor || seq < Number(cursor));
      const items = log.slice(start, start + 2);
      return { items, next: start + 2 < log.length ? String(items[1].seq) : null };
    };
    const model = await shown(new AuditModel({ project: 'vision', connection, read }));
    socket().accept();
    socket().subscribed(VISION);
    await settled();
    const happens = async (type: string, ...entries: AuditEntry[]) => {
      log.unshift(...entries);
      socket().frame({ topic: VISION, seq: log[0].seq, type, data: {} });
      await settled();
      return model.items.map(({ seq }) => seq);
    };
    return { model, happens, reads: () => reads };
  }

  it('grows at its top and keeps what was read below', async () => {
    const { model, happens } = await live([entry(4), entry(3), entry(2), entry(1)]);
    await model.loadMore();
    expect(await happens('audit', entry(5))).toEqual([5, 4, 3, 2, 1]);
    expect(model.hasMore).toBe(false);
  });

  it('begins anew where more came than one page holds', async () => {
    const { model, happens } = await live([entry(2), entry(1)]);
    expect(await happens('job', entry(5), entry(4), entry(3))).toEqual([5, 4]);
    await model.loadMore();
    expect(model.items.map(({ seq }) => seq)).toEqual([5, 4, 3, 2]);
  });

  it('is not read again for progress, which leaves no entry', async () => {
    const { happens, reads } = await live([entry(1)]);
    const before = reads();
    await happens('progress');
    expect(reads()).toBe(before);
  });
});

describe('an entry as a sentence', () => {
  it.each<[Partial<AuditEntry>, string]>([
    [{ action: 'grant.put', object: 'user:bob', after: { role: 'viewer' } }, 'made bob a viewer'],
    [{ action: 'grant.delete', object: 'team:ml' }, 'removed ml'],
    [
      { action: 'project.change', before: { state: 'a', x: 1 }, after: { state: 'b', x: 1 } },
      'changed the project: state: a → b'
    ],
    [{ action: 'transfer.withdraw', actor: 'bob', after: { to: 'bob' } }, 'declined the offer'],
    [
      { action: 'project.change', before: { visibility: 'private' }, after: { visibility: 'x' } },
      'changed the project: visibility: Private → x'
    ],
    [{ action: 'secret.put', object: 'API_TOKEN' }, 'wrote the secret API_TOKEN'],
    [{ action: 'job.failed', object: 'j1', actor: 'submarine' }, 'The job digits has failed.'],
    [{ action: 'job.failed', object: 'j2', actor: 'submarine' }, 'The job j2 has failed.'],
    [{ action: 'odd.deed', object: 'thing' }, 'odd.deed thing'],
    [{ action: 'constructor', object: 'thing' }, 'constructor thing']
  ])('%j', (fields, sentence) => {
    const names = new Map([['j1', 'digits']]);
    expect(auditSentence(entry(1, fields), names, trans)).toBe(sentence);
  });
});
