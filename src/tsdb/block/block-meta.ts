/**
 * `meta.json` of a block: its name, time range, figures and descent (FORMAT.md). Times are ms;
 * `maxTimeMs` is exclusive, unlike every other end in storage. Unknown fields of a newer Prometheus
 * are not kept: nobody rewrites a meta.json but to change its figures, and then we know them all.
 */

import { join } from "node:path";
import { CorruptionError, errorMessage } from "../../base/errors.ts";
import type { FileSystem } from "../file-system.ts";
import { replaceFile } from "./durable-files.ts";

/** File name within a block. */
export const metaFileName = "meta.json";
const metaVersion = 1;

/** Hints that Prometheus writes: how a block came about. */
export const blockHint = {
  fromOutOfOrder: "from-out-of-order",
  fromStaleSeries: "from-stale-series",
  fromSelectedSeries: "from-selected-series",
} as const;

/** What a block holds. `tombstoneCount` counts deleted intervals; the other figures count them in. */
export interface BlockStats {
  readonly sampleCount: number;
  readonly floatSampleCount: number;
  readonly histogramSampleCount: number;
  readonly seriesCount: number;
  readonly chunkCount: number;
  readonly tombstoneCount: number;
}

/** A block that another was made of. */
export interface BlockParent {
  readonly ulid: string;
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
}

/** A block's meta.json. */
export interface BlockMeta {
  readonly ulid: string;
  readonly minTimeMs: number;
  /** Exclusive. */
  readonly maxTimeMs: number;
  readonly stats: BlockStats;
  /** 1: cut from a head; a compaction's result is one above its highest parent. */
  readonly level: number;
  /** The level-1 blocks whose samples are in here. */
  readonly sources: readonly string[];
  /** Blocks that this one replaces. */
  readonly parents: readonly BlockParent[];
  readonly hints: readonly string[];
  /** All samples are deleted: the folder may go. */
  readonly isDeletable: boolean;
  /** A compaction of it failed; it is left out of plans. */
  readonly hasFailed: boolean;
}

/** Stats of a block without anything. */
export const noStats: BlockStats = {
  sampleCount: 0,
  floatSampleCount: 0,
  histogramSampleCount: 0,
  seriesCount: 0,
  chunkCount: 0,
  tombstoneCount: 0,
};

/** Reads a block's meta.json; throws CorruptionError where it is missing or makes no sense. */
export function readMeta(fs: FileSystem, blockDir: string): BlockMeta {
  const file = join(blockDir, metaFileName);
  let json: unknown;
  try {
    json = JSON.parse(fs.readFileSync(file, "utf8"));
  } catch (thrown) {
    throw new CorruptionError(
      `cannot read block meta: ${errorMessage(thrown)}`,
      { file, offset: 0 },
      { cause: thrown },
    );
  }
  const meta = metaFromJson(json);
  if (typeof meta === "string") {
    throw new CorruptionError(`cannot read block meta: ${meta}`, { file, offset: 0 });
  }
  return meta;
}

/** Writes it durably: beside the old one, synced, renamed. */
export function writeMeta(fs: FileSystem, blockDir: string, meta: BlockMeta): void {
  const text = `${JSON.stringify(metaToJson(meta), null, "\t")}\n`;
  replaceFile(fs, join(blockDir, metaFileName), new TextEncoder().encode(text));
}

type Json = Readonly<Record<string, unknown>>;

/** The meta that parsed JSON holds, or what is wrong with it. */
export function metaFromJson(json: unknown): BlockMeta | string {
  if (!isObject(json)) return "it is no object";
  const { ulid, minTime, maxTime, version } = json;
  if (version !== metaVersion) return `version ${String(version)} is not known`;
  if (typeof ulid !== "string") return "it has no ulid";
  if (typeof minTime !== "number" || typeof maxTime !== "number") return "it has no time range";
  const stats = isObject(json["stats"]) ? json["stats"] : {};
  const compaction = isObject(json["compaction"]) ? json["compaction"] : {};
  return {
    ulid,
    minTimeMs: minTime,
    maxTimeMs: maxTime,
    stats: {
      sampleCount: count(stats["numSamples"]),
      floatSampleCount: count(stats["numFloatSamples"]),
      histogramSampleCount: count(stats["numHistogramSamples"]),
      seriesCount: count(stats["numSeries"]),
      chunkCount: count(stats["numChunks"]),
      tombstoneCount: count(stats["numTombstones"]),
    },
    level: count(compaction["level"]),
    sources: strings(compaction["sources"]),
    parents: parentsOf(compaction["parents"]),
    hints: strings(compaction["hints"]),
    isDeletable: compaction["deletable"] === true,
    hasFailed: compaction["failed"] === true,
  };
}

/** As Prometheus writes it: figures that are zero are left out. */
export function metaToJson(meta: BlockMeta): Json {
  const { stats } = meta;
  return {
    ulid: meta.ulid,
    minTime: meta.minTimeMs,
    maxTime: meta.maxTimeMs,
    stats: withoutZeros({
      numSamples: stats.sampleCount,
      numFloatSamples: stats.floatSampleCount,
      numHistogramSamples: stats.histogramSampleCount,
      numSeries: stats.seriesCount,
      numChunks: stats.chunkCount,
      numTombstones: stats.tombstoneCount,
    }),
    compaction: {
      level: meta.level,
      ...(meta.sources.length > 0 ? { sources: meta.sources } : {}),
      ...(meta.isDeletable ? { deletable: true } : {}),
      ...(meta.parents.length > 0 ? { parents: meta.parents.map(parentToJson) } : {}),
      ...(meta.hasFailed ? { failed: true } : {}),
      ...(meta.hints.length > 0 ? { hints: meta.hints } : {}),
    },
    version: metaVersion,
  };
}

function parentToJson(parent: BlockParent): Json {
  return { ulid: parent.ulid, minTime: parent.minTimeMs, maxTime: parent.maxTimeMs };
}

function withoutZeros(figures: Readonly<Record<string, number>>): Json {
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => value !== 0));
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function count(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function parentsOf(value: unknown): BlockParent[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isObject).map((parent) => ({
    ulid: String(parent["ulid"]),
    minTimeMs: count(parent["minTime"]),
    maxTimeMs: count(parent["maxTime"]),
  }));
}
