/**
 * Sums as tables of a frame (src/flow/store/FORMAT.md) and back. Entries are ordered by pair, so that
 * equal numbers lie together and pack well.
 */

import type { FrameTable } from "../store/block-codec.ts";
import type { IdArray } from "../store/column-source.ts";
import type { BlockTable } from "../store/flow-blocks.ts";
import type { StoredBlock } from "../store/stored-block.ts";
import type { MapEnd } from "./map-end.ts";
import type { MapFact, MapSums } from "./map-sums.ts";
import { countRows } from "./row-counter.ts";

const paths = {
  ends: "@map.ends",
  facts: "@map.facts",
  /** [width of a step in minutes, the first minute, the first step]. */
  base: "@map.base",
  clients: "@map.client",
  servers: "@map.server",
  firstMinutes: "@map.first",
  lastMinutes: "@map.last",
  factPairs: "@map.factPair",
  factIds: "@map.fact",
  factFlows: "@map.factFlows",
  stepPairs: "@map.stepPair",
  steps: "@map.step",
  stepFlows: "@map.stepFlows",
  stepDrops: "@map.stepDrops",
} as const;

/** What a store keeps with each block: the sums of its rows. */
export const mapTable: BlockTable = function* (source) {
  const sums = yield* countRows(source);
  yield;
  return writeSums(sums);
};

/** The tables of sums. */
export function writeSums(sums: MapSums): FrameTable[] {
  const pairCount = sums.clients.length;
  const byFact = orderByPair(sums.factPairs, pairCount);
  const byStep = orderByPair(sums.stepPairs, pairCount);
  const firstMinute = smallest(sums.firstMinutes, pairCount);
  const firstStep = smallest(sums.steps, sums.steps.length);
  const places = Uint32Array.from({ length: pairCount }, (_, pair) => pair);
  return [
    { path: paths.ends, texts: sums.ends.map((end) => JSON.stringify(end)) },
    { path: paths.facts, texts: sums.facts.map((fact) => JSON.stringify(fact)) },
    { path: paths.base, numbers: Float64Array.of(sums.stepMinutes, firstMinute, firstStep) },
    numbers(paths.clients, sums.clients, places),
    numbers(paths.servers, sums.servers, places),
    numbers(paths.firstMinutes, sums.firstMinutes, places, firstMinute),
    numbers(paths.lastMinutes, sums.lastMinutes, places, firstMinute),
    numbers(paths.factPairs, sums.factPairs, byFact),
    numbers(paths.factIds, sums.factIds, byFact),
    numbers(paths.factFlows, sums.factFlows, byFact),
    numbers(paths.stepPairs, sums.stepPairs, byStep),
    numbers(paths.steps, sums.steps, byStep, firstStep),
    numbers(paths.stepFlows, sums.stepFlows, byStep),
    numbers(paths.stepDrops, sums.stepDrops, byStep),
  ];
}

/** The sums that a frame keeps; undefined where an older version wrote it. Throws CorruptionError. */
export function readSums(block: StoredBlock): MapSums | undefined {
  if (!block.hasDictionary(paths.ends)) return undefined;
  const [stepMinutes = 1, firstMinute = 0, firstStep = 0] = block.numbers(paths.base);
  return {
    ends: block.values(paths.ends) as MapEnd[],
    facts: block.values(paths.facts) as MapFact[],
    clients: block.numbers(paths.clients),
    servers: block.numbers(paths.servers),
    firstMinutes: more(block.numbers(paths.firstMinutes), firstMinute),
    lastMinutes: more(block.numbers(paths.lastMinutes), firstMinute),
    factPairs: block.numbers(paths.factPairs),
    factIds: block.numbers(paths.factIds),
    factFlows: block.numbers(paths.factFlows),
    stepMinutes,
    stepPairs: block.numbers(paths.stepPairs),
    steps: more(block.numbers(paths.steps), firstStep),
    stepFlows: block.numbers(paths.stepFlows),
    stepDrops: block.numbers(paths.stepDrops),
  };
}

/** Values in an order, as distances to a number. */
function numbers(
  path: string,
  values: ArrayLike<number>,
  order: Uint32Array,
  less = 0,
): FrameTable {
  const ordered = new Float64Array(order.length);
  for (let i = 0; i < order.length; i++) ordered[i] = values[order[i]!]! - less;
  return { path, numbers: ordered };
}

/** Places of entries, those of a pair one after the other in their order. O(entries). */
function orderByPair(pairs: ArrayLike<number>, pairCount: number): Uint32Array {
  const next = new Uint32Array(pairCount + 1);
  for (let i = 0; i < pairs.length; i++) next[pairs[i]! + 1] = next[pairs[i]! + 1]! + 1;
  for (let pair = 0; pair < pairCount; pair++) next[pair + 1] = next[pair + 1]! + next[pair]!;
  const order = new Uint32Array(pairs.length);
  for (let i = 0; i < pairs.length; i++) {
    const pair = pairs[i]!;
    order[next[pair]!] = i;
    next[pair] = next[pair]! + 1;
  }
  return order;
}

function smallest(values: ArrayLike<number>, count: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < count; i++) if (values[i]! < least) least = values[i]!;
  return count === 0 ? 0 : least;
}

function more(values: IdArray, by: number): Float64Array {
  const sums = new Float64Array(values.length);
  for (let i = 0; i < sums.length; i++) sums[i] = values[i]! + by;
  return sums;
}
