/**
 * One bit of a data directory flips: in the log, the log of late samples, the head's chunks, a block's
 * index, chunks or tombstones. It must be noticed and named, every sample that is served must be right,
 * and what does not hang on the flipped bit must be served.
 */

import { join } from "node:path";
import type { AppError } from "../src/base/errors.ts";
import { type Random, seededRandom } from "../src/base/seeded-random.ts";
import { SampleBuffer } from "../src/model/sample.ts";
import type { Tsdb } from "../src/tsdb/tsdb.ts";
import { type AppTest, expectEqual } from "./app-test.ts";
import { MemoryDisk } from "./faults/memory-disk.ts";
import {
  type Content,
  contentOf,
  openOnDisk,
  recordingLogger,
  StepClock,
  StorageWorkload,
  sampleWord,
} from "./faults/storage-workload.ts";

const seed = Number(process.env["CILIASCOPE_SEED"] ?? 1);
const flipsEachHere = 25;

/** Files that are alike; `holds` tells whether a path is one of them. */
interface FileKind {
  readonly name: string;
  readonly holds: RegExp;
  /** Of all samples, at least this share is served whatever bit flips. */
  readonly keptMin: number;
  /** Whether the start is refused, which changes nothing on disk. */
  readonly stopsStart?: boolean;
}

const kinds: readonly FileKind[] = [
  // All behind the flipped bit is cut: a log has no second copy.
  { name: "WAL", holds: /\/wal\/\d+$/, keptMin: 0.3 },
  { name: "late log", holds: /\/wbl\/\d+$/, keptMin: 0.9 },
  { name: "head chunks", holds: /\/chunks_head\/\d+$/, keptMin: 1 },
  { name: "index", holds: /\/index$/, keptMin: 0.2 },
  { name: "chunks", holds: /\/chunks\/\d+$/, keptMin: 0.5 },
  { name: "tombstones", holds: /\/tombstones$/, keptMin: 0.2 },
  { name: "checkpoint", holds: /\/checkpoint\.\d+\/\d+$/, keptMin: 0, stopsStart: true },
];

/** What became of the flips of one kind. */
export interface FlipFindings {
  readonly kind: string;
  flips: number;
  /** Flips after which every sample was there: bits that nothing needs, or that have a copy. */
  harmless: number;
  named: number;
  refusedStarts: number;
  /** Smallest share of samples that was served. */
  keptMin: number;
  readonly faults: string[];
}

export const bitFlipsTest: AppTest = {
  name: "bit-flips",
  async run(context) {
    await flipBits(join(context.tempDir(), "data"), flipsEachHere);
  },
};

/** Flips bits, prints a line a kind, and fails where a wrong sample was served or a loss not named. */
export async function flipBits(dir: string, flipsEach: number): Promise<void> {
  const work = new StorageWorkload(new MemoryDisk(), dir, seed);
  await work.open();
  for (let part = 0; part < 8; part++) {
    work.append(60);
    if (part !== 7) await work.compact();
    // The head keeps its finished chunks in a file when it ends cleanly.
    if (part === 6) {
      await work.close();
      await work.open();
    }
  }
  await work.kill();
  const random = seededRandom(seed + 17);
  const sound = await openOnDisk(work.disk.copy(), dir, { clock: new StepClock(work.clock.now) });
  const truth = await contentOf(sound);
  const faults: string[] = [];
  for (const kind of kinds) {
    const found = await flipKind(work, kind, { truth, random, flipsEach });
    console.log(
      `      ${kind.name}: ${found.flips} flips, ${found.harmless} harmless, ${found.named} named, ${found.refusedStarts} starts refused, at least ${(found.keptMin * 100).toFixed(0)} % served`,
    );
    faults.push(...found.faults.map((fault) => `${kind.name}: ${fault}`));
  }
  expectEqual(faults.slice(0, 10), [], `faults (seed ${seed})`);
}

interface FlipPlan {
  readonly truth: Content;
  readonly random: Random;
  readonly flipsEach: number;
}

async function flipKind(
  work: StorageWorkload,
  kind: FileKind,
  { truth, random, flipsEach }: FlipPlan,
): Promise<FlipFindings> {
  const { disk, dir } = work;
  const files = disk.filesBelow(dir).filter((path) => kind.holds.test(path));
  const sized = files.filter((path) => disk.fs.statSync(path).size > 0);
  const found: FlipFindings = {
    kind: kind.name,
    flips: 0,
    harmless: 0,
    named: 0,
    refusedStarts: 0,
    keptMin: 1,
    faults: [],
  };
  if (sized.length === 0) found.faults.push("there is no such file");
  for (let i = 0; i < flipsEach && sized.length > 0; i++) {
    const path = sized[Math.floor(random() * sized.length)]!;
    const flipped = disk.copy();
    const bit = Math.floor(random() * disk.fs.statSync(path).size * 8);
    flipped.corrupt(path, (bytes) => {
      bytes[bit >>> 3]! ^= 1 << (bit & 7);
      return bytes;
    });
    const where = `${path.slice(dir.length + 1)} bit ${bit}`;
    await lookAfterFlip({ disk: flipped, work, kind, where, truth }, found);
    found.flips++;
  }
  return found;
}

interface Flip {
  readonly disk: MemoryDisk;
  readonly work: StorageWorkload;
  readonly kind: FileKind;
  readonly where: string;
  readonly truth: Content;
}

async function lookAfterFlip(flip: Flip, found: FlipFindings): Promise<void> {
  const { disk, work, kind, where, truth } = flip;
  const words: string[] = [];
  let db: Tsdb;
  try {
    const options = { clock: new StepClock(work.clock.now), logger: recordingLogger(words) };
    db = await openOnDisk(disk, work.dir, options);
  } catch (thrown) {
    found.refusedStarts++;
    if (kind.stopsStart !== true)
      found.faults.push(`${where}: start refused: ${messageOf(thrown)}`);
    if (!isNamed([messageOf(thrown)], where)) found.faults.push(`${where}: ${messageOf(thrown)}`);
    else found.named++;
    return;
  }
  const { served, wrong } = await serve(db, truth, words);
  await db.close();
  const total = [...truth.values()].reduce((sum, { size }) => sum + size, 0);
  found.keptMin = Math.min(found.keptMin, served / total);
  if (wrong !== undefined) found.faults.push(`${where}: ${wrong}`);
  const isHarmless = served === total;
  if (isHarmless) found.harmless++;
  if (isNamed(words, where)) found.named++;
  else if (!isHarmless) found.faults.push(`${where}: ${total - served} samples are gone silently`);
  if (served / total < kind.keptMin) {
    found.faults.push(`${where}: only ${served} of ${total} are served: ${words.at(-1)}`);
  }
}

/** Reads series by series, so that a damaged one does not hide the others. */
async function serve(
  db: Tsdb,
  truth: Content,
  words: string[],
): Promise<{ readonly served: number; readonly wrong: string | undefined }> {
  let served = 0;
  let wrong: string | undefined;
  const range = { startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY };
  const into = new SampleBuffer();
  // Where a block is set aside while a query reads it, the next query goes without it.
  for (let attempt = 0; attempt < 2; attempt++) {
    const querier = db.querier(range.startMs, range.endMs);
    try {
      const { series } = await querier.select([], range);
      served = 0;
      for (const one of series) {
        into.clear();
        try {
          one.readSamples(into, range.startMs, range.endMs);
        } catch (thrown) {
          words.push(messageOf(thrown));
          continue;
        }
        const known = truth.get(one.labels.toString());
        for (let i = 0; i < into.count; i++) {
          const timestampMs = into.timestampsMs[i]!;
          const word = sampleWord(into, i);
          if (known?.get(timestampMs) === word) served++;
          else wrong ??= `${one.labels.toString()} ${timestampMs} ${word} was never appended`;
        }
      }
      break;
    } catch (thrown) {
      words.push(messageOf(thrown));
    } finally {
      querier.close();
    }
  }
  return { served, wrong };
}

/** Whether a log line or an error names the file or its block. */
function isNamed(words: readonly string[], where: string): boolean {
  const path = where.split(" ")[0]!;
  const block = /^([0-9A-Z]{26})\//.exec(path)?.[1];
  return words.some((word) => word.includes(path) || (block !== undefined && word.includes(block)));
}

function messageOf(thrown: unknown): string {
  const error = thrown as AppError & { readonly file?: string };
  return `${error.message} ${error.file ?? ""} ${error.stack?.split("\n")[1] ?? ""}`;
}
