/**
 * Series of the head that ended: their newest sample is a stale marker, some minutes old. Where pods
 * come and go they would fill memory until the head is next cut; so they are written to blocks of their own
 * and leave the head earlier. Native histograms wait for the cut.
 */

import { staleBitsHigh, staleBitsLow } from "../../model/sample.ts";
import type { Head } from "../head/head.ts";
import { seriesField } from "../head/series-table.ts";

/** A series that ended so long ago is not expected back. */
const staleAgeMs = 3 * 60_000;
/** Fewer are not worth a block, nor is a smaller share of all. */
export const staleMinDefault = 50_000;
const staleShareMin = 0.3;

/** The series that ended. */
export interface StaleSeries {
  readonly slots: Uint32Array;
  /** What the slots' series were, to know them again. */
  readonly refs: Float64Array;
  readonly lastMs: Float64Array;
  readonly minMs: number;
  readonly maxMs: number;
}

/** The series that ended, where they are enough (`staleMin` and a share of all) to be worth a block. O(series). */
export function findStaleSeries(head: Head, staleMin: number): StaleSeries | undefined {
  const { series, chunks } = head;
  if (series.count < staleMin) return undefined;
  const slots: number[] = [];
  let minMs = Number.POSITIVE_INFINITY;
  let maxMs = Number.NEGATIVE_INFINITY;
  for (let slot = 1; slot < series.slotEnd; slot++) {
    if (!series.isAlive(slot) || !isStale(head, slot)) continue;
    slots.push(slot);
    minMs = Math.min(minMs, chunks.firstMs(slot));
    maxMs = Math.max(maxMs, chunks.lastMs(slot));
  }
  if (slots.length < Math.max(staleMin, series.count * staleShareMin)) return undefined;
  return {
    slots: Uint32Array.from(slots),
    refs: Float64Array.from(slots, (slot) => series.refOf(slot)),
    lastMs: Float64Array.from(slots, (slot) => chunks.lastMs(slot)),
    minMs: Math.max(minMs, head.minValidMs),
    maxMs,
  };
}

/** Removes those that did not come back meanwhile; calls `onRemoved` with each one's number in the log. */
export function removeStaleSeries(
  head: Head,
  stale: StaleSeries,
  onRemoved: (logId: number) => void,
): void {
  const gone: number[] = [];
  for (let i = 0; i < stale.slots.length; i++) {
    const slot = stale.slots[i]!;
    if (head.series.refOf(slot) !== stale.refs[i]) continue;
    if (!isStale(head, slot) || head.chunks.lastMs(slot) !== stale.lastMs[i]) continue;
    if (!head.late.hasSeries(slot)) gone.push(slot);
  }
  head.removeSeries(gone, onRemoved);
}

function isStale(head: Head, slot: number): boolean {
  const { series, chunks } = head;
  const words = series.wordsOf(slot);
  const at = series.wordAt(slot);
  return (
    words[at + seriesField.valueHigh] === staleBitsHigh &&
    words[at + seriesField.valueLow] === staleBitsLow &&
    words[at + seriesField.isUnlogged] === 0 &&
    chunks.lastMs(slot) <= head.maxMs - staleAgeMs
  );
}
