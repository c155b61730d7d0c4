import type { Contents, IContentProviderRegistry } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';
import { describe, expect, it, vi } from 'vitest';
import { Rooms } from '../rooms';

const FILE = { name: 'a.ipynb', path: 'vision/a.ipynb', type: 'notebook', hash: 'abc' };
const NOTEBOOK = { format: 'json', type: 'notebook' } as const;

/** A drive, jupyter-collaboration's provider, and one notebook that is open in a room. */
function lab(known = true) {
  const drive = {
    get: vi.fn(async (path: string) => ({ ...FILE, path })),
    save: vi.fn(async (path: string) => ({ ...FILE, path })),
    fileChanged: new Signal<Contents.IDrive, Contents.IChangedArgs>({} as Contents.IDrive)
  };
  const model = { disposed: new Signal<object, void>({}) };
  const provider = { ready: Promise.resolve(), save: vi.fn(async () => undefined) };
  const providers = new Map(known ? [['json:notebook:submarine:vision/a.ipynb', provider]] : []);
  const theirs = { sharedModelFactory: { collaborative: true, createNew: () => model }, providers };
  const registry = { getProvider: () => theirs } as unknown as IContentProviderRegistry;
  const rooms = new Rooms({
    drive: drive as unknown as Contents.IDrive,
    registry: () => registry
  });
  const path = 'submarine:vision/a.ipynb';
  const shared = rooms.sharedModelFactory.createNew({
    path,
    format: 'json',
    contentType: 'notebook'
  } as never);
  return { drive, model, provider, rooms, shared };
}

describe('a document in a room', () => {
  it('is read from its room, of which only the rest is asked', async () => {
    const { drive, rooms } = lab();
    await rooms.get('vision/a.ipynb', { ...NOTEBOOK, content: true, hash: true });
    expect(drive.get).toHaveBeenCalledWith('vision/a.ipynb', { type: 'notebook', content: false });
  });

  it('never is another file than it was, so the lab asks nobody which one to keep', async () => {
    const { rooms } = lab();
    const opened = await rooms.get('vision/a.ipynb', { ...NOTEBOOK, hash: true });
    const before = await rooms.get('vision/a.ipynb', { content: false, hash: true });
    expect(before.hash).toBe(opened.hash);
    expect(before.hash).not.toBe('abc');
  });

  it('is saved by its room', async () => {
    const { drive, provider, rooms } = lab();
    await rooms.save('vision/a.ipynb', { ...NOTEBOOK, content: {} });
    expect(provider.save).toHaveBeenCalledOnce();
    expect(drive.save).not.toHaveBeenCalled();
  });

  it('stays there when it or its folder is renamed', async () => {
    const { drive, provider, rooms } = lab();
    const change = { type: 'rename', oldValue: { path: 'vision' }, newValue: { path: 'other' } };
    drive.fileChanged.emit(change as Contents.IChangedArgs);
    await rooms.save('other/a.ipynb', { ...NOTEBOOK });
    expect(provider.save).toHaveBeenCalledOnce();
  });

  it('is a file of the drive again once it is closed', async () => {
    const { drive, model, provider, rooms } = lab();
    model.disposed.emit();
    await rooms.save('vision/a.ipynb', { ...NOTEBOOK });
    expect(provider.save).not.toHaveBeenCalled();
    expect(drive.save).toHaveBeenCalledOnce();
  });

  it('is one of the drive where there is no connection', async () => {
    const { drive, rooms } = lab(false);
    await rooms.save('vision/a.ipynb', { ...NOTEBOOK });
    expect(drive.save).toHaveBeenCalledOnce();
  });
});
