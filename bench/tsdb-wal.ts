/**
 * `npx tsx bench/tsdb-wal.ts [series] [scrapes]`: what the log costs with each compression: bytes and
 * CPU a sample to write, CPU to read. Each scrape is one record of 1,000 samples: a third counters, a
 * third gauges, a third at rest.
 */

import * as fs from "node:fs";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "../src/base/logger.ts";
import { highWord, lowWord } from "../src/model/sample.ts";
import { ByteWriter } from "../src/tsdb/byte-writer.ts";
import { loadCompression } from "../src/tsdb/wal/record-compression.ts";
import { WalReader } from "../src/tsdb/wal/wal-reader.ts";
import { beginSamples, encodeSample } from "../src/tsdb/wal/wal-records.ts";
import { listSegments } from "../src/tsdb/wal/wal-segments.ts";
import { WalWriter } from "../src/tsdb/wal/wal-writer.ts";

const [seriesCount = 1000, scrapes = 2000] = process.argv.slice(2).map(Number);
const bits = new Float64Array(1);
const words = new Uint32Array(bits.buffer);

function recordOf(scrape: number): ByteWriter {
  const record = new ByteWriter();
  beginSamples(record, 1, 1_700_000_000_000 + scrape * 15_000);
  for (let i = 0; i < seriesCount; i++) {
    if (i % 3 === 0) bits[0] = scrape * (1 + (i % 7));
    else bits[0] = i % 3 === 1 ? Math.round(Math.sin(i + scrape / 9) * 1000) / 10 : i;
    encodeSample(record, i, 0, words[highWord] ?? 0, words[lowWord] ?? 0);
  }
  return record;
}

/** CPU seconds of this process since `from`. */
function seconds(from: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1e6;
}

const records = Array.from({ length: scrapes }, (_, scrape) => recordOf(scrape));
const samples = seriesCount * scrapes;
let snappyBytes = 0;
for (const name of ["none", "snappy", "zstd"] as const) {
  const dir = mkdtempSync(join(tmpdir(), "ciliascope-bench-wal-"));
  const compression = await loadCompression(name);
  const writer = new WalWriter({ dir, firstSegment: 0, fs, logger: silentLogger, compression });
  const beforeWrite = process.cpuUsage();
  for (const record of records) {
    writer.log(record.bytes, record.length);
    writer.flush();
  }
  const write = seconds(beforeWrite);
  writer.close();
  const { totalBytes } = writer;
  if (name === "snappy") snappyBytes = totalBytes;
  const reader = new WalReader(fs, listSegments(fs, dir));
  const beforeRead = process.cpuUsage();
  while (reader.next());
  const read = seconds(beforeRead);
  reader.close();
  const perMillion = (cpu: number): string => ((cpu / samples) * 1e6).toFixed(3);
  const ratio = snappyBytes > 0 ? `, ${(totalBytes / snappyBytes).toFixed(2)} of snappy's` : "";
  console.log(
    `${name}: ${(totalBytes / samples).toFixed(2)} bytes a sample${ratio}; CPU s a million samples: write ${perMillion(write)}, read ${perMillion(read)}`,
  );
  rmSync(dir, { recursive: true });
}
