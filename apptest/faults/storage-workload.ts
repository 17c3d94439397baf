/**
 * Seeded work on a database over a MemoryDisk: series that come and go, late samples, histograms, stale
 * markers, compaction with samples arriving meanwhile, clean restarts and kills. Beside it the ledger:
 * what was appended, when its commit returned, and from which step of the disk on it must last.
 */

import { mkdirSync } from "node:fs";
import type { Clock } from "../../src/base/clock.ts";
import type { LogFields, Logger } from "../../src/base/logger.ts";
import { type Random, seededRandom } from "../../src/base/seeded-random.ts";
import { labelsFromObject } from "../../src/model/labels.ts";
import { SampleBuffer } from "../../src/model/sample.ts";
import type { Appender } from "../../src/storage/storage.ts";
import type { ProcessFacts } from "../../src/tsdb/data-lock.ts";
import { openTsdb, type Tsdb } from "../../src/tsdb/tsdb.ts";
import type { TsdbOptions } from "../../src/tsdb/tsdb-options.ts";
import { sampleHistogram } from "../sample-histogram.ts";
import type { DiskStep, NodeId } from "./disk-journal.ts";
import type { MemoryDisk } from "./memory-disk.ts";

/** What stands in a database: series → time → value as a word. */
export type Content = ReadonlyMap<string, ReadonlyMap<number, string>>;

/** One appended sample. */
export interface LedgerEntry {
  readonly series: string;
  readonly timestampMs: number;
  readonly value: string;
  /** Steps of the disk before and after the commit. */
  readonly begunAt: number;
  readonly committedAt: number;
  /** From this step on power loss must not take it; Infinity: never promised. */
  lastsFrom: number;
}

interface Commit {
  readonly entries: readonly LedgerEntry[];
  readonly committedAt: number;
  readonly segments: readonly NodeId[];
}

const stepMs = 60_000;
const steadySeries = 24;
/** A series of its own every few rounds, for a while: they come, end and are forgotten. */
const briefEvery = 7;
const briefRounds = 40;
/** One page: the smallest segment there is, so that many are finished. */
export const smallSegmentBytes = 32 * 1024;
const startMs = Date.UTC(2026, 0, 1, 1, 30);

/** Time that moves when told; looking at the monotonic clock moves it a little, so that slices end. */
export class StepClock implements Clock {
  now: number;
  #monotonicMs = 0;

  constructor(now: number) {
    this.now = now;
  }

  nowMs(): number {
    return this.now;
  }

  monotonicMs(): number {
    this.#monotonicMs += 0.5;
    return this.#monotonicMs;
  }

  after(): () => void {
    return () => {};
  }
}

/** Nobody else is there. */
const aloneFacts: ProcessFacts = {
  pid: 1,
  isAlive: () => false,
  startTime: () => undefined,
  bootId: () => undefined,
  kernelLocks: () => "",
  hasOpen: () => false,
  openerBelow: () => 0,
};

/** Keeps what was logged as "level sentence {fields}". */
export function recordingLogger(lines: string[]): Logger {
  const note = (level: string) => (fields: LogFields, message: string) => {
    lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  };
  const logger: Logger = {
    debug() {},
    info: note("info"),
    warn: note("warn"),
    error: note("error"),
    child: () => logger,
  };
  return logger;
}

/** Opens a database on a disk in memory; `lockDir` is a real folder for the lock. */
export function openOnDisk(
  disk: MemoryDisk,
  lockDir: string,
  options: Partial<TsdbOptions> = {},
): Promise<Tsdb> {
  mkdirSync(lockDir, { recursive: true });
  let ulidSeed = disk.steps.length;
  return openTsdb({
    dir: lockDir,
    clock: new StepClock(startMs),
    logger: recordingLogger([]),
    fs: disk.fs,
    random: () => seededRandom(ulidSeed++)(),
    processFacts: aloneFacts,
    outOfOrderWindowMs: 3_600_000,
    walSegmentSizeBytes: smallSegmentBytes,
    memoryBudgetBytes: 0,
    ...options,
  });
}

/** Every sample of a database; throws where a time comes twice. */
export async function contentOf(db: Tsdb): Promise<Content> {
  const range = { startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY };
  const querier = db.querier(range.startMs, range.endMs);
  const { series } = await querier.select([], range);
  const content = new Map<string, Map<number, string>>();
  const into = new SampleBuffer();
  for (const one of series) {
    into.clear();
    one.readSamples(into, range.startMs, range.endMs);
    const name = one.labels.toString();
    if (content.has(name)) throw new Error(`series twice: ${name}`);
    const samples = new Map<number, string>();
    for (let i = 0; i < into.count; i++) {
      const timestampMs = into.timestampsMs[i]!;
      if (samples.has(timestampMs)) throw new Error(`sample twice: ${name} ${timestampMs}`);
      samples.set(timestampMs, sampleWord(into, i));
    }
    if (samples.size > 0) content.set(name, samples);
  }
  querier.close();
  return content;
}

/** A sample's value as the ledger has it. */
export function sampleWord(samples: SampleBuffer, at: number): string {
  if (samples.isStale(at)) return "stale";
  const histogram = samples.histograms?.[at];
  return histogram === undefined
    ? String(samples.values[at])
    : `histogram ${histogram.count} ${histogram.sum}`;
}

/** The worker and its ledger. */
export class StorageWorkload {
  readonly disk: MemoryDisk;
  readonly dir: string;
  readonly ledger: LedgerEntry[] = [];
  readonly clock = new StepClock(startMs);
  /** Spans of steps in which blocks were cut, merged and removed and the log shortened. */
  readonly compactions: { readonly from: number; readonly to: number }[] = [];
  readonly #random: Random;
  readonly #commits: Commit[] = [];
  #db: Tsdb | undefined;
  #round = 0;

  constructor(disk: MemoryDisk, dir: string, seed: number) {
    this.disk = disk;
    this.dir = dir;
    this.#random = seededRandom(seed);
  }

  get db(): Tsdb {
    if (this.#db === undefined) throw new Error("the database is not open");
    return this.#db;
  }

  async open(options: Partial<TsdbOptions> = {}): Promise<Tsdb> {
    this.#db = await openOnDisk(this.disk, this.dir, { clock: this.clock, ...options });
    return this.#db;
  }

  /** Appends for `rounds` minutes. */
  append(rounds: number): void {
    for (let i = 0; i < rounds; i++) this.#appendRound();
  }

  /** Compacts while samples go on arriving. */
  async compact(): Promise<void> {
    const from = this.disk.steps.length;
    let isDone = false;
    const work = this.db.compact().finally(() => {
      isDone = true;
    });
    for (let i = 0; i < 3 && !isDone; i++) {
      await pause();
      this.#appendRound();
    }
    await work;
    await pause();
    this.compactions.push({ from, to: this.disk.steps.length });
  }

  /** A clean end. */
  async close(): Promise<void> {
    await this.db.close();
    await pause();
    this.#db = undefined;
  }

  /** The end without a word: the disk stays as it is. */
  async kill(): Promise<void> {
    await pause();
    this.#db = undefined;
  }

  /** Finds for each entry the step from which the fsyncs that storage asked for protect it. */
  finishLedger(): void {
    const fsyncs = new Map<NodeId, { readonly at: number; readonly position: number }[]>();
    for (const [at, step] of this.disk.steps.entries()) {
      if (step.kind !== "fsync") continue;
      const known = fsyncs.get(step.node) ?? [];
      known.push({ at, position: step.position });
      fsyncs.set(step.node, known);
    }
    let lastsFrom = 0;
    for (const { entries, committedAt, segments } of this.#commits) {
      for (const node of segments) {
        const covering = fsyncs.get(node)?.find(({ position }) => position >= committedAt);
        // A log is whole up to somewhere: what stands before must last too.
        lastsFrom = Math.max(lastsFrom, covering?.at ?? Number.POSITIVE_INFINITY);
      }
      for (const entry of entries) entry.lastsFrom = lastsFrom;
    }
  }

  #appendRound(): void {
    this.clock.now += stepMs;
    const round = this.#round++;
    const random = this.#random;
    const appender = this.db.appender();
    const begunAt = this.disk.steps.length;
    const noted: Omit<LedgerEntry, "committedAt">[] = [];
    const note = (series: string, timestampMs: number, value: string) =>
      noted.push({ series, timestampMs, value, begunAt, lastsFrom: Number.POSITIVE_INFINITY });
    for (let i = 0; i < steadySeries; i++) {
      appendFloat(appender, { name: "steady", i }, this.clock.now, random() * 1000, note);
    }
    for (let i = Math.max(0, round - briefRounds); i <= round; i++) {
      if (i % briefEvery !== 0) continue;
      if (i === round - briefRounds)
        appendStale(appender, { name: "brief", i }, this.clock.now, note);
      else appendFloat(appender, { name: "brief", i }, this.clock.now, round, note);
    }
    appendHistogram(appender, { name: "shape", i: 0 }, this.clock.now, round, note);
    let isLate = false;
    if (round > 10 && random() < 0.2) {
      isLate = true;
      const back = 1 + Math.floor(random() * 8);
      const atMs = this.clock.now - back * stepMs - 1 - Math.floor(random() * 1000);
      appendFloat(appender, { name: "steady", i: round % steadySeries }, atMs, -round, note);
    }
    appender.commit();
    const committedAt = this.disk.steps.length;
    const entries = noted.map((entry) => ({ ...entry, committedAt }));
    this.ledger.push(...entries);
    const segments = [this.#newest("wal"), ...(isLate ? [this.#newest("wbl")] : [])];
    this.#commits.push({ entries, committedAt, segments });
  }

  #newest(folder: string): NodeId {
    const dir = `${this.dir}/${folder}`;
    const names = this.disk.fs.readdirSync(dir).filter((name) => /^\d+$/.test(name));
    return this.disk.nodeOf(`${dir}/${names.at(-1)}`)!;
  }
}

type Note = (series: string, timestampMs: number, value: string) => void;

interface SeriesName {
  readonly name: string;
  readonly i: number;
}

function labelsOf({ name, i }: SeriesName) {
  return labelsFromObject({ __name__: name, i: String(i), place: `größe ${i % 5}` });
}

function appendFloat(
  appender: Appender,
  name: SeriesName,
  timestampMs: number,
  value: number,
  note: Note,
): void {
  const labels = labelsOf(name);
  const ref = appender.append(0, labels, timestampMs, value);
  if (ref < 0) throw new Error(`append was refused: ${ref}`);
  note(labels.toString(), timestampMs, String(value));
}

function appendStale(appender: Appender, name: SeriesName, timestampMs: number, note: Note): void {
  const labels = labelsOf(name);
  if (appender.appendStale(0, labels, timestampMs) < 0) throw new Error("append was refused");
  note(labels.toString(), timestampMs, "stale");
}

function appendHistogram(
  appender: Appender,
  name: SeriesName,
  timestampMs: number,
  round: number,
  note: Note,
): void {
  const labels = labelsOf(name);
  const histogram = sampleHistogram(round);
  if (appender.appendHistogram(0, labels, timestampMs, histogram) < 0) {
    throw new Error("append was refused");
  }
  note(labels.toString(), timestampMs, `histogram ${histogram.count} ${histogram.sum}`);
}

/** Lets everything that waits for the event loop run. */
export async function pause(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resume) => setImmediate(resume));
}

/** Steps by kind, for a summary. */
export function countSteps(steps: readonly DiskStep[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { kind } of steps) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
