import { describe, expect, it } from 'vitest';
import type { Frame } from '../../api/types';
import { settled, wire } from './fakes';

const TOPIC = 'projects/vision';
const news: Frame = { topic: TOPIC, seq: 3, type: 'file', data: { path: 'a.ipynb' } };

async function online() {
  const { connection, socket } = wire();
  const heard: string[] = [];
  const listening = connection.listen(TOPIC, frame => heard.push(`listener ${frame.type}`));
  await settled();
  socket().accept();
  socket().subscribed(TOPIC, 2);
  return { connection, socket, heard, listening };
}

describe('listening beside the reader of a topic', () => {
  it('reads the topic where nobody else does', async () => {
    const { socket, heard } = await online();
    socket().frame(news);
    expect(heard).toEqual(['listener subscribed', 'listener file']);
  });

  it('goes on when a reader comes and leaves', async () => {
    const { connection, socket, heard } = await online();
    const reading = connection.subscribe(TOPIC, frame => heard.push(`reader ${frame.type}`));
    socket().subscribed(TOPIC, 2);
    socket().frame(news);
    reading.dispose();
    socket().frame({ ...news, seq: 4 });
    expect(heard.slice(1)).toEqual([
      'reader subscribed',
      'listener subscribed',
      'reader file',
      'listener file',
      'listener file'
    ]);
  });

  it('leaves the topic with the last who listens', async () => {
    const { socket, listening } = await online();
    listening.dispose();
    expect(socket().sent.map(one => one.op)).toEqual(['subscribe', 'unsubscribe']);
  });

  it('leaves the topic to its reader', async () => {
    const { connection, socket, listening } = await online();
    connection.subscribe(TOPIC, () => undefined);
    listening.dispose();
    expect(socket().sent.map(one => one.op)).toEqual(['subscribe', 'subscribe']);
  });
});
