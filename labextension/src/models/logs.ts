/**
 * A window over one rank's log. The raw file may be a gigabyte; the window is a run of whole
 * pieces of it, read by byte offset, that moves when somebody scrolls and grows at its end
 * while the job prints. A log opens as fast with 1 GB as with 1 kB: only its end is read.
 */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import type { LogPart, LogQuery } from '../api/client';
import { sentenceOf } from '../api/problem';
import type { Frame } from '../api/types';
import type { Connection } from './connection';
import { Lines } from './lines';
import { Pulse, nextFrame, type Scheduler } from './pulse';

export interface LogsOptions {
  id: string;
  read: (id: string, query: LogQuery) => Promise<LogPart>;
  connection: Connection;
  schedule?: Scheduler;
}

/** Raw bytes that are read at once. */
export const PIECE = 256 * 1024;
/** Raw bytes that are read only to find where a line begins. */
export const PROBE = 32 * 1024;
/** Raw bytes that the window holds at most. */
export const WINDOW = 8 * PIECE;

interface Piece {
  start: number;
  end: number;
  text: string;
  /** How many lines end in it. */
  lines: number;
}

/** A jump makes void what earlier readings still bring. See the module's comment. */
export class LogsModel implements IDisposable {
  constructor(private readonly _options: LogsOptions) {
    this._pulse = new Pulse(() => this._changed.emit(), _options.schedule ?? nextFrame);
    void this.toEnd();
  }

  get id(): string {
    return this._options.id;
  }

  get lines(): Lines {
    return this._lines;
  }

  get rank(): number {
    return this._rank;
  }

  /** Raw bytes of the log as far as known. */
  get size(): number {
    return Math.max(this._size, this.end);
  }

  /** Where the window begins and ends in the raw log. */
  get start(): number {
    return this._pieces[0]?.start ?? 0;
  }

  get end(): number {
    return this._pieces[this._pieces.length - 1]?.end ?? 0;
  }

  /** The attempt whose log it is, once one is known. */
  get attempt(): number | null {
    return this._attempt;
  }

  /** The line that was asked for, by its number in the window; null where there is none. */
  get marked(): number | null {
    const at = this._pieces.findIndex(({ start }) => start === this._mark);
    return at < 0 ? null : this._pieces.slice(0, at).reduce((sum, { lines }) => sum + lines, 0);
  }

  /** Grows whenever a line is asked for, also for the same one again. */
  get marks(): number {
    return this._marks;
  }

  /** Whether the window holds the log's end and grows with it. */
  get live(): boolean {
    return this._live !== null;
  }

  /** Whether the attempt has ended and all of it was sent. */
  get complete(): boolean {
    return this._complete;
  }

  get loading(): boolean {
    return this._loading;
  }

  get problem(): string | null {
    return this._problem;
  }

  /** How many lines were put before the first (negative: taken away) since the start. */
  get shifted(): number {
    return this._shifted;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._pulse.isDisposed;
  }

  /** The attempt that was asked for; null is the latest, moving on to the next. */
  get wanted(): number | null {
    return this._wanted;
  }

  /** Show another rank or attempt, from its end. */
  async show(rank: number, attempt: number | null): Promise<void> {
    this._rank = rank;
    this._wanted = attempt;
    await this.toEnd();
  }

  /** Show the end of the log and follow it. */
  async toEnd(): Promise<void> {
    await this._jump(async turn => {
      const from = await this._boundary(-WINDOW / 2);
      await this._forward(turn, from, Number.MAX_SAFE_INTEGER);
    });
  }

  /** Show the log from about this raw byte on. */
  async toOffset(offset: number): Promise<void> {
    await this._jump(async turn => {
      const from = offset <= PROBE ? 0 : await this._boundary(Math.floor(offset) - PROBE);
      await this._forward(turn, from, 2);
    });
  }

  /** Have the line that begins at this raw byte in the window, and mark it. */
  async toLine(offset: number): Promise<void> {
    if (offset >= this.start && offset < this.end) {
      await this._work(turn => this._part(turn, offset));
    } else {
      await this._jump(async turn => {
        const from = offset <= PROBE ? 0 : await this._boundary(offset - PROBE);
        await this._stretch(turn, Math.min(from, offset), offset);
        await this._forward(turn, offset, 2);
      });
    }
    this._mark = offset;
    this._marks++;
    this._pulse.request();
  }

  /** One more piece before the window. */
  async loadBefore(): Promise<void> {
    if (!this._loading && this.start > 0) {
      await this._work(turn => this._backward(turn));
    }
  }

  /** One more piece after the window; at the log's end it goes live. */
  async loadAfter(): Promise<void> {
    if (!this._loading && !this.live) {
      await this._work(turn => this._forward(turn, this.end, 1));
    }
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._turn++;
      this._pulse.dispose();
      this._live?.dispose();
      Signal.clearData(this);
    }
  }

  /** Start over elsewhere; what an earlier reading still brings is dropped. */
  private async _jump(read: (turn: number) => Promise<void>): Promise<void> {
    this._live?.dispose();
    this._live = null;
    this._turn++;
    await this._work(async turn => {
      this._fresh = true;
      await read(turn);
      if (this._fresh && turn === this._turn) {
        this._reset();
      }
    });
  }

  private async _work(read: (turn: number) => Promise<void>): Promise<void> {
    const turn = this._turn;
    this._loading = true;
    this._pulse.request();
    try {
      await read(turn);
      this._problem = turn === this._turn ? null : this._problem;
    } catch (error) {
      this._problem = turn === this._turn ? sentenceOf(error) : this._problem;
    }
    if (turn === this._turn) {
      this._loading = false;
      this._pulse.request();
    }
  }

  /** Where a line begins behind `offset`, as the server cuts its answers at lines. */
  private async _boundary(offset: number): Promise<number> {
    const probe = await this._read(offset, PROBE);
    // A log shorter than what was asked for from its end comes from its first byte.
    return offset < 0 && probe.size <= -offset ? 0 : probe.next;
  }

  /** Read on from `from`, `count` pieces at most; live once nothing is left. */
  private async _forward(turn: number, from: number, count: number): Promise<void> {
    let offset = from;
    for (let read = 0; read < count; read++) {
      const part = await this._read(offset, PIECE);
      if (turn !== this._turn) {
        return;
      }
      this._take(part, offset);
      if (part.next >= part.size || part.next === offset) {
        this._follow(part.next);
        return;
      }
      offset = part.next;
    }
  }

  /** Read exactly what stands before `end`, where a line begins. */
  private async _stretch(turn: number, start: number, end: number): Promise<void> {
    let offset = start;
    while (offset < end) {
      const part = await this._read(offset, end - offset);
      if (turn !== this._turn || part.next <= offset) {
        return;
      }
      this._take(part, offset);
      offset = part.next;
    }
  }

  /** Have a piece begin at `offset`: only the server knows where that is in the piece's text. */
  private async _part(turn: number, offset: number): Promise<void> {
    const inside = ({ start, end }: Piece) => start < offset && offset < end;
    const whole = this._pieces.find(inside);
    const head = whole && (await this._read(whole.start, offset - whole.start));
    const at = this._pieces.findIndex(inside);
    if (head && turn === this._turn && at >= 0 && head.next === offset) {
      const { start, end, text } = this._pieces[at];
      const rest = text.slice(head.text.length);
      this._pieces.splice(at, 1, piece(start, offset, head.text), piece(offset, end, rest));
    }
  }

  private _take(part: LogPart, start: number): void {
    if (this._fresh) {
      this._reset();
    }
    this._size = part.size;
    this._complete = part.complete;
    this._attempt = part.attempt;
    this._add(piece(start, part.next, part.text));
  }

  private async _backward(turn: number): Promise<void> {
    const { start } = this;
    const from = start <= PIECE ? 0 : await this._boundary(start - PIECE);
    let offset = from < start ? from : 0;
    let text = '';
    while (offset < start) {
      const part = await this._read(offset, start - offset);
      if (turn !== this._turn || part.next <= offset) {
        return;
      }
      text += part.text;
      offset = part.next;
    }
    this._pieces.unshift(piece(from, start, text));
    this._shifted += this._lines.prepend(text);
    this._trimEnd();
  }

  private _read(offset: number, limit: number): Promise<LogPart> {
    return this._options.read(this.id, { ...this._source(), offset, limit });
  }

  private _follow(since: number): void {
    this._live = this._options.connection.subscribe(
      `jobs/${this.id}/logs`,
      frame => this._receive(frame),
      { since, ...this._source() }
    );
  }

  private _source(): { rank: number; attempt?: number } {
    return this._wanted === null
      ? { rank: this._rank }
      : { rank: this._rank, attempt: this._wanted };
  }

  private _receive(frame: Frame): void {
    switch (frame.type) {
      case 'log':
        this._grow(frame.seq ?? this.end, frame.data as { text: string; attempt: number });
        break;
      case 'complete':
        this._complete = true;
        break;
      case 'gap':
        void this.toEnd();
        break;
    }
    this._pulse.request();
  }

  private _grow(end: number, data: { text: string; attempt: number }): void {
    if (this._attempt !== null && data.attempt > this._attempt) {
      // Another attempt writes another file: its offsets start over.
      this._reset();
    }
    this._attempt = data.attempt;
    this._complete = false;
    this._extend(piece(this.end, end, data.text));
  }

  private _add(added: Piece): void {
    this._lines.append(added.text);
    this._pieces.push(added);
    this._trimStart();
  }

  /** As `_add`, for what comes in many small parts. */
  private _extend(added: Piece): void {
    this._lines.append(added.text);
    const last = this._pieces[this._pieces.length - 1];
    if (last && last.end - last.start < PIECE / 4) {
      last.end = added.end;
      last.text += added.text;
      last.lines += added.lines;
    } else {
      this._pieces.push(added);
    }
    this._trimStart();
  }

  private _trimStart(): void {
    if (this.end - this.start > WINDOW && this._pieces.length > 2) {
      const before = this._lines.length;
      while (this.end - this.start > WINDOW && this._pieces.length > 2) {
        this._pieces.shift();
      }
      this._rebuild();
      this._shifted -= before - this._lines.length;
    }
  }

  private _trimEnd(): void {
    let trimmed = false;
    while (this.end - this.start > WINDOW && this._pieces.length > 2) {
      this._pieces.pop();
      trimmed = true;
    }
    if (trimmed) {
      this._rebuild();
      this._live?.dispose();
      this._live = null;
    }
  }

  private _rebuild(): void {
    this._lines.clear();
    this._lines.append(this._pieces.map(({ text }) => text).join(''));
  }

  private _reset(): void {
    this._fresh = false;
    this._pieces = [];
    this._lines.clear();
    this._shifted = 0;
    this._attempt = null;
    this._mark = null;
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _lines = new Lines();
  private readonly _pulse: Pulse;
  private _pieces: Piece[] = [];
  private _rank = 0;
  private _wanted: number | null = null;
  private _attempt: number | null = null;
  private _size = 0;
  private _mark: number | null = null;
  private _marks = 0;
  private _shifted = 0;
  private _complete = false;
  private _loading = false;
  private _fresh = false;
  private _problem: string | null = null;
  private _live: IDisposable | null = null;
  private _turn = 0;
}

function piece(start: number, end: number, text: string): Piece {
  return { start, end, text, lines: text.split('\n').length - 1 };
}
