/**
 * What the samples of one series take on disk, found by encoding them as a block does (XOR chunks of
 * 120 samples). For estimates before a series exists; nothing is written. O(1) a sample.
 */

import { highWord, lowWord } from "../model/sample.ts";
import { XorChunk } from "./chunks/xor/xor-appender.ts";

const samplesPerChunk = 120;
/** In a chunk file beside the data: length, encoding, checksum. */
const chunkFrameBytes = 2 + 1 + 4;

/** Measures one series. */
export class SampleSizer {
  readonly #value = new Float64Array(1);
  readonly #words = new Uint32Array(this.#value.buffer);
  #chunk = new XorChunk();
  #sealedBytes = 0;
  #samples = 0;

  get samples(): number {
    return this.#samples;
  }

  /** Bytes in chunk files so far. */
  get bytes(): number {
    const open = this.#chunk.sampleCount === 0 ? 0 : this.#chunk.toBytes().length + chunkFrameBytes;
    return this.#sealedBytes + open;
  }

  /** Times must rise. */
  append(timestampMs: number, sample: number): void {
    if (this.#chunk.sampleCount === samplesPerChunk) {
      this.#sealedBytes = this.bytes;
      this.#chunk = new XorChunk();
    }
    this.#value[0] = sample;
    const words = this.#words;
    this.#chunk.append(timestampMs, words[highWord] as number, words[lowWord] as number);
    this.#samples++;
  }
}
