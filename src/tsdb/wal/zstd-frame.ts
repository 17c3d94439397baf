/**
 * What can be told of a zstd frame from its head, before the decoder (a library) allocates for it:
 *
 *   28 b5 2f fd   magic
 *   1 byte        bits 7-6: size of the content size (0, 2, 4, 8; 0 means 1 if bit 5), bit 5: one segment
 *                 (no window byte), bits 1-0: size of the dictionary id (0, 1, 2, 4)
 *   window byte, dictionary id, content size (little end first; of 2 bytes: less 256)
 */

const magic = [0x28, 0xb5, 0x2f, 0xfd] as const;
const contentSizeBytes = [0, 2, 4, 8] as const;
const dictionaryBytes = [0, 1, 2, 4] as const;

/** Why a frame must not be unpacked: undefined where nothing speaks against it. */
export function zstdFault(frame: Uint8Array, plainMaxBytes: number): string | undefined {
  if (magic.some((byte, i) => frame[i] !== byte)) return "invalid input: magic number mismatch";
  const descriptor = frame[4] ?? 0;
  const isSingle = (descriptor & 0x20) !== 0;
  let size: number = contentSizeBytes[descriptor >>> 6] ?? 0;
  if (size === 0 && isSingle) size = 1;
  const from = 5 + (isSingle ? 0 : 1) + (dictionaryBytes[descriptor & 3] ?? 0);
  if (frame.length < from + size) return "unexpected EOF";
  let content = size === 2 ? 256 : 0;
  for (let i = 0; i < size; i++) content += (frame[from + i] ?? 0) * 2 ** (8 * i);
  return content > plainMaxBytes ? "decompressed size exceeds configured limit" : undefined;
}
