import * as fs from "node:fs";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../../base/logger.ts";
import { HeadChunkFiles, type StoredChunk } from "./head-chunk-files.ts";

let dir = "";

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "head-chunks-"));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

function filesOf(): HeadChunkFiles {
  return new HeadChunkFiles({ dir, fs, logger: silentLogger, rangeMs: 1000 });
}

function chunkOf(logId: number, firstMs: number): StoredChunk {
  const bytes = Uint8Array.from({ length: 40 }, (_, i) => (i * logId) & 0xff);
  return {
    logId,
    firstMs,
    lastMs: firstMs + 10,
    encoding: 1,
    isLate: false,
    bytes,
    from: 3,
    length: 30,
  };
}

/** "logId@firstMs" of what is loaded. */
function loaded(files: HeadChunkFiles): string[] {
  const found: string[] = [];
  files.load(({ logId, firstMs, bytes, from, length }) => {
    const wanted = chunkOf(logId, firstMs).bytes.subarray(3, 33);
    expect([...bytes.subarray(from, from + length)]).toEqual([...wanted]);
    found.push(`${logId}@${firstMs}`);
  });
  return found;
}

describe("files of head chunks", () => {
  it("give back what was added, over several starts", () => {
    const first = filesOf();
    first.add(chunkOf(1, 100));
    first.add(chunkOf(2, 100));
    first.close();
    const second = filesOf();
    expect(loaded(second)).toEqual(["1@100", "2@100"]);
    second.add(chunkOf(1, 200));
    second.close();
    expect(loaded(filesOf())).toEqual(["1@100", "2@100", "1@200"]);
    expect(readdirSync(dir)).toEqual(["000001", "000002"]);
  });

  it("begin as Prometheus' do, and end at zeros that were laid out beforehand", () => {
    const files = filesOf();
    files.add(chunkOf(1, 100));
    files.close();
    const path = join(dir, "000001");
    expect(readFileSync(path).subarray(0, 8).toString("hex")).toBe("0130bc9101000000");
    writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.alloc(1000)]));
    expect(loaded(filesOf())).toEqual(["1@100"]);
  });

  it("remove a damaged file and all later ones, and keep the sound ones", () => {
    const files = filesOf();
    for (let logId = 1; logId <= 3; logId++) {
      files.add(chunkOf(logId, 100));
      files.add(chunkOf(logId, 200));
      files.cut();
    }
    const path = join(dir, "000002");
    const bytes = readFileSync(path);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    expect(loaded(filesOf())).toEqual(["1@100", "1@200", "2@100"]);
    expect(readdirSync(dir)).toEqual(["000001"]);
  });

  it("are given up while the disk takes nothing, and written again after the next truncation", () => {
    let isFull = true;
    const full = {
      ...fs,
      writeSync: ((...args: Parameters<typeof fs.writeSync>) => {
        if (isFull) throw new Error("no space left on device");
        return fs.writeSync(...args);
      }) as typeof fs.writeSync,
    };
    const files = new HeadChunkFiles({ dir, fs: full, logger: silentLogger, rangeMs: 1000 });
    files.add(chunkOf(1, 100));
    files.add(chunkOf(1, 200));
    files.flush();
    isFull = false;
    files.add(chunkOf(1, 300));
    files.truncate(0);
    files.add(chunkOf(1, 400));
    files.close();
    expect(loaded(filesOf())).toEqual(["1@400"]);
  });

  it("go when all their samples are older than the cut", () => {
    const files = filesOf();
    files.add(chunkOf(1, 100));
    files.truncate(100);
    files.add(chunkOf(1, 200));
    files.truncate(150);
    expect(readdirSync(dir)).toEqual(["000002"]);
    files.truncate(300);
    expect(readdirSync(dir)).toEqual([]);
  });

  it("begin anew with each block's range, so that a file goes when its block is cut", () => {
    const files = filesOf();
    files.add(chunkOf(1, 100));
    files.add(chunkOf(2, 900));
    files.add(chunkOf(1, 1000));
    files.add(chunkOf(3, 200));
    files.add(chunkOf(1, 2000));
    expect(readdirSync(dir)).toEqual(["000001", "000002", "000003"]);
    files.truncate(1000);
    expect(readdirSync(dir)).toEqual(["000002", "000003"]);
    files.close();
    expect(loaded(filesOf())).toEqual(["1@1000", "3@200", "1@2000"]);
  });
});
