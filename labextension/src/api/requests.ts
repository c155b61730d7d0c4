/** What requests are made of: segments of a path and parameters, encoded. Knows no route. */

export type Query = { [name: string]: string | number | readonly string[] | null | undefined };

/** What a request carries. */
export interface Options {
  query?: Query;
  body?: unknown;
  headers?: { [name: string]: string };
  /** Send it also where the page is about to go. */
  keepalive?: boolean;
}

/** One path segment: `encodeURIComponent` leaves dots, which a browser would resolve. */
export function segment(name: string): string {
  if (name === '' || name === '.' || name === '..') {
    throw new TypeError('not a name');
  }
  return encodeURIComponent(name);
}

/** Parameters as a query string; a list is repeated, what is absent is left out. */
export function encoded(query: Query): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null) {
        search.append(name, String(one));
      }
    }
  }
  const text = search.toString();
  return text ? `?${text}` : '';
}

/** The first bytes of an answer; whoever sends it is told to stop there. */
export async function firstBytes(
  response: Response,
  most: number
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = response.body?.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  while (reader && length < most) {
    const { done, value } = await reader.read();
    if (done) {
      break;
    }
    parts.push(value);
    length += value.length;
  }
  void reader?.cancel();
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all.subarray(0, most);
}
