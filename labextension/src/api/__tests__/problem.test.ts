import { ServerConnection } from '@jupyterlab/services';
import { describe, expect, it } from 'vitest';
import { Api } from '../client';
import { problemOf } from '../problem';

const answer = (status: number, body: string) => new Response(body, { status });

describe('a failure', () => {
  it("is told in the server's own sentence, with the field that it names", async () => {
    const body = JSON.stringify({ detail: 'cpu is too much.', code: 'invalid', field: 'cpu' });
    expect(await problemOf(answer(400, body))).toMatchObject({
      message: 'cpu is too much.',
      code: 'invalid',
      field: 'cpu',
      status: 400
    });
  });

  it.each([403, 404, 413, 429, 502])(
    'with status %i and no words is still a sentence',
    async status => {
      const { message } = await problemOf(answer(status, '<html>proxy</html>'));
      expect(message).toMatch(/^[A-Z].*\.$/);
    }
  );
});

/** The requests that a call makes, answered with the body. */
function calls(body: unknown): { api: Api; requests: Request[] } {
  const requests: Request[] = [];
  const settings = ServerConnection.makeSettings({
    baseUrl: 'http://lab.test/a%40b/',
    token: '',
    fetch: async (input: RequestInfo) => {
      requests.push(input as Request);
      return new Response(JSON.stringify(body), { status: 200 });
    }
  });
  return { api: new Api(settings), requests };
}

describe('a request', () => {
  it('goes under the base URL with nothing that the route does not know', async () => {
    const { api, requests } = calls({ items: [], next: null });
    await api.jobs('default', { state: ['running', 'queued'], text: 'a b', limit: 5 });
    expect(requests[0].url).toBe(
      'http://lab.test/a%40b/submarine/api/projects/default/jobs?state=running&state=queued&text=a+b&limit=5'
    );
  });

  it('submits with its idempotency key', async () => {
    const { api, requests } = calls({});
    await api.submit('default', { command: ['true'] }, 'key-1');
    expect(requests[0].headers.get('Idempotency-Key')).toBe('key-1');
    expect(await requests[0].text()).toBe('{"command":["true"]}');
  });

  it.each(['..', '.', ''])('never leaves its route for an id such as %j', async id => {
    const { api, requests } = calls({});
    await expect((async () => api.stop(id))()).rejects.toThrow();
    expect(requests).toEqual([]);
  });
});
