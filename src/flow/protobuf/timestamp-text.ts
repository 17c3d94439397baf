/**
 * google.protobuf.Timestamp between its two numbers and RFC 3339 text, as protobuf's JSON writes it:
 * UTC, 0, 3, 6 or 9 digits of a second. Flows come by the hundred in one second, so the last second's
 * text is kept.
 */

import { timestampNanos } from "../model/flow.ts";

/** Seconds of 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z: what protobuf allows. */
const secondsMin = -62_135_596_800;
const secondsMax = 253_402_300_799;

/** Writes timestamps; one a decoder. */
export class TimestampWriter {
  #seconds = Number.NaN;
  #head = "";

  /** The text, or undefined where protobuf allows no such time. */
  text(seconds: number, nanos: number): string | undefined {
    if (!(seconds >= secondsMin && seconds <= secondsMax)) return undefined;
    if (!(nanos >= 0 && nanos < 1e9)) return undefined;
    if (seconds !== this.#seconds) {
      this.#seconds = seconds;
      this.#head = new Date(seconds * 1000).toISOString().slice(0, 19);
    }
    if (nanos === 0) return `${this.#head}Z`;
    // Nine digits: the 1 in front keeps the zeros.
    const digits = String(1_000_000_000 + nanos);
    if (nanos % 1_000_000 === 0) return `${this.#head}.${digits.slice(1, 4)}Z`;
    if (nanos % 1000 === 0) return `${this.#head}.${digits.slice(1, 7)}Z`;
    return `${this.#head}.${digits.slice(1)}Z`;
  }
}

/** The two numbers of a timestamp. */
export interface TimestampParts {
  readonly seconds: bigint;
  readonly nanos: number;
}

/** The numbers of an RFC 3339 text; undefined where it is none. */
export function timestampParts(text: string): TimestampParts | undefined {
  const nanos = timestampNanos(text);
  if (nanos === undefined) return undefined;
  const below = ((nanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return { seconds: (nanos - below) / 1_000_000_000n, nanos: Number(below) };
}
