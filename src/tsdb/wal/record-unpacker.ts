/**
 * What the readers of the log share: whether a fragment may follow the ones before it, and the plain
 * bytes of a record that was compressed. Words of the faults are Prometheus' own.
 */

import { decompress as decompressZstd } from "fzstd";
import { CorruptionError, errorMessage } from "../../base/errors.ts";
import { ByteWriter } from "../byte-writer.ts";
import { decompressSnappy } from "./snappy.ts";
import { fragmentType, snappyFlag, zstdFlag } from "./wal-segments.ts";
import { zstdFault } from "./zstd-frame.ts";

/** A record that says it is larger when unpacked is damaged. */
const plainMaxBytes = 1024 * 1024 * 1024;

/** Why a fragment of this type (the low three bits) must not come after `fragments` others of its record. */
export function fragmentOrderFault(type: number, fragments: number): string | undefined {
  if (type === fragmentType.pageEnd || type > fragmentType.last)
    return `unexpected record type ${type}`;
  const isStart = type === fragmentType.full || type === fragmentType.first;
  if (isStart === (fragments === 0)) return undefined;
  if (type === fragmentType.full) return "unexpected full record";
  if (type === fragmentType.first) return "unexpected first record, dropping buffer";
  const name = type === fragmentType.middle ? "middle" : "last";
  return `unexpected ${name} record, dropping buffer`;
}

/** Unpacks records; the plain bytes are record[from, to), valid until the next call. */
export class RecordUnpacker {
  record: Uint8Array = new Uint8Array(0);
  from = 0;
  to = 0;
  readonly #plain = new ByteWriter();

  /** Takes bytes[from, to) with the flags of the last fragment; returns what is wrong with them. */
  unpack(typeByte: number, bytes: Uint8Array, from: number, to: number): string | undefined {
    this.record = bytes;
    this.from = from;
    this.to = to;
    // An empty record is empty whatever its flags say: so a cut header reads.
    if (from === to || (typeByte & (snappyFlag | zstdFlag)) === 0) return undefined;
    if ((typeByte & snappyFlag) === 0) return this.#unpackZstd(bytes, from, to);
    this.#plain.clear();
    try {
      decompressSnappy(bytes, from, to, this.#plain, plainMaxBytes);
    } catch (thrown) {
      if (!(thrown instanceof CorruptionError)) throw thrown;
      return "snappy: corrupt input";
    }
    this.record = this.#plain.bytes;
    this.from = 0;
    this.to = this.#plain.length;
    return undefined;
  }

  #unpackZstd(bytes: Uint8Array, from: number, to: number): string | undefined {
    const packed = bytes.subarray(from, to);
    const fault = zstdFault(packed, plainMaxBytes);
    if (fault !== undefined) return fault;
    try {
      this.record = decompressZstd(packed);
    } catch (thrown) {
      return `zstd: ${errorMessage(thrown)}`;
    }
    this.from = 0;
    this.to = this.record.length;
    return undefined;
  }
}
