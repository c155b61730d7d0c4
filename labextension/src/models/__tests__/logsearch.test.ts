import { describe, expect, it } from 'vitest';
import type { LogMatches, LogPart, LogQuery, LogSearchQuery } from '../../api/client';
import { LogsModel } from '../logs';
import { LogSearchModel } from '../logsearch';
import { atOnce, settled, wire, type FakeSocket } from './fakes';

const TOPIC = 'jobs/j1/logs';
/** Lines of 16 bytes each. */
const LINES = 40_000;

/** A server's log: read as it reads, searched so many bytes at once. */
class FakeLog {
  constructor(public text: string) {}

  searches: LogSearchQuery[] = [];
  refuse: Error | null = null;

  readonly read = async (_: string, { offset, limit }: LogQuery): Promise<LogPart> => {
    const size = this.text.length;
    const start = offset < 0 ? Math.max(0, size + offset) : offset;
    const piece = this.text.slice(start, start + limit);
    const cut = start + piece.length >= size ? piece.length : piece.lastIndexOf('\n') + 1;
    const next = start + (cut || piece.length);
    return { text: this.text.slice(start, next), next, size, complete: false, attempt: 1 };
  };

  readonly search = async (_: string, query: LogSearchQuery): Promise<LogMatches> => {
    this.searches.push(query);
    if (this.refuse) {
      throw this.refuse;
    }
    const size = this.text.length;
    const next = Math.min(size, query.offset + 256_000);
    const lines: number[] = [];
    for (let at = query.offset; at < next; at = this.text.indexOf('\n', at) + 1) {
      if (this.text.slice(at, this.text.indexOf('\n', at)).includes(query.text)) {
        lines.push(at);
      }
    }
    return { lines, next, more: next < size, size, attempt: 1 };
  };
}

const line = (number: number) => `line ${String(number).padStart(10)}\n`;
const numbered = Array.from({ length: LINES }, (_, at) => line(at)).join('');

async function opened(
  log: FakeLog
): Promise<{ logs: LogsModel; search: LogSearchModel; socket: FakeSocket }> {
  const { connection, socket } = wire();
  const logs = new LogsModel({ id: 'j1', read: log.read, connection, schedule: atOnce });
  await settled();
  socket().accept();
  socket().subscribed(TOPIC);
  return {
    logs,
    search: new LogSearchModel({ logs, search: log.search, schedule: atOnce }),
    socket: socket()
  };
}

const marked = ({ lines, marked: at }: LogsModel) => (at === null ? null : lines.at(at));

describe('searching a log', () => {
  it('goes through all of it, part by part, and shows the first match', async () => {
    const log = new FakeLog(numbered);
    const { logs, search } = await opened(log);
    await search.find('9999', false);
    await settled();
    expect(log.searches.map(({ offset }) => offset)).toEqual([0, 256_000, 512_000]);
    expect([search.count, search.complete, search.current]).toEqual([4, true, 0]);
    expect(marked(logs)).toBe(line(9999).trimEnd());
  });

  it('goes to the next match and round again, and back', async () => {
    const { logs, search } = await opened(new FakeLog(numbered));
    await search.find('9999', false);
    await search.next();
    expect(marked(logs)).toContain('19999');
    await search.previous();
    await search.previous();
    expect([search.current, marked(logs)]).toEqual([3, line(39_999).trimEnd()]);
    await search.next();
    expect(search.current).toBe(0);
  });

  it('marks a line within the window where it stands, without a jump', async () => {
    const { logs, search } = await opened(new FakeLog(numbered));
    await search.find(line(LINES - 3).trim(), false);
    await settled();
    expect(logs.marked).toBe(logs.lines.length - 3);
    expect(logs.live).toBe(true);
  });

  it('looks through what came later, and only that', async () => {
    const log = new FakeLog(numbered);
    const { search, socket } = await opened(log);
    await search.find('needle', true);
    expect([search.count, search.complete]).toEqual([0, true]);
    const before = log.text.length;
    log.text += 'a needle\n';
    const data = { rank: 0, attempt: 1, text: 'a needle\n' };
    socket.frame({ topic: TOPIC, seq: log.text.length, type: 'log', data });
    await settled();
    expect(log.searches[log.searches.length - 1].offset).toBe(before);
    expect(search.count).toBe(1);
  });

  it('drops what an earlier search still brings', async () => {
    const { search } = await opened(new FakeLog(numbered));
    const first = search.find('line', false);
    await search.find('39999', false);
    await first;
    expect(search.count).toBe(1);
  });

  it('says in a sentence why it cannot', async () => {
    const log = new FakeLog(numbered);
    log.refuse = new Error('You may not read this.');
    const { search } = await opened(log);
    await search.find('a', false);
    expect([search.problem, search.busy]).toEqual(['You may not read this.', false]);
  });
});
