/** Text as lines, the way a terminal would leave them. Pure, no I/O. */

/** What a line shows after its carriage returns: the last thing that was drawn over it. */
export function collapse(line: string): string {
  if (!line.includes('\r')) {
    return line;
  }
  const drawn = line.split('\r').filter(part => part !== '');
  return drawn.length > 0 ? drawn[drawn.length - 1] : '';
}

/** Lines that grow at either end; the last one may still be open. */
export class Lines {
  get length(): number {
    return this._closed.length + (this._open === '' ? 0 : 1);
  }

  /** The line as it is shown; empty beyond the end. */
  at(index: number): string {
    return collapse(index < this._closed.length ? this._closed[index] : this._open);
  }

  /** The last lines, oldest first. */
  tail(count: number): string[] {
    const first = Math.max(0, this.length - count);
    return Array.from({ length: this.length - first }, (_, index) => this.at(first + index));
  }

  append(text: string): void {
    const parts = (this._open + text).split('\n');
    this._open = trimmed(parts.pop() ?? '');
    for (const part of parts) {
      this._closed.push(part);
    }
  }

  /** Put whole lines before the first; answers how many they are. */
  prepend(text: string): number {
    const parts = text.split('\n');
    const rest = parts.pop() ?? '';
    if (rest !== '' && this._closed.length > 0) {
      this._closed[0] = rest + this._closed[0];
    } else if (rest !== '') {
      this._open = rest + this._open;
    }
    this._closed = parts.concat(this._closed);
    return parts.length;
  }

  clear(): void {
    this._closed = [];
    this._open = '';
  }

  private _closed: string[] = [];
  private _open = '';
}

/** An open line redraws itself without end (a progress bar): keep only what can still be seen. */
function trimmed(open: string): string {
  if (open.length < 4096) {
    return open;
  }
  const last = open.lastIndexOf('\r', open.length - 2);
  return last > 0 ? open.slice(last) : open;
}
