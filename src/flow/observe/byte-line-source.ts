/**
 * Lines of a stream as ranges of its bytes, for readers that decode few of them. A line that lies in one
 * chunk is not copied; one that lies in several is put together.
 */

/** Longest line that is held together; a longer one is cut where a chunk ends, and its rest is a line of its own. */
const lineBytesMax = 16 * 1024 * 1024;
const newline = 0x0a;
const carriageReturn = 0x0d;

/** Takes the line `bytes[start, end)` without its newline. The bytes stay as they are. */
export type TakeByteLine = (bytes: Uint8Array, start: number, end: number) => void;

/** Reads a stream to its end; a last line needs no newline. */
export async function readByteLines(
  stream: AsyncIterable<Uint8Array>,
  take: TakeByteLine,
): Promise<void> {
  let pieces: Uint8Array[] = [];
  let heldBytes = 0;
  const takeHeld = () => {
    const line = joinBytes(pieces, heldBytes);
    pieces = [];
    heldBytes = 0;
    takeLine(line, { start: 0, end: line.length }, take);
  };
  for await (const chunk of stream) {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(newline, start);
      if (end < 0) break;
      if (heldBytes === 0) takeLine(chunk, { start, end }, take);
      else {
        pieces.push(chunk.subarray(start, end));
        heldBytes += end - start;
        takeHeld();
      }
      start = end + 1;
    }
    if (start < chunk.length) {
      pieces.push(chunk.subarray(start));
      heldBytes += chunk.length - start;
    }
    if (heldBytes > lineBytesMax) takeHeld();
  }
  if (heldBytes > 0) takeHeld();
}

function takeLine(
  bytes: Uint8Array,
  { start, end }: { readonly start: number; readonly end: number },
  take: TakeByteLine,
): void {
  const isPadded = end > start && bytes[end - 1] === carriageReturn;
  take(bytes, start, isPadded ? end - 1 : end);
}

function joinBytes(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const joined = new Uint8Array(size);
  let offset = 0;
  for (const piece of pieces) {
    joined.set(piece, offset);
    offset += piece.length;
  }
  return joined;
}
