/**
 * Which blocks are compacted together and which go: pure functions on metas, with Prometheus'
 * outcomes (its LeveledCompactor and retention rules), so that either program may take over a
 * directory from the other at any moment.
 */

import { type BlockMeta, blockHint, noStats } from "../block/block-meta.ts";

/** A block with more deleted intervals than this share of its series is rewritten. */
const tombstoneShareMax = 0.05;
/** Prometheus' defaults: each range three times the one before, ten of them. */
const rangeFactor = 3;
const rangeCount = 10;

export interface PlanOptions {
  /** Ascending block lengths in ms; the first is the head's. */
  readonly rangesMs: readonly number[];
  /** Whether overlapping blocks are merged. */
  readonly mergesOverlaps: boolean;
}

/** The lengths of blocks by level, from `shortestMs` up, none longer than `longestMs`. */
export function blockRanges(
  shortestMs: number,
  longestMs = Number.POSITIVE_INFINITY,
  factor = rangeFactor,
  count = rangeCount,
): number[] {
  const ranges: number[] = [];
  for (let range = shortestMs; ranges.length < count && range <= longestMs; range *= factor) {
    ranges.push(range);
  }
  return ranges.length === 0 ? [shortestMs] : ranges;
}

/** The blocks to compact next, oldest first; empty where there is nothing to do. O(n log n). */
export function planCompaction(metas: readonly BlockMeta[], options: PlanOptions): BlockMeta[] {
  const isStale = (meta: BlockMeta): boolean => meta.hints.includes(blockHint.fromStaleSeries);
  const sorted = [...metas].sort((a, b) => a.minTimeMs - b.minTimeMs);
  // Blocks of series that ended are merged among themselves only, and after all others.
  const ordinary = planAlike(
    sorted.filter((meta) => !isStale(meta)),
    options,
  );
  return ordinary.length > 0 ? ordinary : planAlike(sorted.filter(isStale), options);
}

function planAlike(sorted: readonly BlockMeta[], options: PlanOptions): BlockMeta[] {
  if (sorted.length === 0) return [];
  const overlapping = options.mergesOverlaps ? findOverlapping(sorted) : [];
  if (overlapping.length > 0) return overlapping;
  // The newest is left alone: a backup can copy each block once before it changes.
  const settled = sorted.slice(0, -1);
  const level = findLevel(settled, options.rangesMs);
  return level.length > 0 ? level : findTombstoned(settled, options.rangesMs);
}

/** The first run of blocks of which each begins before an earlier one ends. */
function findOverlapping(sorted: readonly BlockMeta[]): BlockMeta[] {
  const run: BlockMeta[] = [];
  let endMs = Number.NEGATIVE_INFINITY;
  for (const [index, meta] of sorted.entries()) {
    if (index > 0 && meta.minTimeMs < endMs) {
      if (run.length === 0) run.push(sorted[index - 1] as BlockMeta);
      run.push(meta);
    } else if (run.length > 0) {
      break;
    }
    endMs = Math.max(endMs, meta.maxTimeMs);
  }
  return run;
}

/** The oldest group of the shortest range that is complete: it fills the range, or time has passed it. */
function findLevel(sorted: readonly BlockMeta[], rangesMs: readonly number[]): BlockMeta[] {
  const newestStartMs = sorted.at(-1)?.minTimeMs ?? 0;
  for (const rangeMs of rangesMs.slice(1)) {
    for (const group of groupByRange(sorted, rangeMs)) {
      if (group.length < 2 || group.some((meta) => meta.hasFailed)) continue;
      const first = group[0] as BlockMeta;
      const last = group.at(-1) as BlockMeta;
      const isFull = last.maxTimeMs - first.minTimeMs === rangeMs;
      if (isFull || last.maxTimeMs <= newestStartMs) return group;
    }
  }
  return [];
}

/** Consecutive blocks that lie in the same aligned range; blocks across a boundary are in no group. */
function groupByRange(sorted: readonly BlockMeta[], rangeMs: number): BlockMeta[][] {
  const groups: BlockMeta[][] = [];
  let group: BlockMeta[] = [];
  let groupEndMs = Number.NEGATIVE_INFINITY;
  for (const meta of sorted) {
    if (group.length > 0 && meta.maxTimeMs <= groupEndMs) {
      group.push(meta);
      continue;
    }
    group = [];
    const endMs = Math.floor(meta.minTimeMs / rangeMs) * rangeMs + rangeMs;
    if (meta.maxTimeMs > endMs) continue;
    group.push(meta);
    groups.push(group);
    groupEndMs = endMs;
  }
  return groups;
}

/** The newest large block with many deletions, or one that is deleted whole. */
function findTombstoned(sorted: readonly BlockMeta[], rangesMs: readonly number[]): BlockMeta[] {
  const largeMs = rangesMs[rangesMs.length >>> 1] ?? 0;
  for (let i = sorted.length - 1; i >= 0; i--) {
    const meta = sorted[i] as BlockMeta;
    const { tombstoneCount, seriesCount } = meta.stats;
    if (meta.maxTimeMs - meta.minTimeMs < largeMs) {
      const isAllDeleted = tombstoneCount > 0 && tombstoneCount >= seriesCount;
      return isAllDeleted ? [meta] : [];
    }
    if (tombstoneCount / (seriesCount + 1) > tombstoneShareMax) return [meta];
  }
  return [];
}

/** The meta of a block made of others; its stats are zero until it is written. */
export function mergeMetas(ulid: string, metas: readonly BlockMeta[]): BlockMeta {
  const sources = new Set(metas.flatMap((meta) => meta.sources));
  const everyHas = (hint: string): boolean => metas.every((meta) => meta.hints.includes(hint));
  const someHas = (hint: string): boolean => metas.some((meta) => meta.hints.includes(hint));
  const hints: string[] = [];
  // Late samples say nothing about how far a head was written out: that must stay known.
  if (everyHas(blockHint.fromOutOfOrder)) hints.push(blockHint.fromOutOfOrder);
  for (const hint of [blockHint.fromStaleSeries, blockHint.fromSelectedSeries]) {
    if (someHas(hint)) hints.push(hint);
  }
  return {
    ulid,
    minTimeMs: Math.min(...metas.map((meta) => meta.minTimeMs)),
    maxTimeMs: Math.max(...metas.map((meta) => meta.maxTimeMs)),
    stats: noStats,
    level: Math.max(...metas.map((meta) => meta.level)) + 1,
    sources: [...sources].sort(),
    parents: metas.map(({ ulid: parent, minTimeMs, maxTimeMs }) => ({
      ulid: parent,
      minTimeMs,
      maxTimeMs,
    })),
    hints,
    isDeletable: false,
    hasFailed: false,
  };
}
