import { describe, expect, it } from 'vitest';
import { Problem } from '../../api/problem';
import { Reading } from '../reading';
import { settled, wire } from './fakes';

const TOPIC = 'projects/vision';

async function read(answers: (string | Error)[]) {
  const { connection, socket } = wire();
  let asked = 0;
  const next = async () => {
    const answer = answers[Math.min(asked++, answers.length - 1)];
    if (answer instanceof Error) {
      throw answer;
    }
    return answer;
  };
  const reading = new Reading({ read: next, connection, topic: TOPIC, when: ['access'] });
  await settled();
  socket().accept();
  return { reading, socket: socket(), asked: () => asked };
}

describe('a reading', () => {
  it('is read again when a frame says that it is old, and only then', async () => {
    const { reading, socket, asked } = await read(['one', 'two', 'three']);
    expect(reading.value).toBe('one');
    socket.subscribed(TOPIC, 1);
    await settled();
    socket.frame({ topic: TOPIC, seq: 2, type: 'file', data: {} });
    await settled();
    expect(reading.value).toBe('two');
    socket.frame({ topic: TOPIC, seq: 3, type: 'access', data: {} });
    await settled();
    expect([reading.value, asked()]).toEqual(['three', 3]);
  });

  it('asks once more, not a hundred times, when a hundred frames come at once', async () => {
    const { socket, asked } = await read(['one']);
    socket.subscribed(TOPIC, 1);
    await settled();
    for (let seq = 0; seq < 100; seq++) {
      socket.frame({ topic: TOPIC, seq, type: 'access', data: {} });
    }
    await settled();
    expect(asked()).toBe(4);
  });

  it('forgets what one may not see any more, and keeps what a sleeping server told', async () => {
    const away = new Problem('Away.', 503, 'unavailable');
    const { reading } = await read(['one', away, new Problem('Not yours.', 404, 'not_found')]);
    await reading.refresh();
    expect([reading.value, reading.status, reading.problem]).toEqual(['one', 'ready', 'Away.']);
    await reading.refresh();
    expect([reading.value, reading.status]).toEqual([null, 'forbidden']);
  });
});
