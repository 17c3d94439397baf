/**
 * Label sets out of byte offsets: unescapes, writes `le` and `quantile` values as OpenMetrics does,
 * adds `__type__` and `__unit__` on demand, sorts. Cost: O(bytes of the series part).
 */

import { compareUtf8, Labels, metricNameLabel } from "../model/labels.ts";
import type { MetricType } from "../model/sample.ts";
import { formatOpenMetricsFloat } from "../model/value-format.ts";
import type { SymbolTable } from "./byte-text.ts";
import { parseGoFloat } from "./go-float.ts";

/** Offsets found in a line, reused line after line: [start, end) pairs, flat. */
export class OffsetList {
  readonly items: number[] = [];
  count = 0;

  push(start: number, end: number): void {
    this.items[this.count] = start;
    this.items[this.count + 1] = end;
    this.count += 2;
  }
}

/** What the metric family says of its series. */
export interface FamilyContext {
  readonly metricType: MetricType | undefined;
  readonly unit: string;
  readonly hasTypeAndUnitLabels: boolean;
}

const typeLabel = "__type__";
const unitLabel = "__unit__";

/** Label sets of series. `offsets` hold the metric name first, then name and value of each label. */
export function readSeriesLabels(
  body: Uint8Array,
  offsets: OffsetList,
  symbols: SymbolTable,
  family: FamilyContext,
): Labels {
  const { items, count } = offsets;
  const pairs: string[] = [];
  const metricName = readText(body, items[0]!, items[1]!, symbols);
  const type = family.metricType === "unknown" ? undefined : family.metricType;
  const isDescribed = family.hasTypeAndUnitLabels;
  if (!isDescribed || metricName !== "") pairs.push(metricNameLabel, metricName);
  if (isDescribed && type !== undefined) pairs.push(typeLabel, type);
  if (isDescribed && family.unit !== "") pairs.push(unitLabel, family.unit);
  for (let i = 2; i < count; i += 4) {
    const name = readText(body, items[i]!, items[i + 1]!, symbols);
    if (isDescribed && isTaken(name, metricName, type, family.unit)) continue;
    let value = readText(body, items[i + 2]!, items[i + 3]!, symbols);
    if (isBoundLabel(type, name)) value = symbols.normalizedFloat(value, normalizeFloat);
    pairs.push(name, value);
  }
  sortPairs(pairs);
  return new Labels(pairs);
}

/** Labels of an exemplar: `offsets` hold name and value of each; escapes stay as they are. */
export function readExemplarLabels(
  body: Uint8Array,
  offsets: OffsetList,
  symbols: SymbolTable,
): Labels {
  const { items, count } = offsets;
  const pairs: string[] = [];
  for (let i = 0; i < count; i += 4) {
    pairs.push(
      symbols.intern(body, items[i]!, items[i + 1]!),
      symbols.intern(body, items[i + 2]!, items[i + 3]!),
    );
  }
  sortPairs(pairs);
  return new Labels(pairs);
}

/** The first label name that occurs twice (an empty one counts as such, as in Prometheus), else undefined. O(labels). */
export function findRepeatedLabel(labels: Labels): string | undefined {
  let previous = "";
  for (let i = 0; i < labels.pairs.length; i += 2) {
    const name = labels.pairs[i]!;
    if (name === previous) return name;
    previous = name;
  }
  return undefined;
}

/** Undoes the escapes of label values: `\"`, `\\` and `\n`; other backslashes stay. */
export function unescapeLabelValue(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replaceAll(/\\(["\\n])/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
}

/** Undoes the escapes of help texts in the text format: `\\` and `\n`. */
export function unescapeHelp(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replaceAll(/\\([\\n])/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
}

function readText(body: Uint8Array, start: number, end: number, symbols: SymbolTable): string {
  return unescapeLabelValue(symbols.intern(body, start, end));
}

/** Labels of the body lose against what the family's metadata says. */
function isTaken(
  name: string,
  metricName: string,
  type: MetricType | undefined,
  unit: string,
): boolean {
  if (name === metricNameLabel) return metricName !== "";
  if (name === typeLabel) return type !== undefined;
  return name === unitLabel && unit !== "";
}

function isBoundLabel(type: MetricType | undefined, name: string): boolean {
  if (name === "le") return type === "histogram";
  return name === "quantile" && type === "summary";
}

function normalizeFloat(text: string): string {
  const { value, problem } = parseGoFloat(text);
  return problem === "" ? formatOpenMetricsFloat(value) : text;
}

/** Insertion sort by name: stable, and the pairs are nearly sorted as they come. */
function sortPairs(pairs: string[]): void {
  for (let i = 2; i < pairs.length; i += 2) {
    const name = pairs[i]!;
    const value = pairs[i + 1]!;
    let at = i;
    while (at > 0 && compareUtf8(pairs[at - 2]!, name) > 0) {
      pairs[at] = pairs[at - 2]!;
      pairs[at + 1] = pairs[at - 1]!;
      at -= 2;
    }
    pairs[at] = name;
    pairs[at + 1] = value;
  }
}
