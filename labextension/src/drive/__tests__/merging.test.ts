import { describe, expect, it } from 'vitest';
import type { FilesApi } from '../../api/files';
import type { Json, Merge } from '../../api/types';
import type { OpenDocument } from '../document';
import { startMerge } from '../merging';
import { StaleError, type Refused } from '../drive';
import { FakeServer } from './server';

const PATH = 'vision/train.ipynb';
const nb = (source: string) => ({ cells: [{ source }], metadata: {}, nbformat: 4 });

/** Bob's save was refused, and the merge of it is open; the server proposes `merged`. */
async function merging() {
  const server = new FakeServer();
  server.save(PATH, nb('first'));
  const drive = server.drive();
  await drive.get(PATH, { type: 'notebook', content: true, hash: true });
  server.save(PATH, nb('theirs'));
  const document = { text: 'mine' };
  const model = { dirty: true, toJSON: () => nb(document.text) };
  const open = { context: { model }, revert: async () => undefined } as unknown as OpenDocument;
  const asked: { base: string; mine: string }[] = [];
  const files = {
    merge: async (_: string, __: string, sides: { base: string; mine: string }) => {
      asked.push(sides);
      const merged = { source: 'merged' };
      const cell = { side: 'both', base: null, mine: null, theirs: null, merged };
      const etag = server.files.get(PATH)?.etag;
      return { ...nb(''), format: 'notebook', etag, cells: [cell] } as unknown as Merge;
    }
  } as unknown as FilesApi;
  const refused = await refusal(drive.save(PATH, { format: 'json', content: nb('mine') }));
  const done: string[] = [];
  const at = () => [open];
  const merge = startMerge(refused, { drive, files, at, done: path => void done.push(path) });
  await new Promise(resolve => setTimeout(resolve));
  const sourceOf = (content: unknown) => (content as { cells: { source: Json }[] }).cells[0].source;
  const mine = () => {
    const { mine: id } = asked[asked.length - 1];
    return sourceOf(server.versions.find(version => version.id === id)?.content);
  };
  const current = () => sourceOf(server.files.get(PATH)?.content);
  return { server, merge, asked, document, done, mine, current };
}

async function refusal(saving: Promise<unknown>): Promise<Refused> {
  const error: unknown = await saving.then(
    () => null,
    reason => reason as unknown
  );
  if (!(error instanceof StaleError)) {
    throw new Error('the save should have come too late');
  }
  return error.refused;
}

describe('a merge', () => {
  /** Catches the mutant that takes what was merged for what the document held. */
  it('goes on with what was chosen, where somebody saves again meanwhile', async () => {
    const { server, merge, mine, current, done } = await merging();
    server.save(PATH, nb('theirs again'));
    await merge.save();
    expect([merge.again, mine(), current()]).toEqual([true, 'merged', 'theirs again']);
    await merge.save();
    expect([current(), done]).toEqual(['merged', [PATH]]);
  });

  /** Catches the mutant that takes it over what was merged: their changes would be undone. */
  it('takes what is written meanwhile as made from what the document was opened with', async () => {
    const { server, merge, asked, document, mine } = await merging();
    server.save(PATH, nb('theirs again'));
    await merge.save();
    document.text = 'mine, and more';
    await merge.save();
    expect([merge.again, mine()]).toEqual([true, 'mine, and more']);
    expect(asked[2].base).toBe(asked[0].base);
  });
});
