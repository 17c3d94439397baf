/** Following a log while it is written: what is whole is given once, what is not is waited for. */

import * as nodeFs from "node:fs";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../../base/logger.ts";
import { LiveWalReader } from "./live-wal-reader.ts";
import { loadCompression, type WalCompression } from "./record-compression.ts";
import { WalWriter } from "./wal-writer.ts";

let dir = "";

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "live-wal-"));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

async function openWriter(compression: WalCompression = "none"): Promise<WalWriter> {
  return new WalWriter({
    dir,
    firstSegment: 0,
    fs: nodeFs,
    logger: silentLogger,
    compression: await loadCompression(compression),
    segmentSizeBytes: 128 * 1024,
  });
}

function recordOf(index: number): Uint8Array {
  // Lengths that end everywhere in a page, and some beyond one.
  const bytes = new Uint8Array(1 + ((index * 7919) % (index % 10 === 0 ? 90_000 : 3000)));
  for (let i = 0; i < bytes.length; i++) bytes[i] = (index + (i >> 3)) & 0xff;
  return bytes;
}

function take(reader: LiveWalReader): string[] {
  const found: string[] = [];
  while (reader.next()) {
    found.push(Buffer.from(reader.record.subarray(reader.from, reader.to)).toString("hex"));
  }
  return found;
}

describe("LiveWalReader", () => {
  it.each(["none", "snappy", "zstd"] as const)(
    "gives every record once as it is written, over segments (%s)",
    async (compression) => {
      const reader = new LiveWalReader(nodeFs, dir, 0);
      expect(reader.next()).toBe(false);
      const writer = await openWriter(compression);
      const want: string[] = [];
      const have: string[] = [];
      for (let i = 0; i < 300; i++) {
        const record = recordOf(i);
        want.push(Buffer.from(record).toString("hex"));
        writer.log(record, record.length);
        if (i % 3 === 0) writer.flush();
        if (i % 4 === 0) have.push(...take(reader));
      }
      writer.close();
      have.push(...take(reader));
      expect(have).toEqual(want);
      expect(reader.segment).toBe(writer.segment);
      expect(reader.damage).toBeUndefined();
      reader.close();
    },
  );

  it("waits for the rest of a record that comes byte by byte", async () => {
    const writer = await openWriter();
    for (let i = 0; i < 5; i++) writer.log(recordOf(i * 10 + 1), recordOf(i * 10 + 1).length);
    writer.close();
    const path = join(dir, "00000000");
    const whole = readFileSync(path);
    writeFileSync(path, "");
    const reader = new LiveWalReader(nodeFs, dir, 0);
    let count = 0;
    for (let at = 0; at < whole.length; at++) {
      nodeFs.appendFileSync(path, whole.subarray(at, at + 1));
      count += take(reader).length;
      expect(reader.damage).toBeUndefined();
    }
    expect(count).toBe(5);
    reader.close();
  });

  it("goes on behind a torn end once the next segment is there", async () => {
    const writer = await openWriter();
    for (let i = 1; i < 4; i++) writer.log(recordOf(i), recordOf(i).length);
    writer.nextSegment();
    writer.log(recordOf(4), recordOf(4).length);
    writer.close();
    const path = join(dir, "00000000");
    const firstTwo = 2 * 7 + recordOf(1).length + recordOf(2).length;
    writeFileSync(path, readFileSync(path).subarray(0, firstTwo + 20));
    const reader = new LiveWalReader(nodeFs, dir, 0);
    expect(take(reader).length).toBe(3);
    expect(reader.segment).toBe(1);
    reader.close();
  });

  it("stops for good at a flipped bit and says where", async () => {
    const writer = await openWriter();
    for (let i = 1; i < 4; i++) writer.log(recordOf(i), recordOf(i).length);
    writer.close();
    const path = join(dir, "00000000");
    const bytes = readFileSync(path);
    const second = 7 + recordOf(1).length;
    bytes[second + 9] = (bytes[second + 9] ?? 0) ^ 4;
    writeFileSync(path, bytes);
    const reader = new LiveWalReader(nodeFs, dir, 0);
    expect(take(reader).length).toBe(1);
    expect(reader.damage?.offset).toBe(second);
    expect(reader.damage?.reason).toMatch(/unexpected checksum/);
    expect(reader.next()).toBe(false);
    reader.close();
  });
});
