import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';
import type { FilesApi } from '../../api/files';
import { Conflicts, type Decision, type Question } from '../conflicts';
import type { OpenDocument } from '../document';
import type { Refused } from '../drive';
import { FakeServer } from './server';

const PATH = 'vision/train.ipynb';
const nb = (source: string) => ({ cells: [{ source }], metadata: {}, nbformat: 4 });
const options = (source: string) => ({
  type: 'notebook' as const,
  format: 'json' as const,
  content: nb(source)
});

/** Alice's lab with the notebook open, and what she answers. */
async function lab(answers: Decision[]) {
  const server = new FakeServer();
  server.save(PATH, nb('first'));
  const drive = server.drive();
  const asked: Question[] = [];
  const merges: Refused[] = [];
  const opened: string[] = [];
  const state = { byHand: true };
  const read = () => drive.get(PATH, { type: 'notebook', content: true, hash: true });
  const document = {
    revert: async () => void (await read()),
    notices: { tell: () => undefined }
  } as unknown as OpenDocument;
  const files = { versions: async () => server.versions } as unknown as FilesApi;
  const conflicts = new Conflicts({
    drive,
    files,
    documents: { at: () => [document] },
    manager: { openOrReveal: path => void opened.push(path) },
    me: async () => 'alice',
    byHand: () => state.byHand,
    ask: async question => {
      asked.push(question);
      return answers.shift() ?? 'later';
    },
    openMerge: refused => merges.push(refused),
    trans: nullTranslator.load('submarine_ext')
  });
  drive.attend({ before: async () => undefined, refused: one => conflicts.settle(one) });
  await read();
  const save = async (source: string) => {
    try {
      await drive.save(PATH, options(source));
      return 'saved';
    } catch (error) {
      return (error as Error).name;
    }
  };
  const current = () => (server.files.get(PATH)?.content as ReturnType<typeof nb>).cells[0].source;
  return { server, drive, asked, merges, opened, state, save, current, read };
}

describe('the project drive', () => {
  it('saves over what the document was made from, and creates what is new', async () => {
    const { server, drive, save } = await lab([]);
    expect(await save('second')).toBe('saved');
    expect(await save('third')).toBe('saved');
    await drive.save('vision/new.ipynb', options('x'));
    expect(server.versions.map(({ kind }) => kind)).toEqual(['saved', 'saved', 'saved', 'saved']);
    const puts = server.requests.filter(one => one.startsWith('PUT'));
    expect(puts.slice(0, 2).every(one => one.includes('"e'))).toBe(true);
    expect(puts[2]).toBe('PUT vision/new.ipynb');
  });

  /** What the lab asks after each save, and of which it catches no failure. */
  it('has no checkpoints of a file that is gone, and fails nothing for it', async () => {
    const { drive } = await lab([]);
    expect(await drive.listCheckpoints('vision/gone.ipynb')).toEqual([]);
    await expect(drive.createCheckpoint('vision/gone.ipynb')).rejects.toMatchObject({
      name: 'ModalCancelError'
    });
  });

  /** Catches the mutant that notes the ETag of every answer: bob's save would be overwritten. */
  it('is not misled by whoever only looks at the file', async () => {
    const { server, drive, save, current, asked } = await lab(['later']);
    server.save(PATH, nb('by bob'));
    await drive.get(PATH, { type: 'notebook', content: true });
    await drive.get(PATH, { content: false });
    await drive.get(PATH, { content: false, hash: true });
    expect(await save('mine')).toBe('ModalCancelError');
    expect([current(), asked.length]).toEqual(['by bob', 1]);
  });

  it("tells the lab's own check what the document was made from, so that it asks nothing", async () => {
    const { server, drive, read } = await lab([]);
    const { hash } = await read();
    server.save(PATH, nb('by bob'));
    expect((await drive.get(PATH, { content: false, hash: true })).hash).toBe(hash);
  });
});

describe('a save that came too late', () => {
  it('says who saved, and overwrites nothing whatever is answered', async () => {
    for (const answer of ['merge', 'copy', 'theirs', 'later'] as const) {
      const { server, asked, save, current } = await lab([answer]);
      server.save(PATH, nb('by bob'));
      await save('mine');
      expect(asked[0].text).toContain('bob saved train.ipynb');
      expect(current()).toBe('by bob');
      const bodies = server.versions.map(({ content }) => JSON.stringify(content));
      expect(bodies).toContain(JSON.stringify(nb('mine')));
      expect(bodies).toContain(JSON.stringify(nb('by bob')));
    }
  });

  it('is settled silently where both wrote the same', async () => {
    const { server, asked, save } = await lab([]);
    server.save(PATH, nb('same'));
    expect([await save('same'), asked.length]).toEqual(['saved', 0]);
    expect(await save('next')).toBe('saved');
  });

  it('is asked about once: the timer is refused quietly, a save by hand asks again', async () => {
    const { server, asked, state, save } = await lab(['later', 'theirs']);
    server.save(PATH, nb('by bob'));
    state.byHand = false;
    await save('mine');
    await save('mine, longer');
    expect(asked.length).toBe(1);
    expect(server.versions.filter(({ kind }) => kind === 'conflict').length).toBe(2);
    state.byHand = true;
    expect(await save('mine, longer')).toBe('saved');
    expect(asked.length).toBe(2);
  });

  it('can be kept as a copy beside theirs, under a name that is free', async () => {
    const { server, opened, save, current } = await lab(['copy']);
    server.save('vision/train (alice).ipynb', nb('an older copy'));
    server.save(PATH, nb('by bob'));
    expect(await save('mine')).toBe('saved');
    expect(server.files.get('vision/train (alice 2).ipynb')?.content).toEqual(nb('mine'));
    expect(opened).toEqual(['submarine:vision/train (alice 2).ipynb']);
    expect(current()).toBe('by bob');
  });

  it('is handed to the merge with the version that both began from', async () => {
    const { server, drive, merges, save } = await lab(['merge']);
    const base = drive.bases.get(PATH);
    const theirs = server.save(PATH, nb('by bob'));
    expect(await save('mine')).toBe('ModalCancelError');
    expect(merges).toMatchObject([{ base, current: theirs, options: { content: nb('mine') } }]);
  });

  it('can be saved again where the file was deleted meanwhile', async () => {
    const { server, asked, save, current } = await lab(['again']);
    server.files.delete(PATH);
    expect(await save('mine')).toBe('saved');
    expect([asked[0].decisions, current()]).toEqual([['again', 'later'], 'mine']);
  });
});
