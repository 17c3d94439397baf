/**
 * The time and the UUID of flows. A text put together of parts keeps the parts alive: 260 bytes a UUID
 * where 50 would do, in rings of 200,000 flows. These are written into bytes first and come out whole.
 */

import type { Random } from "../../base/seeded-random.ts";

const hexDigits = Buffer.from("0123456789abcdef", "latin1");
const dash = 45;
const uuidLength = 36;
/** "2026-01-15T10:00:00.157" and nine digits of a second in all, with Z. */
const millisecondLength = 23;
const timeLength = 30;

/** Makes stamps. O(length), one text each. */
export class FlowStamps {
  readonly #random: Random;
  readonly #uuid = Buffer.alloc(uuidLength, dash);
  readonly #time = Buffer.alloc(timeLength, "Z", "latin1");
  /** The millisecond that #time begins with. */
  #timeMs = Number.NaN;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A version 4 UUID. */
  uuid(): string {
    const bytes = this.#uuid;
    let bits = 0;
    for (let i = 0, at = 0; i < 32; i++, at++) {
      if (at === 8 || at === 13 || at === 18 || at === 23) at++;
      if ((i & 7) === 0) bits = this.#random() * 0x1_0000_0000;
      let digit = bits & 15;
      bits >>>= 4;
      if (i === 12) digit = 4;
      else if (i === 16) digit = 8 | (digit & 3);
      bytes[at] = hexDigits[digit] as number;
    }
    return bytes.toString("latin1");
  }

  /** RFC 3339 in UTC, with nanoseconds by chance: the clock knows milliseconds. */
  time(timeMs: number): string {
    const bytes = this.#time;
    if (timeMs !== this.#timeMs) {
      this.#timeMs = timeMs;
      bytes.write(new Date(timeMs).toISOString(), 0, millisecondLength, "latin1");
    }
    let below = Math.floor(this.#random() * 1_000_000);
    // Zeros at the end would not be written.
    if (below % 1000 === 0) below++;
    for (let at = timeLength - 2; at >= millisecondLength; at--) {
      bytes[at] = hexDigits[below % 10] as number;
      below = Math.floor(below / 10);
    }
    return bytes.toString("latin1");
  }
}
