/**
 * Looks through a whole log on the server, a bounded part with each answer, and remembers where
 * lines match. Of a log that grows it looks through what is new. It knows nothing of widgets.
 */
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import type { LogMatches, LogSearchQuery } from '../api/client';
import { sentenceOf } from '../api/problem';
import type { LogsModel } from './logs';
import { Pulse, nextFrame, type Scheduler } from './pulse';

export interface LogSearchOptions {
  logs: LogsModel;
  search: (id: string, query: LogSearchQuery) => Promise<LogMatches>;
  schedule?: Scheduler;
}

/** Matches that are remembered before somebody asks for more. */
export const MANY = 10_000;

/** See the module's comment. */
export class LogSearchModel implements IDisposable {
  constructor(private readonly _options: LogSearchOptions) {
    this._pulse = new Pulse(() => this._changed.emit(), _options.schedule ?? nextFrame);
    _options.logs.changed.connect(this._grown, this);
  }

  /** What is looked for; empty: nothing. */
  get text(): string {
    return this._text;
  }

  /** Whether capital and small letters are told apart. */
  get case(): boolean {
    return this._case;
  }

  /** Lines that match, so far. */
  get count(): number {
    return this._lines.length;
  }

  /** The match that one is at, from 0; -1 where one is at none. */
  get current(): number {
    return this._current;
  }

  /** Whether all that there is has been looked through. */
  get complete(): boolean {
    return this._complete;
  }

  get busy(): boolean {
    return this._busy;
  }

  get problem(): string | null {
    return this._problem;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._pulse.isDisposed;
  }

  /** Look for something else, from the log's start; the first match is shown once it is found. */
  async find(text: string, matchCase: boolean): Promise<void> {
    this._text = text;
    this._case = matchCase;
    this._source = this._sourceNow();
    this._turn++;
    this._lines = [];
    this._current = -1;
    this._cursor = 0;
    this._problem = null;
    this._complete = text === '';
    this._busy = false;
    this._pulse.request();
    await this._look(MANY);
  }

  /** Go to the next match; behind the last one to the first. */
  async next(): Promise<void> {
    if (this._current + 1 >= this.count && !this._complete && !this._busy) {
      await this._look(this.count + MANY);
    }
    const last = this._current + 1 >= this.count;
    await this._show(last && this._complete ? 0 : this._current + 1);
  }

  /** Go to the match before; before the first one to the last, if it is known. */
  async previous(): Promise<void> {
    await this._show(this._current > 0 ? this._current - 1 : this._complete ? this.count - 1 : 0);
  }

  dispose(): void {
    if (!this.isDisposed) {
      this._turn++;
      this._pulse.dispose();
      Signal.clearData(this);
    }
  }

  /** Look on until so many are known or the end is reached. */
  private async _look(most: number): Promise<void> {
    if (this._busy || this._text === '') {
      return;
    }
    const turn = this._turn;
    this._busy = true;
    this._pulse.request();
    try {
      while (turn === this._turn && this.count < most && (await this._pass(turn))) {
        // The next part.
      }
    } catch (error) {
      this._problem = turn === this._turn ? sentenceOf(error) : this._problem;
    }
    if (turn === this._turn) {
      this._busy = false;
      this._pulse.request();
    }
  }

  /** One question; whether there is more to look through. */
  private async _pass(turn: number): Promise<boolean> {
    const { logs, search } = this._options;
    const found = await search(logs.id, {
      rank: logs.rank,
      attempt: logs.wanted ?? undefined,
      text: this._text,
      case: this._case,
      offset: this._cursor
    });
    if (turn !== this._turn) {
      return false;
    }
    const first = this.count === 0 && found.lines.length > 0;
    this._lines.push(...found.lines);
    this._cursor = found.next;
    this._seen = found.size;
    this._complete = !found.more;
    this._problem = null;
    this._pulse.request();
    if (first) {
      void this._show(0);
    }
    return found.more;
  }

  private async _show(index: number): Promise<void> {
    if (index >= 0 && index < this.count) {
      this._current = index;
      this._pulse.request();
      await this._options.logs.toLine(this._lines[index]);
    }
  }

  /** The log has more, or it is another rank's or attempt's. */
  private _grown(): void {
    if (this._text === '') {
      return;
    }
    if (this._source !== this._sourceNow()) {
      void this.find(this._text, this._case);
    } else if (this._complete && this._options.logs.size > this._seen) {
      void this._look(MANY);
    }
  }

  private _sourceNow(): string {
    const { rank, wanted, attempt } = this._options.logs;
    return `${rank} ${wanted ?? attempt}`;
  }

  private readonly _changed = new Signal<this, void>(this);
  private readonly _pulse: Pulse;
  private _text = '';
  private _case = false;
  private _source = '';
  private _lines: number[] = [];
  private _current = -1;
  private _cursor = 0;
  private _seen = 0;
  private _complete = true;
  private _busy = false;
  private _problem: string | null = null;
  private _turn = 0;
}
