/**
 * MD5 (RFC 1321) over UTF-8, for `hashmod` only: Prometheus shards by it, and this room runs in a
 * browser, where no MD5 is built in. Not for anything that wants security. O(bytes).
 */

const shiftAmounts = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
/** floor(2^32 × |sin(i + 1)|), as the RFC defines its table. */
const sineTable = Uint32Array.from({ length: 64 }, (_, i) =>
  Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32),
);

/** The digest as four little-endian 32-bit words. */
export function md5Words(text: string): Uint32Array {
  const words = paddedWords(new TextEncoder().encode(text));
  const state = new Uint32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]);
  for (let offset = 0; offset < words.length; offset += 16) mixBlock(state, words, offset);
  return state;
}

/** The last eight bytes of the digest as one big-endian integer, modulo `modulus`: Prometheus' hashmod. */
export function md5Modulo(text: string, modulus: bigint): string {
  const bytes = new DataView(md5Words(text).buffer);
  // The words are little-endian in the digest, whatever this machine is.
  const digest = new DataView(new ArrayBuffer(16));
  const words = new Uint32Array(bytes.buffer);
  for (let i = 0; i < 4; i++) digest.setUint32(i * 4, words[i] ?? 0, true);
  return String(digest.getBigUint64(8, false) % modulus);
}

/** The message, a one bit, zeros, and its length in bits as 64 bits: whole blocks of 16 words. */
function paddedWords(bytes: Uint8Array): Uint32Array {
  const blockCount = Math.floor((bytes.length + 8) / 64) + 1;
  const padded = new Uint8Array(blockCount * 64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(padded.length - 8, BigInt(bytes.length) * 8n, true);
  const words = new Uint32Array(blockCount * 16);
  for (let i = 0; i < words.length; i++) words[i] = view.getUint32(i * 4, true);
  return words;
}

function mixBlock(state: Uint32Array, words: Uint32Array, offset: number): void {
  let [a = 0, b = 0, c = 0, d = 0] = state;
  for (let i = 0; i < 64; i++) {
    const round = i >> 4;
    const [mixed, wordIndex] = roundFunction(round, i, b, c, d);
    const sum = (a + mixed + (sineTable[i] ?? 0) + (words[offset + wordIndex] ?? 0)) | 0;
    const shift = shiftAmounts[round * 4 + (i & 3)] ?? 0;
    a = d;
    d = c;
    c = b;
    b = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0;
  }
  state[0] = (state[0] ?? 0) + a;
  state[1] = (state[1] ?? 0) + b;
  state[2] = (state[2] ?? 0) + c;
  state[3] = (state[3] ?? 0) + d;
}

function roundFunction(
  round: number,
  i: number,
  b: number,
  c: number,
  d: number,
): readonly [number, number] {
  if (round === 0) return [(b & c) | (~b & d), i];
  if (round === 1) return [(d & b) | (~d & c), (5 * i + 1) & 15];
  if (round === 2) return [b ^ c ^ d, (3 * i + 5) & 15];
  return [c ^ (b | ~d), (7 * i) & 15];
}
