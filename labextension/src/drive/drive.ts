/**
 * The drive `submarine:` of the lab's contents manager: Jupyter's contents API on the server's
 * `/contents`, where every save says which version it was made from. It knows no widgets; what
 * to do about a refused save is asked of whoever `attend`s.
 */
import { URLExt } from '@jupyterlab/coreutils';
import {
  ServerConnection,
  type Contents,
  type IContentProviderRegistry
} from '@jupyterlab/services';
import { nullTranslator, type TranslationBundle } from '@jupyterlab/translation';
import { ISignal, Signal } from '@lumino/signaling';
import { problemOf } from '../api/problem';
import { Bases, DRIVE, etagOf } from '../models/documents';

/** A save that came too late. Both contents are versions now; `current` is null if it is gone. */
export interface Refused {
  path: string;
  options: Partial<Contents.IModel>;
  base: string;
  kept: string;
  current: string | null;
  etag: string | null;
  detail: string;
}

/** Who is asked about saves. Either may throw `cancelled()`: then the document stays unsaved. */
export interface Attendant {
  /** What is about to be saved, before it leaves the browser. */
  before: (path: string, options: Partial<Contents.IModel>) => Promise<void>;
  /** Settles a refused save; the answer is what the document holds from then on. */
  refused: (refused: Refused) => Promise<Contents.IModel>;
}

/** When a save takes place. `base`: over that version only. */
export type Condition = { base: string } | { create: true } | null;

/** The lab's own word for a save that somebody called off: no error is shown. */
export function cancelled(): Error {
  const error = new Error('Cancel');
  error.name = 'ModalCancelError';
  return error;
}

/** See the module's comment. */
export class ProjectDrive implements Contents.IDrive {
  constructor(
    settings: ServerConnection.ISettings,
    trans: TranslationBundle = nullTranslator.load('submarine_ext')
  ) {
    this._trans = trans;
    // With 'no-store' the lab would add a parameter that no route knows.
    this.serverSettings = { ...settings, init: { ...settings.init, cache: 'no-cache' } };
  }

  readonly name = DRIVE;
  readonly serverSettings: ServerConnection.ISettings;
  readonly bases = new Bases();
  /** Where documents are open in rooms; the lab names in each request whether one is. */
  contentProviderRegistry?: IContentProviderRegistry;

  get fileChanged(): ISignal<this, Contents.IChangedArgs> {
    return this._fileChanged;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /** From now on saves are looked at by somebody. */
  attend(attendant: Attendant): void {
    this._attendant = attendant;
  }

  /** Tell the lab what happened to a file elsewhere. */
  announce(change: Contents.IChangedArgs): void {
    this._fileChanged.emit(change);
  }

  /** Resolves when nothing of that path is on its way to the server. */
  async quiet(path: string): Promise<void> {
    await this._saving.get(path)?.catch(() => undefined);
  }

  async get(path: string, options?: Contents.IFetchOptions): Promise<Contents.IModel> {
    const provider = this.contentProviderRegistry?.getProvider(options?.contentProviderId);
    if (provider) {
      return provider.get(path, options);
    }
    const { type, format, content = true, hash = false } = options ?? {};
    const response = await this._send('GET', path, {
      query: {
        content: content ? '1' : '0',
        ...(hash && { hash: '1' }),
        ...(type && { type }),
        ...(format && type !== 'notebook' && { format })
      }
    });
    const model = (await response.json()) as Contents.IModel;
    return hash ? this._hashed(path, model, content, etagOf(response.headers.get('ETag'))) : model;
  }

  /** The ETag that a file has now; unlike `get`, it begins nothing. */
  async etag(path: string): Promise<string | null> {
    const response = await this._send('GET', path, { query: { content: '0' } });
    return etagOf(response.headers.get('ETag'));
  }

  async getDownloadUrl(path: string): Promise<string> {
    return URLExt.join(
      this.serverSettings.baseUrl,
      'submarine/api/files',
      URLExt.encodeParts(path)
    );
  }

  async newUntitled(options: Contents.ICreateOptions = {}): Promise<Contents.IModel> {
    const { path = '', type, ext } = options;
    this._inside(`${path}/new`);
    const suffix = ext && !ext.startsWith('.') ? `.${ext}` : ext;
    return this._created(path, { ...(type && { type }), ...(suffix && { ext: suffix }) });
  }

  async copy(path: string, toFolder: string): Promise<Contents.IModel> {
    this._inside(`${toFolder}/copy`);
    return this._created(toFolder, { copy_from: path });
  }

  async delete(path: string): Promise<void> {
    this._inside(path);
    await this._send('DELETE', path);
    this.bases.forget(path);
    this.announce({ type: 'delete', oldValue: { path }, newValue: null });
  }

  async rename(path: string, newPath: string): Promise<Contents.IModel> {
    [path, newPath].forEach(one => this._inside(one));
    const response = await this._send('PATCH', path, { body: { path: newPath } });
    const model = (await response.json()) as Contents.IModel;
    this.bases.move(path, model.path);
    this.announce({ type: 'rename', oldValue: { path }, newValue: model });
    return model;
  }

  /** A document is saved over the version that it was made from; an upload replaces. */
  async save(
    path: string,
    options: Partial<Contents.IModel> & Contents.IContentProvisionOptions = {}
  ): Promise<Contents.IModel> {
    const provider = this.contentProviderRegistry?.getProvider(options.contentProviderId);
    if (provider) {
      return provider.save(path, options);
    }
    this._inside(path);
    await this._attendant?.before(path, options);
    const upload = options.name !== undefined || options.chunk !== undefined;
    const base = upload ? null : this.bases.get(path);
    const saving = this.put(path, options, base === null ? null : { base });
    this._saving.set(path, saving);
    try {
      return await saving;
    } catch (error) {
      if (error instanceof StaleError && this._attendant) {
        return this._attendant.refused(error.refused);
      }
      throw error;
    } finally {
      if (this._saving.get(path) === saving) {
        this._saving.delete(path);
      }
    }
  }

  /** Save under a condition and ask nobody. Throws `StaleError` where it does not hold. */
  async put(
    path: string,
    options: Partial<Contents.IModel>,
    condition: Condition
  ): Promise<Contents.IModel> {
    const { type, format, content, chunk } = options;
    const response = await this._send('PUT', path, {
      body: { type, format, content, chunk },
      headers: headersOf(condition),
      refused: { path, options, base: condition && 'base' in condition ? condition.base : '' }
    });
    const model = (await response.json()) as Contents.IModel;
    // What an upload replaced is for the document's own reader to see, not to be passed over.
    if (options.name === undefined && chunk === undefined) {
      this.bases.set(path, etagOf(response.headers.get('ETag')));
    }
    this.announce({ type: 'save', oldValue: null, newValue: model });
    return model;
  }

  /** The lab does this after each save, which is a version already: a file that went is no failure. */
  async createCheckpoint(path: string): Promise<Contents.ICheckpointModel> {
    try {
      return await (await this._send('POST', `${path}/checkpoints`, { body: {} })).json();
    } catch (error) {
      throw isGone(error) ? cancelled() : error;
    }
  }

  /** Like Jupyter's own: none where there is no such file. The lab catches no failure of this. */
  async listCheckpoints(path: string): Promise<Contents.ICheckpointModel[]> {
    try {
      return await (await this._send('GET', `${path}/checkpoints`)).json();
    } catch (error) {
      if (isGone(error)) {
        return [];
      }
      throw error;
    }
  }

  async restoreCheckpoint(path: string, id: string): Promise<void> {
    await this._send('POST', `${path}/checkpoints/${id}`, { body: {} });
  }

  async deleteCheckpoint(path: string, id: string): Promise<void> {
    await this._send('DELETE', `${path}/checkpoints/${id}`);
  }

  dispose(): void {
    this._disposed = true;
    Signal.clearData(this);
  }

  /**
   * Documents ask for the hash: with the content to begin from it, without to compare before a
   * save. That second question is answered with what the document began from, since it is the
   * server that decides (`If-Match`), and says who saved and where both contents are.
   */
  private _hashed(
    path: string,
    model: Contents.IModel,
    content: boolean,
    etag: string | null
  ): Contents.IModel {
    if (model.type === 'directory') {
      return model;
    }
    if (content) {
      this.bases.set(path, etag ?? model.hash ?? null);
    }
    const hash = (content ? etag : this.bases.get(path)) ?? etag ?? model.hash;
    return { ...model, hash, hash_algorithm: 'sha256' };
  }

  /** Beside the projects there is nothing: files lie in one of them. */
  private _inside(path: string): void {
    if (path.split('/').filter(Boolean).length < 2) {
      const trans = this._trans;
      throw new Error(
        trans.__('Here are only the projects. Open one: files are made and changed in it.')
      );
    }
  }

  private async _created(folder: string, body: object): Promise<Contents.IModel> {
    const model = (await (await this._send('POST', folder, { body })).json()) as Contents.IModel;
    this.announce({ type: 'new', oldValue: null, newValue: model });
    return model;
  }

  private async _send(method: string, path: string, sent: Sent = {}): Promise<Response> {
    const { baseUrl } = this.serverSettings;
    const url = URLExt.join(baseUrl, 'submarine/api/contents', URLExt.encodeParts(path));
    const init: RequestInit = { method, headers: sent.headers };
    if (sent.body !== undefined) {
      init.body = JSON.stringify(sent.body);
      init.headers = { 'Content-Type': 'application/json', ...sent.headers };
    }
    const query = sent.query ? `?${new URLSearchParams(sent.query).toString()}` : '';
    const response = await ServerConnection.makeRequest(url + query, init, this.serverSettings);
    if (!response.ok) {
      throw await failure(response, sent.refused);
    }
    return response;
  }

  private readonly _fileChanged = new Signal<this, Contents.IChangedArgs>(this);
  private readonly _trans: TranslationBundle;
  private readonly _saving = new Map<string, Promise<Contents.IModel>>();
  private _attendant: Attendant | null = null;
  private _disposed = false;
}

interface Sent {
  query?: { [name: string]: string };
  body?: object;
  headers?: { [name: string]: string };
  refused?: Pick<Refused, 'path' | 'options' | 'base'>;
}

/** The save came too late; the server keeps both contents. */
export class StaleError extends ServerConnection.ResponseError {
  constructor(
    response: Response,
    readonly refused: Refused
  ) {
    super(response, refused.detail);
  }
}

/** Whether a request failed because there is no such file (any more). */
export function isGone(error: unknown): boolean {
  return error instanceof ServerConnection.ResponseError && error.response.status === 404;
}

function headersOf(condition: Condition): { [name: string]: string } {
  if (condition === null) {
    return {};
  }
  return 'base' in condition ? { 'If-Match': `"${condition.base}"` } : { 'If-None-Match': '*' };
}

/** What the lab understands (`response.status`), in the server's own sentence. */
async function failure(
  response: Response,
  about: Sent['refused']
): Promise<ServerConnection.ResponseError> {
  if (response.status === 412 && about) {
    const body = (await response.json()) as Refused;
    const { kept, current = null, etag = null, detail } = body;
    return new StaleError(response, { ...about, kept, current, etag, detail });
  }
  return new ServerConnection.ResponseError(response, (await problemOf(response)).message);
}
