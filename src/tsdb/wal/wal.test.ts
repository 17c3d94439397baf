/** WAL: framing, rotation, compression, and what is left when the tail is torn anywhere. */

import * as nodeFs from "node:fs";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compress, uncompress } from "snappyjs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CorruptionError } from "../../base/errors.ts";
import { silentLogger } from "../../base/logger.ts";
import { seededRandom } from "../../base/seeded-random.ts";
import { ByteWriter } from "../byte-writer.ts";
import { crc32c } from "../crc32c.ts";
import { loadCompression, type RecordCompression } from "./record-compression.ts";
import { decompressSnappy, SnappyEncoder } from "./snappy.ts";
import { WalReader } from "./wal-reader.ts";
import { repairWal } from "./wal-repair.ts";
import { listSegments } from "./wal-segments.ts";
import { WalWriter } from "./wal-writer.ts";

let dir = "";

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "wal-"));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

function openWriter(options: Partial<ConstructorParameters<typeof WalWriter>[0]> = {}): WalWriter {
  return new WalWriter({
    dir,
    firstSegment: 0,
    fs: nodeFs,
    logger: silentLogger,
    segmentSizeBytes: 65_536,
    ...options,
  });
}

function writeAll(records: readonly Uint8Array[], compression: RecordCompression = "none"): void {
  const writer = openWriter({ compression });
  for (const record of records) writer.log(record, record.length);
  writer.close();
}

function readAll(): { records: string[]; reader: WalReader } {
  const reader = new WalReader(nodeFs, listSegments(nodeFs, dir));
  const records: string[] = [];
  while (reader.next()) {
    records.push(Buffer.from(reader.record.subarray(reader.from, reader.to)).toString("hex"));
  }
  reader.close();
  return { records, reader };
}

function hexOf(records: readonly Uint8Array[]): string[] {
  return records.map((record) => Buffer.from(record).toString("hex"));
}

function randomRecord(random: () => number, length: number, alphabet = 256): Uint8Array {
  // No zero first byte: a record type is never 0.
  return Uint8Array.from({ length }, (_, i) => (i === 0 ? 2 : Math.floor(random() * alphabet)));
}

describe("crc32c", () => {
  it("has the published check value", () => {
    expect(crc32c(Buffer.from("123456789"), 0, 9)).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32), 0, 32)).toBe(0x8a9136aa);
  });
});

describe("snappy", () => {
  it("reads and is read by the library (seeds 1..300)", () => {
    const encoder = new SnappyEncoder();
    for (let seed = 1; seed <= 300; seed++) {
      const random = seededRandom(seed);
      const length = Math.floor(random() * (seed % 30 === 0 ? 200_000 : 400));
      const plain = randomRecord(random, length, random() < 0.5 ? 3 : 256);
      const out = new ByteWriter();
      encoder.compress(plain, plain.length, out);
      expect(Buffer.compare(uncompress(out.bytes.slice(0, out.length)), plain), `${seed}`).toBe(0);
      const theirs = compress(plain);
      const back = new ByteWriter();
      decompressSnappy(theirs, 0, theirs.length, back, 1e6);
      expect(Buffer.compare(back.bytes.subarray(0, back.length), plain), `${seed}`).toBe(0);
    }
  });

  it("refuses damaged blocks instead of reading or writing beyond them", () => {
    const plain = Buffer.from("abcabcabcabcabcabcabcabcabcabc-xyzxyzxyzxyz");
    const block = compress(plain);
    let refused = 0;
    for (let at = 0; at < block.length; at++) {
      for (const mask of [1, 4, 0x80, 0xff]) {
        const bad = Uint8Array.from(block);
        bad[at] = bad[at]! ^ mask;
        try {
          decompressSnappy(bad, 0, bad.length, new ByteWriter(), 1000);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(CorruptionError);
          refused++;
        }
      }
    }
    expect(refused).toBeGreaterThan(20);
  });
});

describe("WAL", () => {
  it("gives back records of every length around a page, plain and compressed", async () => {
    const random = seededRandom(5);
    const lengths = [1, 20, 32_700, 40, 32_755, 100, 0, 32_761, 32_762, 9, 60_000, 7, 120_000, 1];
    const records = lengths.map((length, i) => randomRecord(random, length, i % 2 ? 256 : 4));
    for (const name of ["none", "snappy", "zstd"] as const) {
      const compression = await loadCompression(name);
      rmSync(dir, { recursive: true, force: true });
      nodeFs.mkdirSync(dir);
      writeAll(records, compression);
      expect(readAll().records).toEqual(hexOf(records));
    }
  });

  it("starts a new segment where a record does not fit, and pads each to whole pages", () => {
    const random = seededRandom(6);
    const records = [30_000, 30_000, 30_000, 10, 100_000, 10].map((n) => randomRecord(random, n));
    writeAll(records);
    const sizes = listSegments(nodeFs, dir).map(({ path }) => statSync(path).size);
    expect(sizes).toEqual([65_536, 32_768, 131_072, 32_768]);
    expect(readAll().records).toEqual(hexOf(records));
  });

  it("hands everything to the kernel with flush, nothing before", () => {
    const writer = openWriter();
    writer.log(Uint8Array.of(2, 1, 2, 3), 4);
    expect(readAll().records).toEqual([]);
    writer.flush();
    expect(readAll().records).toEqual(["02010203"]);
    writer.close();
  });

  it("keeps every whole record when the file is cut at any byte, after repair too", () => {
    const random = seededRandom(7);
    const records = Array.from({ length: 8 }, (_, i) => randomRecord(random, 5 + i * 9));
    writeAll(records);
    const path = join(dir, "00000000");
    const whole = readFileSync(path);
    const ends: number[] = [];
    for (const record of records) ends.push((ends.at(-1) ?? 0) + 7 + record.length);
    for (let size = 0; size <= (ends.at(-1) as number) + 2; size++) {
      writeFileSync(path, whole.subarray(0, size));
      const kept = ends.filter((end) => end <= size).length;
      const first = readAll();
      // A cut after one or two bytes of a header reads as an empty record, as in Prometheus.
      expect(
        first.records.filter((record) => record !== ""),
        `cut at ${size}`,
      ).toEqual(hexOf(records.slice(0, kept)));
      if (first.reader.damage === undefined) continue;
      repairWal(nodeFs, silentLogger, listSegments(nodeFs, dir), first.reader.damage);
      const second = readAll();
      expect(second.reader.damage, `cut at ${size}`).toBeUndefined();
      expect(second.records, `cut at ${size}`).toEqual(hexOf(records.slice(0, kept)));
      expect(statSync(path).size).toBe(32_768);
    }
  });

  it("finds every flipped bit of a record", () => {
    const records = [Uint8Array.of(2, 9, 9, 9, 9), Uint8Array.of(2, 8, 8, 8, 8)];
    writeAll(records);
    const path = join(dir, "00000000");
    const whole = readFileSync(path);
    for (let bit = 8; bit < 12 * 8; bit++) {
      const bad = Uint8Array.from(whole);
      bad[bit >>> 3] = bad[bit >>> 3]! ^ (1 << (bit & 7));
      writeFileSync(path, bad);
      const { reader } = readAll();
      expect(reader.damage, `bit ${bit}`).toBeDefined();
    }
  });

  it("undoes a write that the disk refuses and goes on when it takes bytes again", () => {
    let isFull = false;
    const fs: typeof nodeFs = Object.assign(Object.create(nodeFs), {
      writeSync: (fd: number, bytes: Uint8Array, from: number, length: number, at: number) => {
        if (!isFull) return nodeFs.writeSync(fd, bytes, from, length, at);
        if (length <= 3) throw new Error("ENOSPC: no space left on device");
        return nodeFs.writeSync(fd, bytes, from, 3, at);
      },
    });
    const writer = openWriter({ fs, compression: "none" });
    const log = (byte: number): void => {
      writer.log(Uint8Array.of(2, byte), 2);
      writer.flush();
    };
    log(1);
    isFull = true;
    expect(() => log(2)).toThrow("cannot write to WAL segment 00000000: ENOSPC");
    isFull = false;
    log(3);
    writer.close();
    expect(readAll().records).toEqual(["0201", "0203"]);
  });
});
