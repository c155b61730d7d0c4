import { describe, expect, it } from 'vitest';
import type { LogPart, LogQuery } from '../../api/client';
import { LogsModel, WINDOW } from '../logs';
import { Lines, collapse } from '../lines';
import { atOnce, settled, wire, type FakeSocket } from './fakes';

const TOPIC = 'jobs/j1/logs';
const LINE = 'x'.repeat(63) + '\n';

/** A log of ASCII lines, read the way the server reads: cut at lines, never beyond a limit. */
class FakeLog {
  text = '';
  complete = false;
  reads: LogQuery[] = [];

  readonly read = async (_: string, query: LogQuery): Promise<LogPart> => {
    this.reads.push(query);
    const size = this.text.length;
    const start = query.offset < 0 ? Math.max(0, size + query.offset) : query.offset;
    const piece = this.text.slice(start, start + query.limit);
    const cut = start + piece.length >= size ? piece.length : piece.lastIndexOf('\n') + 1;
    const next = start + (cut || piece.length);
    const complete = this.complete && next >= size;
    return { text: this.text.slice(start, next), next, size, complete, attempt: 1 };
  };

  /** Bytes that were read in all. */
  get cost(): number {
    return this.reads.reduce((sum, { limit }) => sum + limit, 0);
  }
}

async function opened(log: FakeLog): Promise<{ model: LogsModel; socket: FakeSocket }> {
  const { connection, socket } = wire();
  const read = log.read;
  const model = new LogsModel({ id: 'j1', read, connection, schedule: atOnce });
  await settled();
  socket().accept();
  socket().subscribed(TOPIC);
  return { model, socket: socket() };
}

const numbered = (count: number) =>
  Array.from({ length: count }, (_, at) => `${String(at).padStart(62)}.\n`).join('');

function all(model: LogsModel): string[] {
  return model.lines.tail(model.lines.length);
}

describe('a short log', () => {
  it('is read whole and then grows from where it was read to', async () => {
    const log = new FakeLog();
    log.text = 'one\ntwo\n';
    const { model, socket } = await opened(log);
    expect(all(model)).toEqual(['one', 'two']);
    expect(socket.asked(TOPIC)).toMatchObject({ since: 8, rank: 0 });
    const data = { rank: 0, attempt: 1, text: 'thr' };
    socket.frame({ topic: TOPIC, seq: 11, type: 'log', data });
    socket.frame({ topic: TOPIC, seq: 14, type: 'log', data: { ...data, text: 'ee\n' } });
    expect(all(model)).toEqual(['one', 'two', 'three']);
    expect(model.size).toBe(14);
  });

  it('starts over when the next attempt begins', async () => {
    const log = new FakeLog();
    log.text = 'first try\n';
    const { model, socket } = await opened(log);
    const data = { rank: 0, attempt: 2, text: 'second try\n' };
    socket.frame({ topic: TOPIC, seq: 11, type: 'log', data });
    expect(all(model)).toEqual(['second try']);
    expect([model.start, model.end]).toEqual([0, 11]);
  });

  it('is complete once the server says so', async () => {
    const { model, socket } = await opened(new FakeLog());
    expect(model.complete).toBe(false);
    socket.frame({ topic: TOPIC, seq: 0, type: 'complete', data: { rank: 0, attempt: 1 } });
    expect(model.complete).toBe(true);
  });

  it('shows another rank from its end', async () => {
    const log = new FakeLog();
    log.text = 'a\n';
    const { model, socket } = await opened(log);
    await model.show(3, 2);
    expect(log.reads[log.reads.length - 1]).toMatchObject({ rank: 3, attempt: 2 });
    expect(socket.asked(TOPIC)).toMatchObject({ rank: 3, attempt: 2 });
  });
});

describe('a long log', () => {
  it('costs the same to open however long it is', async () => {
    const costs: number[] = [];
    for (const size of [4 * WINDOW, 16 * WINDOW]) {
      const log = new FakeLog();
      log.text = LINE.repeat(size / LINE.length);
      await opened(log);
      costs.push(log.cost);
    }
    expect(costs[0]).toBe(costs[1]);
    expect(costs[0]).toBeLessThan(2 * WINDOW);
  });

  it('is read backwards without a gap, a repeat or a broken line', async () => {
    const log = new FakeLog();
    log.text = numbered((3 * WINDOW) / 64);
    const { model } = await opened(log);
    await model.loadBefore();
    await model.loadBefore();
    const shown = all(model).map(Number);
    expect(shown.every((number, at) => at === 0 || number === shown[at - 1] + 1)).toBe(true);
    expect(shown[0]).toBe(model.start / 64);
    expect(model.shifted).toBeGreaterThan(0);
  });

  it('never holds more than its window, and is live again back at the end', async () => {
    const log = new FakeLog();
    log.text = numbered((3 * WINDOW) / 64);
    const { model } = await opened(log);
    for (let turn = 0; turn < 8; turn++) {
      await model.loadBefore();
      expect(model.end - model.start).toBeLessThanOrEqual(WINDOW);
    }
    expect(model.live).toBe(false);
    await model.toEnd();
    expect(model.live).toBe(true);
    expect(all(model).map(Number).pop()).toBe((3 * WINDOW) / 64 - 1);
  });

  it('opens at any place, at a line', async () => {
    const log = new FakeLog();
    log.text = numbered((3 * WINDOW) / 64);
    const { model } = await opened(log);
    await model.toOffset(WINDOW + 17);
    const [first] = all(model).map(Number);
    expect(first * 64).toBeGreaterThan(WINDOW - 64 * 1024);
    expect(first * 64).toBeLessThanOrEqual(WINDOW + 64);
    expect(model.live).toBe(false);
  });

  it('drops its oldest lines while it grows', async () => {
    const { model, socket } = await opened(new FakeLog());
    const text = LINE.repeat(1024);
    for (let seq = text.length; seq <= 4 * WINDOW; seq += text.length) {
      socket.frame({ topic: TOPIC, seq, type: 'log', data: { rank: 0, attempt: 1, text } });
    }
    expect(model.lines.length * LINE.length).toBeLessThanOrEqual(WINDOW + text.length);
    expect(model.end).toBe(4 * WINDOW);
    expect(model.shifted).toBeLessThan(0);
  });
});

describe('lines', () => {
  it('show what a terminal would after carriage returns', () => {
    expect(collapse('10%\r50%\r100%')).toBe('100%');
    expect(collapse('done\r')).toBe('done');
  });

  it('do not grow with a bar that redraws itself', () => {
    const lines = new Lines();
    for (let step = 0; step < 10_000; step++) {
      lines.append(`\rstep ${step} ${'#'.repeat(50)}`);
    }
    expect(lines.at(0)).toContain('step 9999');
    expect(JSON.stringify(lines).length).toBeLessThan(10_000);
  });
});
