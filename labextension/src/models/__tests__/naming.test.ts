/** Small rules about names, amounts and rights. */
import { describe, expect, it } from 'vitest';
import type { Team, User } from '../../api/types';
import { candidates } from '../candidates';
import { amount } from '../quantity';
import { isOffered, may, mayOnJob } from '../rights';
import { found } from '../search';
import { SLUG, slugOf } from '../slug';
import { upload } from '../upload';
import { OWNER, project, VIEWER } from './fakes';

/** What a person called it: no text of ours. */
const titled = (title: string) => ({ title });

describe('a name from a title', () => {
  it.each([
    ['Vision für alle', 'vision-fur-alle'],
    ['  ../../etc/passwd ', 'etc-passwd'],
    ['Ünïcödé — 2026!', 'unicode-2026'],
    ['图像', ''],
    ['x'.repeat(80), 'x'.repeat(63)]
  ])('%j is %j', (title, name) => {
    expect(slugOf(title)).toBe(name);
    expect(name === '' || SLUG.test(name)).toBe(true);
  });
});

describe('looking for a project', () => {
  const all = [{ name: 'vision', ...titled('See things') }, { name: 'audio' }];

  it('finds all words in name or title, in any case', () => {
    expect(found(all, 'THINGS vis').map(({ name }) => name)).toEqual(['vision']);
    expect(found(all, '  ').length).toBe(2);
    expect(found(all, 'vision audio')).toEqual([]);
  });
});

describe('an amount in Kubernetes notation', () => {
  it.each([
    [2, 2],
    ['500m', 0.5],
    ['2Gi', 2 ** 31],
    ['1.5G', 1.5e9],
    ['1e3', 1000],
    ['lots', null],
    ['1x', null],
    [null, null],
    [undefined, null]
  ])('%j is %j', (written, meant) => {
    expect(amount(written)).toBe(meant);
  });
});

describe('what one may do', () => {
  const editor = {
    capabilities: OWNER.filter(one => !one.endsWith('-any') && !one.startsWith('grant:'))
  };

  it('is what the project says, and left to the server where nobody knows', () => {
    expect(may(project('vision'), 'grant:write')).toBe(true);
    expect(may(editor, 'grant:write')).toBe(false);
    expect(may(undefined, 'grant:write')).toBe(true);
  });

  it('with a job depends on whose it is', () => {
    const job = { owner: 'ada' };
    expect(mayOnJob('stop', job, editor, 'ada')).toBe(true);
    expect(mayOnJob('stop', job, editor, 'bob')).toBe(false);
    expect(mayOnJob('stop', job, project('vision'), 'bob')).toBe(true);
    expect(mayOnJob('delete', job, { capabilities: VIEWER }, 'ada')).toBe(false);
  });

  it('is little with a project that is only offered', () => {
    const capabilities = ['project:read', 'transfer:accept'];
    expect(isOffered(project('vision', { role: null, capabilities }))).toBe(true);
    expect(isOffered(project('vision', { role: 'viewer', capabilities }))).toBe(false);
  });
});

describe('whom a text may mean', () => {
  const user = (name: string, seen: string | null = '2026-11-22T10:00:00Z'): User => ({
    name,
    seen,
    admin: null,
    disabled: null,
    quota: null
  });
  const server = (users: User[]) => ({
    users: async () => ({ items: users, next: null }),
    teams: async () => ({ items: [{ name: 'bo', ...titled('Both') } as Team], next: null })
  });

  it('is people, then teams, then somebody who is yet to come', async () => {
    const all = await candidates(server([user('bob'), user('boris', null)]), 'bo', true);
    expect(all.map(({ subject, known }) => `${subject} ${known}`)).toEqual([
      'user:bob true',
      'user:boris false',
      'team:bo true',
      'user:bo false'
    ]);
  });

  it('has no stranger where somebody is called exactly so, letter by letter', async () => {
    const exact = await candidates(server([user('bob')]), 'bob', false);
    expect(exact.map(({ subject }) => subject)).toEqual(['user:bob']);
    const other = await candidates(server([user('bob')]), 'Bob', false);
    expect(other.map(({ subject }) => subject)).toEqual(['user:bob', 'user:Bob']);
  });
});

describe('an upload', () => {
  const sent = async (text: string, size: number) => {
    const pieces: string[] = [];
    await upload(
      new Blob([text]),
      async (content, chunk) => void pieces.push(`${chunk} ${atob(content)}`),
      size
    );
    return pieces;
  };

  it('has numbered pieces, the last of them -1', async () => {
    expect(await sent('abcdefgh', 3)).toEqual(['1 abc', '2 def', '-1 gh']);
  });

  it('has no number where there is one piece, or nothing', async () => {
    expect(await sent('abc', 3)).toEqual(['null abc']);
    expect(await sent('', 3)).toEqual(['null ']);
  });
});
