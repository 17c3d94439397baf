/**
 * tsdb/chunks: samples with the bytes that Prometheus encoded them to, in all six encodings, compared
 * both ways and after each sample; histograms with what became of each append.
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isEqualHistogram } from "../../src/model/histogram.ts";
import { highWord, lowWord, SampleBuffer } from "../../src/model/sample.ts";
import { bitSlackBytes } from "../../src/tsdb/chunks/bit-stream.ts";
import {
  appendHistogram,
  beginHistogramChunk,
  type HistogramSample,
} from "../../src/tsdb/chunks/histogram/histogram-append.ts";
import type { HistogramChunk } from "../../src/tsdb/chunks/histogram/histogram-chunk.ts";
import { HistogramChunkReader } from "../../src/tsdb/chunks/histogram/histogram-reader.ts";
import { XorChunk } from "../../src/tsdb/chunks/xor/xor-appender.ts";
import { readXorSamples } from "../../src/tsdb/chunks/xor/xor-reader.ts";
import { Xor2Chunk } from "../../src/tsdb/chunks/xor2/xor2-appender.ts";
import { readXor2Samples } from "../../src/tsdb/chunks/xor2/xor2-reader.ts";
import { exactNumber, type RecordedHistogram, toHistogram } from "../recorded-histogram.ts";
import { reportCase, type Suite } from "../suite.ts";

const files = ["xor", "xor2", "histogram", "float_histogram", "histogram_st", "float_histogram_st"];

interface FloatCase {
  readonly name: string;
  readonly encoding: string;
  readonly numSamples: number;
  readonly samples: readonly { readonly t: string; readonly bits: string; readonly st?: string }[];
  readonly bytesAfterEachSample: readonly number[];
  readonly bytesHex: string;
}

interface HistogramCase {
  readonly name: string;
  readonly encodingByte: number;
  readonly appended: readonly {
    readonly t: string;
    readonly st: string;
    readonly h: RecordedHistogram;
    readonly result: "appended" | "recoded" | "newChunk";
    readonly cutBefore?: boolean;
  }[];
  readonly chunks: readonly {
    readonly bytesHex: string;
    readonly counterResetHeader: string;
    readonly numSamples: number;
    /** Long cases have the hints alone: the samples then read back as they were appended. */
    readonly decodedHints?: readonly string[];
    readonly decoded?: readonly {
      readonly t: string;
      readonly st: string;
      readonly h: RecordedHistogram;
    }[];
  }[];
}

const staleBits = "7ff0000000000002";
const headerNames: Readonly<Record<number, string>> = {
  0: "unknown",
  128: "counterReset",
  64: "notCounterReset",
  192: "gauge",
};

async function readCases<T>(dataDir: string, file: string): Promise<readonly T[]> {
  const text = await readFile(join(dataDir, "tsdb", "chunks", `${file}.json`), "utf8");
  return JSON.parse(text) as readonly T[];
}

function withSlack(hex: string): Uint8Array {
  const raw = Buffer.from(hex, "hex");
  const bytes = new Uint8Array(raw.length + bitSlackBytes);
  bytes.set(raw);
  return bytes;
}

function checkFloats(recorded: FloatCase, isXor2: boolean): string | undefined {
  const chunk = isXor2 ? new Xor2Chunk() : new XorChunk();
  const sizes: number[] = [];
  for (const { t, bits, st } of recorded.samples) {
    const high = Number.parseInt(bits.slice(0, 8), 16);
    const low = Number.parseInt(bits.slice(8), 16);
    if (chunk instanceof Xor2Chunk) chunk.append(exactNumber(t), high, low, exactNumber(st ?? "0"));
    else chunk.append(exactNumber(t), high, low);
    sizes.push(chunk.toBytes().length);
  }
  const hex = Buffer.from(chunk.toBytes()).toString("hex");
  if (hex !== recorded.bytesHex) return `want ${recorded.bytesHex}\nhave ${hex}`;
  if (String(sizes) !== String(recorded.bytesAfterEachSample)) return `sizes ${sizes}`;
  return checkFloatsRead(recorded, isXor2);
}

function checkFloatsRead(recorded: FloatCase, isXor2: boolean): string | undefined {
  const bytes = withSlack(recorded.bytesHex);
  const length = bytes.length - bitSlackBytes;
  const into = new SampleBuffer();
  const window = { startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY };
  const used = isXor2
    ? readXor2Samples(bytes, 0, length, into, window)
    : readXorSamples(bytes, 0, into, window);
  if (used !== length) return `read ${used} of ${length} bytes`;
  if (into.count !== recorded.numSamples) return `read ${into.count} samples`;
  for (const [i, { t, bits, st }] of recorded.samples.entries()) {
    const words = [into.valueWords[i * 2 + highWord], into.valueWords[i * 2 + lowWord]];
    const have = words.map((word) => (word ?? 0).toString(16).padStart(8, "0")).join("");
    const startMs = into.startTimestampsMs?.[i] ?? 0;
    const hasStart = !isXor2 || startMs === Number(st ?? "0");
    if (into.timestampsMs[i] !== Number(t) || have !== bits || !hasStart) {
      return `sample ${i}: want ${t} ${bits} ${st}, have ${into.timestampsMs[i]} ${have} ${startMs}`;
    }
  }
  return undefined;
}

function checkHistograms(recorded: HistogramCase): string | undefined {
  const hasStarts = recorded.encodingByte > 4;
  const finished: HistogramChunk[] = [];
  let chunk: HistogramChunk | undefined;
  let results = "";
  for (const { t, st, h, cutBefore } of recorded.appended) {
    const sample: HistogramSample = {
      timestampMs: exactNumber(t),
      startMs: exactNumber(st),
      histogram: toHistogram(h),
      isStale: h.sum.bits === staleBits,
    };
    if (chunk === undefined || cutBefore === true) {
      if (chunk !== undefined) finished.push(chunk);
      chunk = beginHistogramChunk(sample, hasStarts, chunk);
      results += " appended";
      continue;
    }
    const next = appendHistogram(chunk, sample);
    if (next.outcome === "new") finished.push(chunk);
    chunk = next.chunk;
    results += ` ${next.outcome === "new" ? "newChunk" : next.outcome}`;
  }
  if (chunk !== undefined) finished.push(chunk);
  const wantResults = recorded.appended.map(({ result }) => ` ${result}`).join("");
  if (results !== wantResults) return `want${wantResults}\nhave${results}`;
  const want = recorded.chunks.map(({ bytesHex }) => bytesHex).join("\n");
  const have = finished.map((one) => Buffer.from(one.toBytes()).toString("hex")).join("\n");
  if (have !== want) return `want ${want}\nhave ${have}`;
  return checkHistogramsRead(recorded);
}

function checkHistogramsRead(recorded: HistogramCase): string | undefined {
  let appendedAt = 0;
  for (const chunk of recorded.chunks) {
    const samples = recorded.appended.slice(appendedAt, appendedAt + chunk.numSamples);
    appendedAt += chunk.numSamples;
    const difference = checkChunkRead(recorded.encodingByte, chunk, samples);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function checkChunkRead(
  encoding: number,
  chunk: HistogramCase["chunks"][number],
  appended: HistogramCase["appended"],
): string | undefined {
  const bytes = withSlack(chunk.bytesHex);
  const length = bytes.length - bitSlackBytes;
  const reader = new HistogramChunkReader(bytes, 0, length, encoding);
  if (headerNames[reader.header] !== chunk.counterResetHeader) return `header ${reader.header}`;
  if (reader.sampleCount !== chunk.numSamples) return `${reader.sampleCount} samples`;
  for (const [i, { t, st, h }] of (chunk.decoded ?? appended).entries()) {
    if (!reader.next()) return `ends before ${t}: ${reader.fault}`;
    const want = JSON.stringify([Number(t), Number(st), h.sum.bits === staleBits]);
    const have = JSON.stringify([reader.timestampMs, reader.startMs, reader.isStale]);
    if (have !== want) return `want ${want}, have ${have}`;
    const hint = chunk.decodedHints?.[i] ?? h.counterResetHint;
    const wanted = toHistogram({ ...h, counterResetHint: hint });
    if (!isEqualHistogram(reader.histogram(), wanted)) {
      return `want ${JSON.stringify(wanted)}\nhave ${JSON.stringify(reader.histogram())}`;
    }
  }
  return reader.next() || reader.usedBytes !== length ? `used ${reader.usedBytes}` : undefined;
}

/** The suite. */
export const tsdbChunksSuite: Suite = {
  name: "tsdb/chunks",

  async countCases(dataDir) {
    let count = 0;
    for (const file of files) count += (await readCases<unknown>(dataDir, file)).length;
    return count;
  },

  async run(dataDir, reporter) {
    for (const file of files) {
      const seen = new Map<string, number>();
      for (const recorded of await readCases<FloatCase & HistogramCase>(dataDir, file)) {
        const base = `${file}, ${recorded.name.replaceAll(": ", " - ")}`;
        const repeat = (seen.get(base) ?? 0) + 1;
        seen.set(base, repeat);
        const name = repeat === 1 ? base : `${base} #${repeat}`;
        await reportCase(reporter, name, () =>
          file.startsWith("xor")
            ? checkFloats(recorded, file === "xor2")
            : checkHistograms(recorded),
        );
      }
    }
  },
};
