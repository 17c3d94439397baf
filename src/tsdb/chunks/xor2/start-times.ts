/**
 * Start timestamps as XOR2 and the newer histogram chunks carry them behind each sample (layout:
 * xor2-appender.ts). Encoder and decoder keep what the next sample is written against.
 */

import type { SampleBuffer } from "../../../model/sample.ts";
import { type BitCursor, writeSignedVarint, writeVarbitInt } from "../varbit.ts";

/** The highest index of a change that the header byte can tell. */
const changeMax = 127;

/** What of a sample decides about its start time's bytes. */
export interface StartTimeSample {
  readonly index: number;
  readonly timestampMs: number;
  readonly lastMs: number;
  /** 0 = none. */
  readonly startMs: number;
}

/** Writes start times. */
export class StartTimeEncoder {
  #startMs = 0;
  #diffMs = 0;
  #changeAt = 0;

  /** Writes what the sample needs at `bitAt` and notes it in the header byte at `headerAt`; returns the new end. */
  write(bytes: Uint8Array, bitAt: number, headerAt: number, sample: StartTimeSample): number {
    const { index, timestampMs, lastMs, startMs } = sample;
    let end = bitAt;
    if (index === 0) {
      if (startMs !== 0) {
        end = writeSignedVarint(bytes, end, timestampMs - startMs);
        bytes[headerAt] = 0x80;
      }
    } else if (this.#changeAt > 0) {
      end = writeVarbitInt(bytes, end, lastMs - startMs - this.#diffMs);
      this.#diffMs = lastMs - startMs;
    } else if (startMs !== this.#startMs || index === changeMax) {
      this.#changeAt = index;
      this.#diffMs = lastMs - startMs;
      bytes[headerAt] = bytes[headerAt]! | index;
      end = writeVarbitInt(bytes, end, this.#diffMs);
    }
    this.#startMs = startMs;
    return end;
  }
}

/** Reads start times; `startMs` is that of the sample read last. */
export class StartTimeDecoder {
  startMs = 0;
  readonly #isFirstKnown: boolean;
  readonly #changeAt: number;
  #diffMs = 0;

  constructor(header: number) {
    this.#isFirstKnown = (header & 0x80) !== 0;
    this.#changeAt = header & 0x7f;
  }

  read(cursor: BitCursor, index: number, timestampMs: number, lastMs: number): void {
    if (index === 0) {
      if (this.#isFirstKnown) this.startMs = timestampMs - cursor.signedVarint();
    } else if (this.#changeAt > 0 && index >= this.#changeAt) {
      const read = cursor.varbitInt();
      this.#diffMs = index === this.#changeAt ? read : this.#diffMs + read;
      this.startMs = lastMs - this.#diffMs;
    }
  }
}

/** Notes the start time of the sample that was appended last; 0 = none. */
export function keepStart(into: SampleBuffer, startMs: number): void {
  // Noted where none is too once one is there: the place may hold what was taken back.
  if (startMs !== 0 || into.startTimestampsMs !== undefined) into.setStart(startMs);
}
