/** Which metrics, labels and pairs make up the head: the tables of Prometheus' /api/v1/status/tsdb. */

import { compareUtf8, metricNameLabel } from "../../model/labels.ts";
import type { Head } from "./head.ts";
import { wordIndex } from "./shared-arena.ts";

/** One row of a table. */
export interface CardinalityRow {
  readonly name: string;
  readonly value: number;
}

/** Each table is sorted by value, largest first. */
export interface HeadCardinality {
  readonly seriesCountByMetricName: readonly CardinalityRow[];
  readonly labelValueCountByLabelName: readonly CardinalityRow[];
  /** Bytes that the values of a label take in the postings, each value once. */
  readonly memoryInBytesByLabelName: readonly CardinalityRow[];
  /** Named "label=value". */
  readonly seriesCountByLabelValuePair: readonly CardinalityRow[];
}

/** Reads the tables. O(label pairs). */
export function readCardinality(head: Head, limit: number): HeadCardinality {
  const { postings, symbols } = head;
  const metrics: CardinalityRow[] = [];
  const valueCounts: CardinalityRow[] = [];
  const bytes: CardinalityRow[] = [];
  const pairs: CardinalityRow[] = [];
  for (const nameId of postings.nameIds()) {
    const name = symbols.text(nameId);
    let byteCount = 0;
    for (const valueId of postings.valueIds(nameId)) {
      const value = postings.count(nameId, valueId);
      const text = symbols.text(valueId);
      if (name === metricNameLabel) metrics.push({ name: text, value });
      pairs.push({ name: `${name}=${text}`, value });
      const address = symbols.address(valueId);
      byteCount += head.arena.wordPages[address >>> 16]![wordIndex(address)]!;
    }
    valueCounts.push({ name, value: postings.valueCount(nameId) });
    bytes.push({ name, value: byteCount });
  }
  return {
    seriesCountByMetricName: largest(metrics, limit),
    labelValueCountByLabelName: largest(valueCounts, limit),
    memoryInBytesByLabelName: largest(bytes, limit),
    seriesCountByLabelValuePair: largest(pairs, limit),
  };
}

function largest(rows: CardinalityRow[], limit: number): CardinalityRow[] {
  return rows.sort((a, b) => b.value - a.value || compareUtf8(a.name, b.name)).slice(0, limit);
}
