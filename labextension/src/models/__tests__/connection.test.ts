import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Problem } from '../../api/problem';
import type { Frame } from '../../api/types';
import { settled, wire } from './fakes';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const NOTHING = () => undefined;

describe('the connection', () => {
  it('opens on the first subscription and no sooner', async () => {
    const { connection, sockets } = wire();
    expect([connection.state, sockets.length]).toEqual(['idle', 0]);
    connection.subscribe('projects/default', NOTHING);
    await settled();
    expect([connection.state, sockets.length]).toEqual(['connecting', 1]);
  });

  it('subscribes once the socket is open', async () => {
    const { connection, socket } = wire();
    connection.subscribe('jobs/j1/logs', NOTHING, { since: 7, rank: 2 });
    await settled();
    socket().accept();
    expect(socket().sent).toEqual([{ op: 'subscribe', topic: 'jobs/j1/logs', since: 7, rank: 2 }]);
    expect(connection.state).toBe('online');
  });

  it('resumes every topic after the last frame that came', async () => {
    const { connection, socket } = wire();
    connection.subscribe('projects/default', NOTHING);
    await settled();
    socket().accept();
    socket().subscribed('projects/default', 40);
    socket().frame({ topic: 'projects/default', seq: 42, type: 'job', data: {} });
    socket().drop();
    expect(connection.state).toBe('offline');
    await vi.advanceTimersByTimeAsync(500);
    socket().accept();
    expect(socket().asked('projects/default')).toMatchObject({ since: 42 });
  });

  it('keeps its own cursor when the answer to a resumption tells the head', async () => {
    const { connection, socket } = wire();
    connection.subscribe('projects/default', NOTHING, { since: 5 });
    await settled();
    socket().accept();
    socket().subscribed('projects/default', 90);
    socket().drop();
    await vi.advanceTimersByTimeAsync(500);
    socket().accept();
    expect(socket().asked('projects/default')).toMatchObject({ since: 5 });
  });

  it('knows what the server said against it until it is well again', async () => {
    let away = true;
    const { connection, socket } = wire(() =>
      away ? new Problem('The team service does not answer.', 503, 'service_away') : null
    );
    connection.subscribe('projects/default', NOTHING);
    await settled();
    expect([connection.state, connection.refusal]).toEqual(['offline', 'service_away']);
    away = false;
    await vi.advanceTimersByTimeAsync(500);
    expect(connection.refusal).toBe('service_away');
    socket().accept();
    expect([connection.state, connection.refusal]).toEqual(['online', null]);
  });

  it('backs off twice as long each time, up to half a minute', async () => {
    const refusal = new Problem('away', 503, 'unavailable');
    let tries = 0;
    const { connection } = wire(() => {
      tries++;
      return refusal;
    });
    connection.subscribe('projects/default', NOTHING);
    await settled();
    const waits = [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000];
    for (const [index, wait] of waits.entries()) {
      await vi.advanceTimersByTimeAsync(wait - 1);
      expect(tries).toBe(index + 1);
      await vi.advanceTimersByTimeAsync(1);
      expect(tries).toBe(index + 2);
    }
  });

  it('says forbidden and waits for a person where it may not watch', async () => {
    let tries = 0;
    const { connection } = wire(() => {
      tries++;
      return new Problem('no', 403, 'forbidden');
    });
    connection.subscribe('projects/default', NOTHING);
    await settled();
    await vi.advanceTimersByTimeAsync(120_000);
    expect([connection.state, tries]).toEqual(['forbidden', 1]);
    connection.retry();
    expect(tries).toBe(2);
  });

  it('drops what a replaced subscription had still under way', async () => {
    const { connection, socket } = wire();
    const seen: Frame[] = [];
    connection.subscribe('jobs/j1/logs', NOTHING, { since: 0 });
    await settled();
    socket().accept();
    socket().subscribed('jobs/j1/logs');
    connection.subscribe('jobs/j1/logs', frame => seen.push(frame), { since: 900 });
    socket().frame({ topic: 'jobs/j1/logs', seq: 10, type: 'log', data: { text: 'old' } });
    socket().subscribed('jobs/j1/logs', 900);
    socket().frame({ topic: 'jobs/j1/logs', seq: 910, type: 'log', data: { text: 'new' } });
    expect(seen.map(frame => frame.type)).toEqual(['subscribed', 'log']);
  });

  it('survives frames that are no JSON and topics that nobody reads', async () => {
    const { connection, socket } = wire();
    connection.subscribe('projects/default', NOTHING);
    await settled();
    socket().accept();
    socket().onmessage?.call(
      socket() as unknown as WebSocket,
      new MessageEvent('message', { data: '{' })
    );
    socket().frame({ topic: 'jobs/other', seq: 1, type: 'job', data: {} });
    expect(connection.state).toBe('online');
  });

  it('unsubscribes only the reader that leaves', async () => {
    const { connection, socket } = wire();
    const first = connection.subscribe('projects/default', NOTHING);
    await settled();
    socket().accept();
    const second = connection.subscribe('projects/default', NOTHING);
    first.dispose();
    expect(socket().sent.some(one => one.op === 'unsubscribe')).toBe(false);
    second.dispose();
    expect(socket().sent[socket().sent.length - 1].op).toBe('unsubscribe');
  });
});
