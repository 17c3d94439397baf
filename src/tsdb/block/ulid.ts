/**
 * ULIDs, the names of blocks: 26 characters of Crockford's base 32, the first 10 the time of
 * creation in ms, the other 16 random. Sorted as text they are sorted by time.
 */

import { assert } from "../../base/assert.ts";

const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const timeDigits = 10;
const randomDigits = 16;
/** 48 bits of time. */
const timeMaxMs = 2 ** 48 - 1;

/** A source of randomness, 0 <= x < 1; passed in so that tests can repeat themselves. */
export type Random = () => number;

/** The ULID of a block that has none: what Prometheus writes as parent of out-of-order blocks. */
export const zeroUlid = "0".repeat(timeDigits + randomDigits);

/** A new ULID for `nowMs`. */
export function newUlid(nowMs: number, random: Random): string {
  assert(nowMs >= 0 && nowMs <= timeMaxMs, "a ULID's time is out of range");
  let rest = Math.floor(nowMs);
  let time = "";
  for (let i = 0; i < timeDigits; i++) {
    time = digits.charAt(rest % 32) + time;
    rest = Math.floor(rest / 32);
  }
  let tail = "";
  for (let i = 0; i < randomDigits; i++) tail += digits.charAt(Math.floor(random() * 32));
  return time + tail;
}

/** Whether a folder's name is that of a block. */
export function isUlid(name: string): boolean {
  return /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(name);
}

/** Time of creation in ms. */
export function ulidTimeMs(ulid: string): number {
  let timeMs = 0;
  for (let i = 0; i < timeDigits; i++) timeMs = timeMs * 32 + digits.indexOf(ulid.charAt(i));
  return timeMs;
}
