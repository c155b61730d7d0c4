/** Failures as one plain sentence for the person who reads it. Knows HTTP, nothing of the lab. */
import type { ProblemBody } from './types';

/** What went wrong: `message` is for people, `code`, `status` and `field` are for programs. */
export class Problem extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly code: string,
    readonly field: string | null = null
  ) {
    super(message);
    this.name = 'Problem';
  }
}

/** Ours, or Jupyter's own with a `message`. */
type Body = Partial<ProblemBody> & { message?: string };

/** Read the server's own words; where it has none, say what the status means. */
export async function problemOf(response: Response): Promise<Problem> {
  let body: Body = {};
  try {
    body = (await response.json()) as Body;
  } catch {
    // A proxy's HTML page or nothing at all: the status is all there is.
  }
  const sentence = body.detail || body.title || body.message || `${fallback(response.status)}`;
  return new Problem(sentence, response.status, body.code ?? 'error', body.field ?? null);
}

/** The server could not be reached at all. */
export function unreachable(): Problem {
  return new Problem('The server cannot be reached. Check your connection.', 0, 'unreachable');
}

/** Any thrown value as a sentence. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function fallback(status: number): string {
  switch (status) {
    case 401:
    case 403:
      return 'You are not allowed to do this here.';
    case 404:
      return 'There is no such thing here.';
    case 413:
      return 'This is too large for the server.';
    case 429:
      return 'Too much at once. Try again in a moment.';
    default:
      return `The server failed (status ${status}). Try again in a moment.`;
  }
}
