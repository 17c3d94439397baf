/**
 * A long OpenMetrics file in pieces that a parser can read one after the other: each ends behind a
 * line, and all but the last get the `# EOF` line that a text must end with. Memory: one piece, however
 * long the file is.
 */

import { LimitError } from "../../base/errors.ts";

const pieceBytesDefault = 8 * 1024 * 1024;
/** A longer line is no exposition. */
const lineBytesMax = 64 * 1024 * 1024;
const newline = 0x0a;
const endMark = new TextEncoder().encode("# EOF\n");

/** Fills `into` from its byte `at` on with what comes next; returns how many bytes, 0 at the end. */
export type ReadMore = (into: Uint8Array, at: number) => number;

/** Yields the pieces; a piece is valid until the next. Throws LimitError for an endless line. */
export function* textPieces(
  read: ReadMore,
  pieceBytes: number = pieceBytesDefault,
): Generator<Uint8Array> {
  let buffer: Uint8Array = new Uint8Array(pieceBytes + endMark.length);
  let length = 0;
  for (;;) {
    const room = buffer.subarray(0, buffer.length - endMark.length);
    const got = length < room.length ? read(room, length) : 0;
    length += got;
    if (got > 0) continue;
    if (length < room.length) break;
    // Something stays behind for the next piece, so that the last one is the end of the file.
    const lineEnd = buffer.lastIndexOf(newline, length - 2) + 1;
    if (lineEnd === 0) {
      buffer = grown(buffer);
      continue;
    }
    const rest = buffer.slice(lineEnd, length);
    buffer.set(endMark, lineEnd);
    yield buffer.subarray(0, lineEnd + endMark.length);
    buffer.set(rest);
    length = rest.length;
  }
  yield buffer.subarray(0, length);
}

function grown(buffer: Uint8Array): Uint8Array {
  if (buffer.length > lineBytesMax) {
    throw new LimitError("cannot read the text: a line is too long", {
      limit: `${lineBytesMax} bytes`,
      actual: buffer.length,
    });
  }
  const larger = new Uint8Array(buffer.length * 2);
  larger.set(buffer);
  return larger;
}
