/** What a block's header tells beside its columns: its span, and flows by minute and verdict for the time rail. */

import type { ColumnSource } from "./column-source.ts";

/** As stored in the header. */
export interface BlockFacts {
  /** Number of the log whose rows the block holds. */
  readonly log: number;
  /** ms since the epoch with fractions. */
  readonly minMs: number;
  readonly maxMs: number;
  /** [minute since the epoch, flows by verdict], in order. */
  readonly minutes: readonly MinuteCount[];
  /** A frame without flows: tables of what the so many blocks before it in the segment come to. */
  readonly sumsOf?: number;
}

/** Flows of one minute by verdict ("" is a flow without one). */
export type MinuteCount = readonly [minute: number, byVerdict: Readonly<Record<string, number>>];

/** Counts the rows. O(rows). */
export function minuteCounts(source: ColumnSource): MinuteCount[] {
  const verdicts = source.ids("verdict");
  const width = source.idMax("verdict") + 1;
  const offsets = source.offsetsNs();
  const counts = new Map<number, Float64Array>();
  let lastMinute = Number.NaN;
  let last: Float64Array | undefined;
  for (let i = 0; i < source.rowCount; i++) {
    const minute = Math.floor((source.baseMs + offsets[i]! / 1e6) / 60_000);
    if (minute !== lastMinute || last === undefined) {
      last = counts.get(minute);
      if (last === undefined) {
        last = new Float64Array(width);
        counts.set(minute, last);
      }
      lastMinute = minute;
    }
    const id = verdicts === undefined ? 0 : verdicts[i]!;
    last[id] = last[id]! + 1;
  }
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([minute, byId]) => [minute, byName(source, byId)]);
}

function byName(source: ColumnSource, byId: Float64Array): Record<string, number> {
  const named: Record<string, number> = {};
  for (let id = 0; id < byId.length; id++) {
    if (byId[id] === 0) continue;
    named[id === 0 ? "" : String(source.value("verdict", id))] = byId[id]!;
  }
  return named;
}
