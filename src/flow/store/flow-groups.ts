/**
 * Counts over the store: how many flows match, by which values, in which minutes. Only the columns of
 * the filter and of the fields are read. Yields between blocks.
 */

import { nextTurn } from "../turns.ts";
import type { MinuteCount } from "./block-facts.ts";
import type { ColumnSource } from "./column-source.ts";
import { ColumnText } from "./column-text.ts";
import type { BlockRef, FlowBlocks } from "./flow-blocks.ts";
import type { GroupField } from "./group-field.ts";
import type { RowFilter, TimeSpan } from "./row-filter.ts";

/** Distinct groups held at once; beyond it, flows are counted as `otherFlows`. */
export const groupsMax = 20_000;

/** Which flows, and who may end the counting early. */
export interface CountSearch {
  readonly span: TimeSpan;
  readonly filter: RowFilter;
  readonly signal?: AbortSignal | undefined;
}

/** One group. */
export interface FlowGroup {
  /** A text a field. */
  readonly values: readonly string[];
  flows: number;
  /** ms since the epoch. */
  firstMs: number;
  lastMs: number;
  /** Flows by bucket of the span. */
  readonly buckets: Float64Array;
}

/** The answer of groupFlows. */
export interface FlowGroups {
  /** By flows, most first. */
  readonly groups: readonly FlowGroup[];
  readonly matchedFlows: number;
  /** Flows of groups beyond groupsMax. */
  readonly otherFlows: number;
  readonly blocksRead: number;
}

/** Equal parts of a span of time. */
export interface Buckets {
  readonly startMs: number;
  readonly stepMs: number;
  readonly count: number;
}

/** How many flows match. */
export async function countFlows(store: FlowBlocks, search: CountSearch): Promise<number> {
  let count = 0;
  await eachBlock(store, search, (source) => {
    count += search.filter.select(source, search.span).length;
  });
  return count;
}

/** Flows by the texts of fields. */
export async function groupFlows(
  store: FlowBlocks,
  search: CountSearch,
  fields: readonly GroupField[],
  buckets: Buckets,
): Promise<FlowGroups> {
  const groups = new Map<string, FlowGroup>();
  let matchedFlows = 0;
  let otherFlows = 0;
  const blocksRead = await eachBlock(store, search, (source) => {
    const rows = search.filter.select(source, search.span);
    matchedFlows += rows.length;
    if (rows.length > 0) otherFlows += groupBlock(source, rows, fields, { groups, buckets });
  });
  const sorted = [...groups.values()].sort((a, b) => b.flows - a.flows || b.lastMs - a.lastMs);
  return { groups: sorted, matchedFlows, otherFlows, blocksRead };
}

/** Adds a block's rows; returns how many flows found no room. */
function groupBlock(
  source: ColumnSource,
  rows: Uint32Array,
  fields: readonly GroupField[],
  into: { readonly groups: Map<string, FlowGroup>; readonly buckets: Buckets },
): number {
  const texts = fields.map((field) => new ColumnText(source, field, rows));
  const offsets = source.offsetsNs();
  const { startMs, stepMs, count: bucketCount } = into.buckets;
  // Every distinct combination once; its key is built of numbers, wide enough for a million texts a field.
  const known = new Map<string | number, FlowGroup | undefined>();
  let otherFlows = 0;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!;
    let key: string | number = 0;
    if (texts.length <= 2) for (const text of texts) key = (key as number) * 0x100000 + text.at(i);
    else key = texts.map((text) => text.at(i)).join(" ");
    let group = known.get(key);
    if (group === undefined && !known.has(key)) {
      group = findGroup(
        into.groups,
        texts.map((text) => text.texts[text.at(i)]!),
        bucketCount,
      );
      known.set(key, group);
    }
    if (group === undefined) {
      otherFlows++;
      continue;
    }
    const timeMs = source.baseMs + offsets[row]! / 1e6;
    group.flows++;
    if (timeMs < group.firstMs) group.firstMs = timeMs;
    if (timeMs > group.lastMs) group.lastMs = timeMs;
    const bucket = Math.floor((timeMs - startMs) / stepMs);
    if (bucket >= 0 && bucket < bucketCount) group.buckets[bucket] = group.buckets[bucket]! + 1;
  }
  return otherFlows;
}

function findGroup(
  groups: Map<string, FlowGroup>,
  values: readonly string[],
  bucketCount: number,
): FlowGroup | undefined {
  const key = values.join("\u0000");
  const known = groups.get(key);
  if (known !== undefined || groups.size >= groupsMax) return known;
  const made: FlowGroup = {
    values,
    flows: 0,
    firstMs: Number.POSITIVE_INFINITY,
    lastMs: Number.NEGATIVE_INFINITY,
    buckets: new Float64Array(bucketCount),
  };
  groups.set(key, made);
  return made;
}

/** Flows by bucket and verdict, without a filter: from the headers' minutes where the buckets are whole minutes. */
export async function verdictTimeline(
  store: FlowBlocks,
  buckets: Buckets,
  minutesOf: (source: ColumnSource) => readonly MinuteCount[],
): Promise<Map<string, Float64Array>> {
  const byVerdict = new Map<string, Float64Array>();
  const { startMs, stepMs, count } = buckets;
  const span = { sinceMs: startMs, untilMs: startMs + stepMs * count };
  const { blocks, release } = store.acquireBlocks(span);
  try {
    for (const block of blocks) {
      for (const [minute, counts] of block.minutes ?? minutesOf(block.open())) {
        const bucket = Math.floor((minute * 60_000 - startMs) / stepMs);
        if (bucket < 0 || bucket >= count) continue;
        for (const verdict in counts) {
          let series = byVerdict.get(verdict);
          if (series === undefined) {
            series = new Float64Array(count);
            byVerdict.set(verdict, series);
          }
          series[bucket] = series[bucket]! + counts[verdict]!;
        }
      }
    }
  } finally {
    release();
  }
  return byVerdict;
}

/** Calls `visit` for each block of the span in turn; a damaged one is left out. Returns how many were read. */
export async function eachBlock(
  store: FlowBlocks,
  { span, signal }: Pick<CountSearch, "span" | "signal">,
  visit: (source: ColumnSource, block: BlockRef) => void | Promise<void>,
): Promise<number> {
  const { blocks, release } = store.acquireBlocks(span);
  let count = 0;
  try {
    for (const block of blocks) {
      if (signal?.aborted === true) break;
      try {
        await visit(block.open(), block);
        count++;
      } catch (thrown) {
        store.noteDamage(block, thrown);
      }
      await nextTurn();
    }
  } finally {
    release();
  }
  return count;
}
