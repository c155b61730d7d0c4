import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';
import type { AuditQuery } from '../../api/sharing';
import type { AuditEntry, Page } from '../../api/types';
import { auditSentence } from '../../components/auditwords';
import { AuditModel } from '../audit';
import { settled } from './fakes';

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
    const read = async () => {
      if (fails) {
        throw new Error('Away.');
      }
      return { items: [entry(1)], next: 'more' };
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

describe('an entry as a sentence', () => {
  it.each<[Partial<AuditEntry>, string]>([
    [{ action: 'grant.put', object: 'user:bob', after: { role: 'viewer' } }, 'made bob a viewer'],
    [{ action: 'grant.delete', object: 'team:ml' }, 'removed ml'],
    [
      { action: 'project.change', before: { state: 'a', x: 1 }, after: { state: 'b', x: 1 } },
      'changed the project: state: a → b'
    ],
    [{ action: 'transfer.withdraw', actor: 'bob', after: { to: 'bob' } }, 'declined the offer'],
    [{ action: 'secret.put', object: 'API_TOKEN' }, 'wrote the secret API_TOKEN'],
    [{ action: 'odd.deed', object: 'thing' }, 'odd.deed thing'],
    [{ action: 'constructor', object: 'thing' }, 'constructor thing']
  ])('%j', (fields, sentence) => {
    expect(auditSentence(entry(1, fields), trans)).toBe(sentence);
  });
});
