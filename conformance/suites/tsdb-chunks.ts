/**
 * tsdb/chunks: samples with the bytes that Prometheus encoded them to, compared both ways and after
 * each sample. Encodings that are not built yet fail by name.
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { highWord, lowWord, SampleBuffer } from "../../src/model/sample.ts";
import { bitSlackBytes } from "../../src/tsdb/chunks/bit-stream.ts";
import { XorChunk } from "../../src/tsdb/chunks/xor/xor-appender.ts";
import { readXorSamples } from "../../src/tsdb/chunks/xor/xor-reader.ts";
import { reportCase, type Suite } from "../suite.ts";

const files = ["xor", "xor2", "histogram", "float_histogram", "histogram_st", "float_histogram_st"];

interface FloatCase {
  readonly name: string;
  readonly encoding: string;
  readonly numSamples: number;
  readonly samples: readonly { readonly t: string; readonly bits: string }[];
  readonly bytesAfterEachSample: readonly number[];
  readonly bytesHex: string;
}

async function readCases(dataDir: string, file: string): Promise<readonly FloatCase[]> {
  const text = await readFile(join(dataDir, "tsdb", "chunks", `${file}.json`), "utf8");
  return JSON.parse(text) as readonly FloatCase[];
}

function checkXor(recorded: FloatCase): string | undefined {
  const chunk = new XorChunk();
  const sizes: number[] = [];
  for (const { t, bits } of recorded.samples) {
    if (String(BigInt(Number(t))) !== t) return `timestamp ${t} does not fit a JavaScript number`;
    const high = Number.parseInt(bits.slice(0, 8), 16);
    chunk.append(Number(t), high, Number.parseInt(bits.slice(8), 16));
    sizes.push(chunk.toBytes().length);
  }
  const hex = Buffer.from(chunk.toBytes()).toString("hex");
  if (hex !== recorded.bytesHex) return `want ${recorded.bytesHex}\nhave ${hex}`;
  if (String(sizes) !== String(recorded.bytesAfterEachSample)) return `sizes ${sizes}`;
  return checkXorRead(recorded);
}

function checkXorRead(recorded: FloatCase): string | undefined {
  const raw = Buffer.from(recorded.bytesHex, "hex");
  const bytes = new Uint8Array(raw.length + bitSlackBytes);
  bytes.set(raw);
  const into = new SampleBuffer();
  const everything = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const;
  const used = readXorSamples(bytes, 0, into, ...everything);
  if (used !== raw.length) return `read ${used} of ${raw.length} bytes`;
  if (into.count !== recorded.numSamples) return `read ${into.count} samples`;
  for (const [i, { t, bits }] of recorded.samples.entries()) {
    const words = [into.valueWords[i * 2 + highWord], into.valueWords[i * 2 + lowWord]];
    const have = words.map((word) => (word ?? 0).toString(16).padStart(8, "0")).join("");
    if (into.timestampsMs[i] !== Number(t) || have !== bits) {
      return `sample ${i}: want ${t} ${bits}, have ${into.timestampsMs[i]} ${have}`;
    }
  }
  return undefined;
}

/** The suite. */
export const tsdbChunksSuite: Suite = {
  name: "tsdb/chunks",

  async countCases(dataDir) {
    let count = 0;
    for (const file of files) count += (await readCases(dataDir, file)).length;
    return count;
  },

  async run(dataDir, reporter) {
    for (const file of files) {
      const seen = new Map<string, number>();
      for (const recorded of await readCases(dataDir, file)) {
        const base = `${file}, ${recorded.name.replaceAll(": ", " - ")}`;
        const repeat = (seen.get(base) ?? 0) + 1;
        seen.set(base, repeat);
        const name = repeat === 1 ? base : `${base} #${repeat}`;
        await reportCase(reporter, name, () =>
          file === "xor" ? checkXor(recorded) : `encoding ${file} is not built`,
        );
      }
    }
  },
};
