/**
 * Documents of the drive that several people type into at once, where jupyter-collaboration is
 * installed: its provider for the lab's own drive makes the shared models, ours says what they
 * belong to. What a document holds and saves is then its room's business, on the server, so
 * the drive's own conflicts have nothing to do.
 */
import type { Contents, IContentProvider, IContentProviderRegistry } from '@jupyterlab/services';
import { ContentProviderRegistry } from '@jupyterlab/services';
import { DRIVE } from '../models/documents';

/** The name under which jupyter-collaboration registers its provider. */
export const RTC = 'rtc';
/**
 * Whether a file is as it was is the room's question, not the lab's, which compares hashes: in
 * a room they never differ.
 */
const SAME = 'room';

/** A document's connection to its room. */
interface Provider {
  readonly ready: Promise<void>;
  save?: () => Promise<void>;
}

/** jupyter-collaboration's content provider, as far as it is used here. */
interface Collaborative {
  readonly sharedModelFactory: Contents.ISharedFactory;
  readonly providers: ReadonlyMap<string, Provider>;
}

interface Room {
  path: string;
  type: string;
  provider: Provider;
}

export interface RoomsOptions {
  drive: Pick<Contents.IDrive, 'get' | 'save' | 'fileChanged'>;
  /** Where the lab's own drive keeps its providers. */
  registry: () => IContentProviderRegistry | undefined;
}

/** See the module's comment. */
export class Rooms implements IContentProvider {
  constructor(private readonly _options: RoomsOptions) {
    _options.drive.fileChanged.connect(this._moved, this);
    this.sharedModelFactory = new RoomFactory(this);
  }

  readonly sharedModelFactory: Contents.ISharedFactory;

  get lab(): Collaborative {
    return this._options.registry()?.getProvider(RTC) as unknown as Collaborative;
  }

  /** A shared model was made for a document: remember its connection until it is closed. */
  opened(options: Contents.ISharedFactoryOptions, model: Disposing): void {
    const { path, format, contentType: type } = options;
    const provider = this.lab.providers.get(`${format}:${type}:${path}`);
    if (provider) {
      const room = { path: path.slice(DRIVE.length + 1), type, provider };
      this._rooms.add(room);
      model.disposed.connect(() => this._rooms.delete(room));
    }
  }

  async get(path: string, options: Contents.IFetchOptions = {}): Promise<Contents.IModel> {
    const { drive } = this._options;
    const room = this._at(path, options.type);
    if (!room) {
      return drive.get(path, { ...options, contentProviderId: undefined });
    }
    const plain = { type: options.type, content: false };
    const [model] = await Promise.all([drive.get(path, plain), room.provider.ready]);
    const hash = options.hash ? { hash: SAME, hash_algorithm: SAME } : {};
    return { ...model, ...hash, format: options.format ?? model.format };
  }

  async save(
    path: string,
    options: Partial<Contents.IModel> & Contents.IContentProvisionOptions = {}
  ): Promise<Contents.IModel> {
    const room = this._at(path, options.type);
    if (!room) {
      return this._options.drive.save(path, { ...options, contentProviderId: undefined });
    }
    await room.provider.save?.();
    return this.get(path, { type: options.type, format: options.format, hash: true });
  }

  private _at(path: string, type?: string): Room | undefined {
    return [...this._rooms].find(
      room => room.path === path && (type === undefined || room.type === type)
    );
  }

  private _moved(_: unknown, { type, oldValue, newValue }: Contents.IChangedArgs): void {
    const [was, path] = [oldValue?.path, newValue?.path];
    if (type !== 'rename' || was === undefined || path === undefined) {
      return;
    }
    for (const room of this._rooms) {
      if (room.path === was || room.path.startsWith(`${was}/`)) {
        room.path = path + room.path.slice(was.length);
      }
    }
  }

  private readonly _rooms = new Set<Room>();
}

/** The drive's registry, in which nothing but rooms is. */
export function roomRegistry(rooms: Rooms): IContentProviderRegistry {
  const registry = new ContentProviderRegistry();
  registry.register(RTC, rooms);
  return registry;
}

interface Disposing {
  readonly disposed: { connect: (slot: () => void) => boolean };
}

/** Makes shared models as jupyter-collaboration does, and tells of them. */
class RoomFactory implements Contents.ISharedFactory {
  constructor(private readonly _rooms: Rooms) {}

  get collaborative(): boolean {
    return this._rooms.lab.sharedModelFactory.collaborative ?? false;
  }

  createNew(
    options: Contents.ISharedFactoryOptions
  ): ReturnType<Contents.ISharedFactory['createNew']> {
    const model = this._rooms.lab.sharedModelFactory.createNew(options);
    if (model) {
      this._rooms.opened(options, model);
    }
    return model;
  }
}
