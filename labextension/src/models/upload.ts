/** A file as the pieces that Jupyter's contents API takes. */

/** Bytes of a piece: small enough for any proxy on the way. */
const PIECE = 1024 * 1024;

/** Sends base64; pieces count from 1, the last is -1, and a file of one piece has no number. */
export type SendPiece = (content: string, chunk: number | null) => Promise<void>;

/** Send a file piece by piece, in order. */
export async function upload(file: Blob, send: SendPiece, size = PIECE): Promise<void> {
  const count = Math.max(1, Math.ceil(file.size / size));
  for (let piece = 1; piece <= count; piece++) {
    const bytes = await file.slice((piece - 1) * size, piece * size).arrayBuffer();
    await send(base64(new Uint8Array(bytes)), numbered(piece, count));
  }
}

function numbered(piece: number, count: number): number | null {
  return count === 1 ? null : piece === count ? -1 : piece;
}

function base64(bytes: Uint8Array): string {
  const part = 0x8000;
  let text = '';
  for (let from = 0; from < bytes.length; from += part) {
    text += String.fromCharCode(...bytes.subarray(from, from + part));
  }
  return btoa(text);
}
