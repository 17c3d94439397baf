/**
 * What the log compresses its records with. Snappy is our own and always there; zstd is a library in
 * WebAssembly that is loaded once, when the database opens, and then called synchronously. On records
 * of a scrape zstd needs 0.6 to 0.7 of snappy's bytes and 5 times its CPU (bench/tsdb-wal.ts).
 */

import { Zstd } from "@hpcc-js/wasm-zstd";
import type { ByteWriter } from "../byte-writer.ts";

/** The library's own default; level 1 is no faster on records of a few KiB. */
const zstdLevel = 3;

/** Names of `--storage.tsdb.wal-compression-type`. */
export type WalCompression = "snappy" | "zstd" | "none";

/** A codec that is ready. */
export type RecordCompression = "snappy" | "none" | ZstdCompressor;

/** Packs records as zstd frames; has no state of its own, so that writers may share it. */
export class ZstdCompressor {
  readonly #zstd: Zstd;

  constructor(zstd: Zstd) {
    this.#zstd = zstd;
  }

  /** Appends the packed bytes[0, length) to `into`. */
  compress(bytes: Uint8Array, length: number, into: ByteWriter): void {
    const packed = this.#zstd.compress(bytes.subarray(0, length), zstdLevel);
    into.raw(packed, 0, packed.length);
  }
}

/** Loads what the name asks for. */
export async function loadCompression(name: WalCompression): Promise<RecordCompression> {
  return name === "zstd" ? new ZstdCompressor(await Zstd.load()) : name;
}
