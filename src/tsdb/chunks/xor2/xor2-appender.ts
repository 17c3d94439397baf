/**
 * Encoder of Prometheus' XOR2 chunks (encoding byte 4): like XOR, with time and value under one
 * prefix and an optional start timestamp a sample.
 *
 *   2 bytes  number of samples      1 byte  80 = sample 0 has a start time | index of its first change
 *   sample 0 time (signed varint), value (64 bits) [, time − start (signed varint)]
 *   sample 1 delta (unsigned varint), value as below [, start]
 *   sample n 0                    same delta, same value        10   same delta, xor
 *            110 + 13 | 1110 + 20 | 11110 + 64 bits  delta of deltas, then the value
 *            11111                same delta, stale marker
 *   value    0 same | 10 xor in the last window | 110 xor in a new one | 111 stale marker
 *   start    varbit of (time before − start): the first as it is, later ones against the last
 *
 * Stale markers have no bits of their own: the next xor is against the last value that was none (0
 * before there is one). An index beyond 127 cannot be told, so sample 127 counts as a change.
 */

import { staleBitsHigh, staleBitsLow } from "../../../model/sample.ts";
import { bitSlackBytes, highWordOf, lowWordOf, writeBits, writeUvarint } from "../bit-stream.ts";
import { writeSignedVarint } from "../varbit.ts";
import { writeXorWindow } from "../xor/xor-appender.ts";
import { StartTimeEncoder } from "./start-times.ts";

/** Byte that names the encoding in chunk files. */
export const xor2Encoding = 4;
/** The largest sample: prefix and time 69 bits, value 78, start 72. */
const sampleMaxBytes = 32;

/** One XOR2 chunk under construction. */
export class Xor2Chunk {
  readonly encoding = xor2Encoding;
  firstMs = 0;
  #bytes = new Uint8Array(128);
  /** Value bits of the last sample that was no stale marker, and the window. */
  readonly #words = new Uint32Array([0, 0, 0xff]);
  readonly #starts = new StartTimeEncoder();
  #bitAt = 24;
  #count = 0;
  lastMs = 0;
  #deltaMs = 0;

  get sampleCount(): number {
    return this.#count;
  }

  get sizeBytes(): number {
    return (this.#bitAt + 7) >>> 3;
  }

  /** The encoded bytes in place, with slack for bit readers, valid until the next append; `sizeBytes` of them. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Appends a sample given by its value's bits; `startMs` 0 means it has no start time. */
  append(timestampMs: number, high: number, low: number, startMs = 0): void {
    const needed = (this.#bitAt >>> 3) + 1 + sampleMaxBytes + bitSlackBytes;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(needed * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    const bytes = this.#bytes;
    const deltaMs = timestampMs - this.lastMs;
    const isStale = high === staleBitsHigh && low === staleBitsLow;
    if (this.#count === 0) {
      this.firstMs = timestampMs;
      this.#bitAt = writeSignedVarint(bytes, this.#bitAt, timestampMs);
      this.#bitAt = writeBits(bytes, writeBits(bytes, this.#bitAt, high, 32), low, 32);
    } else if (this.#count === 1) {
      this.#bitAt = writeUvarint(bytes, this.#bitAt, highWordOf(deltaMs), lowWordOf(deltaMs));
      this.#value(high, low, isStale);
    } else this.#joint(deltaMs - this.#deltaMs, high, low, isStale);
    this.#bitAt = this.#starts.write(bytes, this.#bitAt, 2, {
      index: this.#count,
      timestampMs,
      lastMs: this.lastMs,
      startMs,
    });
    if (this.#count > 0) this.#deltaMs = deltaMs;
    this.lastMs = timestampMs;
    if (!isStale) {
      this.#words[0] = high;
      this.#words[1] = low;
    }
    this.#count++;
    bytes[0] = this.#count >>> 8;
    bytes[1] = this.#count;
  }

  /** A copy of the encoded bytes. */
  toBytes(): Uint8Array {
    return this.#bytes.slice(0, this.sizeBytes);
  }

  #joint(dod: number, high: number, low: number, isStale: boolean): void {
    const bytes = this.#bytes;
    if (dod === 0) {
      if (isStale) this.#bitAt = writeBits(bytes, this.#bitAt, 0x1f, 5);
      // `10`, then the window's bit.
      else this.#xor(high, low, 2, 1);
      return;
    }
    if (dod >= -4096 && dod <= 4095) {
      this.#bitAt = writeBits(bytes, this.#bitAt, 0xc000 | (dod & 0x1fff), 16);
    } else if (dod >= -524288 && dod <= 524287) {
      this.#bitAt = writeBits(bytes, this.#bitAt, 0xe00000 | (dod & 0xfffff), 24);
    } else {
      const end = writeBits(bytes, writeBits(bytes, this.#bitAt, 0x1e, 5), highWordOf(dod), 32);
      this.#bitAt = writeBits(bytes, end, lowWordOf(dod), 32);
    }
    this.#value(high, low, isStale);
  }

  #value(high: number, low: number, isStale: boolean): void {
    if (isStale) this.#bitAt = writeBits(this.#bytes, this.#bitAt, 7, 3);
    // `10` for the last window, `110` for a new one.
    else this.#xor(high, low, 1, 2);
  }

  /** `0` for the same value, or a one (`prefixBits` 2: `10`) and the xor. */
  #xor(high: number, low: number, prefixBits: 1 | 2, newPrefixBits: 1 | 2): void {
    const words = this.#words;
    const xorHigh = (high ^ words[0]!) >>> 0;
    const xorLow = (low ^ words[1]!) >>> 0;
    const bytes = this.#bytes;
    if (xorHigh === 0 && xorLow === 0) {
      this.#bitAt = writeBits(bytes, this.#bitAt, 0, 1);
      return;
    }
    const end = writeBits(bytes, this.#bitAt, prefixBits, prefixBits);
    this.#bitAt = writeXorWindow(words, 2, bytes, end, xorHigh, xorLow, newPrefixBits);
  }
}
