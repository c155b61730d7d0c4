/**
 * The one WebSocket, shared by all models: it opens, resumes each topic where it stood, backs
 * off with jitter when the server is away, and says what state it is in. It knows topics and
 * cursors, never what a frame means.
 */
import { IDisposable, DisposableDelegate } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { Problem } from '../api/problem';
import type { Frame } from '../api/types';

export type ConnectionState = 'idle' | 'connecting' | 'online' | 'offline' | 'forbidden';

/** What a topic is read with; `rank` and `attempt` belong to logs. */
export interface TopicOptions {
  since?: number;
  rank?: number;
  attempt?: number;
}

export type FrameHandler = (frame: Frame) => void;

/** The part of a WebSocket that is used, so that tests can bring their own. */
export type Socket = Pick<
  WebSocket,
  'send' | 'close' | 'onopen' | 'onclose' | 'onmessage' | 'readyState'
>;

export interface ConnectionOptions {
  /** A fresh socket; it may throw a `Problem`. */
  open: () => Promise<Socket>;
  /** Between 0 and 1; tests give their own. */
  random?: () => number;
}

const FIRST_DELAY = 500;
const LONGEST_DELAY = 30_000;
const OPEN = 1;

/** What the server answers a `subscribe` with. */
const ANSWERS: ReadonlySet<string> = new Set(['subscribed', 'error', 'closed']);

interface Topic {
  options: TopicOptions;
  handler: FrameHandler;
}

/** One reader a topic; whoever needs a topic twice shares the model that reads it. */
export class Connection implements IDisposable {
  constructor(private readonly _options: ConnectionOptions) {
    window.addEventListener('online', this._hurry);
    document.addEventListener('visibilitychange', this._hurry);
  }

  get state(): ConnectionState {
    return this._state;
  }

  get stateChanged(): ISignal<this, ConnectionState> {
    return this._stateChanged;
  }

  /** Since when (in milliseconds) nothing comes; null while it is well or was never tried. */
  get lostAt(): number | null {
    return this._lostAt;
  }

  /** What the server said against it when it was last tried, by its code; null while it is well. */
  get refusal(): string | null {
    return this._refusal;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  /**
   * Read a topic until the answer is disposed. The first subscription opens the socket.
   * Subscribing again to the same topic replaces its reader and cursor.
   */
  subscribe(topic: string, handler: FrameHandler, options: TopicOptions = {}): IDisposable {
    const entry: Topic = { options: { ...options }, handler };
    this._topics.set(topic, entry);
    if (this._state === 'idle') {
      void this._connect();
    } else {
      this._ask(topic, entry);
    }
    return new DisposableDelegate(() => this._unsubscribe(topic, entry));
  }

  /**
   * Hear what comes for a topic beside its reader. Where nobody reads it, it is read from now on.
   */
  listen(topic: string, handler: FrameHandler): IDisposable {
    const listeners = this._listeners.get(topic) ?? new Set<FrameHandler>();
    this._listeners.set(topic, listeners.add(handler));
    if (!this._topics.has(topic)) {
      this.subscribe(topic, ignore);
    }
    return new DisposableDelegate(() => {
      listeners.delete(handler);
      const entry = this._topics.get(topic);
      if (listeners.size === 0 && entry?.handler === ignore) {
        this._unsubscribe(topic, entry);
      }
    });
  }

  /** Whether frames of a topic come now; else its `subscribed` is still to come. */
  isLive(topic: string): boolean {
    const answered = (this._unanswered.get(topic) ?? 0) === 0;
    return this._state === 'online' && this._topics.has(topic) && answered;
  }

  /** Try again now, for example after signing in. */
  retry(): void {
    if (this._state === 'offline' || this._state === 'forbidden') {
      window.clearTimeout(this._timer);
      void this._connect();
    }
  }

  dispose(): void {
    if (this._disposed) {
      return;
    }
    this._disposed = true;
    window.removeEventListener('online', this._hurry);
    document.removeEventListener('visibilitychange', this._hurry);
    window.clearTimeout(this._timer);
    this._topics.clear();
    this._listeners.clear();
    this._socket?.close();
    Signal.clearData(this);
  }

  private async _connect(): Promise<void> {
    this._setState('connecting');
    try {
      const socket = await this._options.open();
      if (this._disposed) {
        socket.close();
        return;
      }
      this._socket = socket;
      socket.onopen = () => this._opened(socket);
      socket.onmessage = event => this._received(String(event.data));
      socket.onclose = () => this._closed(socket);
      if (socket.readyState === OPEN) {
        this._opened(socket);
      }
    } catch (error) {
      this._failed(error);
    }
  }

  private _opened(socket: Socket): void {
    if (socket !== this._socket || this._state === 'online') {
      return;
    }
    this._attempts = 0;
    this._refusal = null;
    this._setState('online');
    this._unanswered.clear();
    for (const [topic, entry] of this._topics) {
      this._ask(topic, entry);
    }
  }

  private _received(text: string): void {
    const frame = parse(text);
    const entry = frame && this._topics.get(frame.topic);
    if (!frame || !this._answers(frame) || !entry) {
      return;
    }
    const resumed = frame.type === 'subscribed' && entry.options.since !== undefined;
    if (typeof frame.seq === 'number' && !resumed) {
      entry.options.since = frame.seq;
    }
    entry.handler(frame);
    this._listeners.get(frame.topic)?.forEach(listener => listener(frame));
  }

  /** False for what a replaced subscription had still under way. */
  private _answers(frame: Frame): boolean {
    const unanswered = this._unanswered.get(frame.topic) ?? 0;
    if (unanswered > 0 && ANSWERS.has(frame.type)) {
      this._unanswered.set(frame.topic, unanswered - 1);
      return unanswered === 1;
    }
    return unanswered === 0;
  }

  private _ask(topic: string, entry: Topic): void {
    if (this._send({ op: 'subscribe', topic, ...entry.options })) {
      this._unanswered.set(topic, (this._unanswered.get(topic) ?? 0) + 1);
    }
  }

  private _closed(socket: Socket): void {
    if (socket === this._socket && !this._disposed) {
      this._socket = null;
      this._backOff();
    }
  }

  private _failed(error: unknown): void {
    if (this._disposed) {
      return;
    }
    this._refusal = error instanceof Problem ? error.code : null;
    if (error instanceof Problem && (error.status === 401 || error.status === 403)) {
      this._setState('forbidden');
    } else {
      this._backOff();
    }
  }

  private _backOff(): void {
    this._setState('offline');
    const random = this._options.random ?? Math.random;
    const ceiling = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this._attempts++);
    this._timer = window.setTimeout(() => this.retry(), ceiling * (0.5 + random() / 2));
  }

  private readonly _hurry = (): void => {
    if (!document.hidden && this._state === 'offline') {
      this._attempts = 0;
      this.retry();
    }
  };

  private _unsubscribe(topic: string, entry: Topic): void {
    if (this._topics.get(topic) !== entry) {
      return;
    }
    if (entry.handler !== ignore && this._listeners.get(topic)?.size) {
      this._topics.set(topic, { ...entry, handler: ignore });
    } else {
      this._topics.delete(topic);
      this._send({ op: 'unsubscribe', topic });
    }
  }

  private _send(message: object): boolean {
    if (this._state !== 'online') {
      return false;
    }
    this._socket?.send(JSON.stringify(message));
    return true;
  }

  private _setState(state: ConnectionState): void {
    if (state !== this._state) {
      this._state = state;
      if (state === 'online') {
        this._lostAt = null;
      } else if (state === 'offline') {
        this._lostAt ??= Date.now();
      }
      this._stateChanged.emit(state);
    }
  }

  private readonly _stateChanged = new Signal<this, ConnectionState>(this);
  private readonly _topics = new Map<string, Topic>();
  private readonly _listeners = new Map<string, Set<FrameHandler>>();
  private readonly _unanswered = new Map<string, number>();
  private _state: ConnectionState = 'idle';
  private _socket: Socket | null = null;
  private _lostAt: number | null = null;
  private _refusal: string | null = null;
  private _attempts = 0;
  private _timer = 0;
  private _disposed = false;
}

/** Reads a topic that only listeners want. */
const ignore: FrameHandler = () => undefined;

function parse(text: string): Frame | null {
  try {
    return JSON.parse(text) as Frame;
  } catch {
    return null;
  }
}
