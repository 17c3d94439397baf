/**
 * The answer SAMPLES: one prompb.ReadResponse as one snappy block. The block's first bytes say how long it
 * is, so it must be there before any of it can go out; but it is compressed as it is made, series by
 * series, and only the packed pieces are held. Lengths that stand before what they measure become pieces
 * of their own, put in when the query is read.
 *
 *   block         uvarint length of the plain bytes, then elements; none reaches back beyond its own piece
 *   ReadResponse  1 QueryResult*      QueryResult  1 TimeSeries*
 */

import { LimitError } from "../base/errors.ts";
import { ByteWriter } from "../tsdb/byte-writer.ts";
import { SnappyEncoder } from "../tsdb/wal/snappy.ts";
import { ProtoWriter } from "./proto-writer.ts";
import type { ReadSeries } from "./read-series.ts";
import { writeLabels, writeSamples } from "./sample-messages.ts";

/** Plain bytes are compressed when there are so many. */
const pieceBytes = 256 * 1024;
/** A snappy block's length has 32 bits. */
const plainBytesMax = 2 ** 32 - 1;

/** What bounds an answer. */
export interface SampledBounds {
  /** Samples of one query; 0: no bound. */
  readonly samplesMax: number;
  /** Told of packed bytes that are held from now on; throws LimitError where they are too many. */
  hold(bytes: number): void;
}

/** One answer under construction: queries in order, each with its series, then `finish`. */
export class SampledAnswer {
  readonly #bounds: SampledBounds;
  readonly #writer = new ProtoWriter();
  readonly #snappy = new SnappyEncoder();
  readonly #packed = new ByteWriter(pieceBytes);
  readonly #pieces: Uint8Array[] = [];
  #plainBytes = 0;
  /** Of the query under way. */
  #queryPieces: Uint8Array[] = [];
  #queryBytes = 0;
  #querySamples = 0;

  constructor(bounds: SampledBounds) {
    this.#bounds = bounds;
  }

  /** Adds a series of the query under way; throws LimitError with Prometheus' words. */
  add({ labels, samples }: ReadSeries, wantsSamples = true): void {
    const start = this.#writer.open(1);
    writeLabels(this.#writer, labels);
    if (wantsSamples) {
      const { samplesMax } = this.#bounds;
      this.#querySamples += samples.count;
      if (samplesMax > 0 && this.#querySamples > samplesMax) {
        throw new LimitError(`exceeded sample limit (${samplesMax})`, {
          limit: "storage.remote.read-sample-limit",
          actual: this.#querySamples,
        });
      }
      writeSamples(this.#writer, samples);
    }
    this.#writer.close(start);
    if (this.#writer.length >= pieceBytes) this.#pack();
  }

  /** Ends a query. */
  endQuery(): void {
    this.#pack();
    const head = this.#writer;
    head.tag(1, 2);
    head.uvarint(this.#queryBytes);
    this.#plainBytes += head.length + this.#queryBytes;
    if (this.#plainBytes > plainBytesMax) throw tooLarge(this.#plainBytes);
    this.#pieces.push(literal(head.toBytes()), ...this.#queryPieces);
    head.clear();
    this.#queryPieces = [];
    this.#queryBytes = 0;
    this.#querySamples = 0;
  }

  /** The pieces of the block, in order. */
  finish(): readonly Uint8Array[] {
    this.#writer.uvarint(this.#plainBytes);
    return [this.#writer.toBytes(), ...this.#pieces];
  }

  /** Compresses what the writer holds. */
  #pack(): void {
    const { bytes, length } = this.#writer;
    if (length === 0) return;
    this.#packed.clear();
    this.#packed.uvarint(length);
    const lengthBytes = this.#packed.length;
    this.#packed.clear();
    this.#snappy.compress(bytes, length, this.#packed);
    // Elements only: the whole block has one length.
    const piece = this.#packed.bytes.slice(lengthBytes, this.#packed.length);
    this.#bounds.hold(piece.length);
    this.#queryPieces.push(piece);
    this.#queryBytes += length;
    this.#writer.clear();
  }
}

/** At most 60 bytes as they are. */
function literal(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from([(bytes.length - 1) << 2, ...bytes]);
}

function tooLarge(bytes: number): LimitError {
  return new LimitError(
    "the answer has more bytes than a snappy block can: ask for STREAMED_XOR_CHUNKS, or for less",
    { limit: "bytes of a snappy block", actual: bytes },
  );
}
