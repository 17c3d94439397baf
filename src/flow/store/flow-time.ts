/**
 * Reads the time of flow after flow without an object each: RFC 3339 in UTC in the form that protobuf
 * writes. The part up to the minute is remembered, since the next flow shares it.
 */

import { timestampNanos } from "../model/flow.ts";

/** "2026-01-15T10:00:" */
const prefixLength = 17;

/** The fields hold what the last parse() found. */
export class FlowTimeParser {
  /** ms since the epoch, whole. */
  ms = 0;
  /** Below the millisecond, 0..999999. */
  nanos = 0;
  /** Whether formatTimestamp(ms, nanos) gives the text back. */
  isCanonical = false;
  #prefix = "";
  #prefixMs = 0;

  /** False where the text is no time. */
  parse(text: string): boolean {
    this.isCanonical = false;
    const { length } = text;
    // Fast path: "2026-01-15T10:00:00Z" with no or a fraction of up to nine digits.
    if (length >= 20 && length <= 30 && text.charCodeAt(length - 1) === 90) {
      if (this.#readPrefix(text) && this.#readSeconds(text, length)) return true;
    }
    const all = timestampNanos(text);
    if (all === undefined) return false;
    const ms = all / 1_000_000n;
    this.ms = Number(ms);
    this.nanos = Number(all - ms * 1_000_000n);
    return true;
  }

  #readPrefix(text: string): boolean {
    if (this.#prefix !== "" && text.startsWith(this.#prefix)) return true;
    const prefix = text.slice(0, prefixLength);
    const ms = Date.parse(`${prefix}00Z`);
    if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, prefixLength) !== prefix) {
      return false;
    }
    this.#prefix = prefix;
    this.#prefixMs = ms;
    return true;
  }

  #readSeconds(text: string, length: number): boolean {
    const tens = text.charCodeAt(17) - 48;
    const ones = text.charCodeAt(18) - 48;
    if (tens < 0 || tens > 5 || ones < 0 || ones > 9) return false;
    const digits = length - 21;
    let fraction = 0;
    if (length > 20) {
      if (text.charCodeAt(19) !== 46) return false;
      for (let i = 20; i < length - 1; i++) {
        const digit = text.charCodeAt(i) - 48;
        if (digit < 0 || digit > 9) return false;
        fraction = fraction * 10 + digit;
      }
      for (let i = digits; i < 9; i++) fraction *= 10;
    } else if (length !== 20) return false;
    const ms = Math.floor(fraction / 1e6);
    this.ms = this.#prefixMs + (tens * 10 + ones) * 1000 + ms;
    this.nanos = fraction - ms * 1e6;
    this.isCanonical = canonicalDigits(fraction) === (length > 20 ? digits : 0);
    return true;
  }
}

function canonicalDigits(fraction: number): number {
  if (fraction === 0) return 0;
  if (fraction % 1e6 === 0) return 3;
  return fraction % 1000 === 0 ? 6 : 9;
}
