/**
 * What the series of a run take in storage: bytes of a sample measured by encoding some of the series at
 * the interval while flows go by, bytes of the index by what a block's index holds for the labels.
 */

import type { AnyFamily, Counter, Histogram } from "../../metrics/families.ts";
import type { MetricChild } from "../../metrics/metric-family.ts";
import type { Registry } from "../../metrics/registry.ts";
import { SampleSizer } from "../../tsdb/sample-size.ts";
import { seriesPerChild } from "./spec-count.ts";

/** Children that are measured; a sample of all. */
const childrenMax = 200;
const samplesMax = 1_000_000;
/** With fewer samples a series the start of a chunk weighs too much. */
const samplesPerSeriesMin = 10;
const samplesPerChunk = 120;
const headRangeMs = 7_200_000;
/** Labels that every series has beside its own: __name__, job, instance. */
const ownLabels = 3;

/** Encodes the values of some series at each step of the interval. */
export class SampleMeter {
  readonly #registry: Registry;
  readonly #intervalMs: number;
  readonly #sizers = new Map<MetricChild, readonly SampleSizer[]>();
  #nextMs = Number.NaN;
  #samples = 0;
  #known = -1;

  constructor(registry: Registry, intervalMs: number) {
    this.#registry = registry;
    this.#intervalMs = intervalMs;
  }

  /** When step() is to be called next. */
  get nextMs(): number {
    return Number.isNaN(this.#nextMs) ? Number.NEGATIVE_INFINITY : this.#nextMs;
  }

  /** Takes every step up to `timeMs`; values are those before the flow of that time. */
  step(timeMs: number): void {
    if (Number.isNaN(this.#nextMs)) this.#nextMs = timeMs;
    while (this.#nextMs <= timeMs && this.#samples < samplesMax) {
      this.#take(this.#nextMs);
      this.#nextMs += this.#intervalMs;
    }
    if (this.#samples >= samplesMax) this.#nextMs = Number.POSITIVE_INFINITY;
  }

  /** Bytes on disk of one sample; undefined where the window was too short to measure. */
  bytesPerSample(): { readonly bytes: number; readonly samples: number } | undefined {
    let bytes = 0;
    let samples = 0;
    let series = 0;
    for (const sizers of this.#sizers.values()) {
      for (const sizer of sizers) {
        if (sizer.samples < samplesPerSeriesMin) continue;
        bytes += sizer.bytes;
        samples += sizer.samples;
        series++;
      }
    }
    return series === 0 ? undefined : { bytes: bytes / samples, samples };
  }

  #take(timeMs: number): void {
    this.#findChildren();
    for (const [child, sizers] of this.#sizers) {
      const [first] = sizers;
      if (first === undefined) continue;
      if (sizers.length === 1) first.append(timeMs, (child as Counter).value);
      else appendHistogram(sizers, child as Histogram, timeMs);
      this.#samples += sizers.length;
    }
  }

  #findChildren(): void {
    if (this.#sizers.size >= childrenMax) return;
    const families = this.#registry.collect();
    let known = 0;
    for (const { seriesCount } of families) known += seriesCount;
    if (known === this.#known) return;
    this.#known = known;
    const share = Math.ceil(childrenMax / Math.max(1, families.length));
    for (const family of families) this.#addChildren(family, share);
  }

  #addChildren(family: AnyFamily, share: number): void {
    const children = family.sortedChildren();
    const stride = Math.max(1, Math.floor(children.length / share));
    for (let i = 0; i < children.length && this.#sizers.size < childrenMax; i += stride) {
      const child = children[i] as MetricChild;
      if (this.#sizers.has(child)) continue;
      const sizers = Array.from({ length: seriesPerChild(family) }, () => new SampleSizer());
      this.#sizers.set(child, sizers);
    }
  }
}

function appendHistogram(
  sizers: readonly SampleSizer[],
  { counts, sum, count }: Histogram,
  timeMs: number,
): void {
  let cumulative = 0;
  for (let i = 0; i < counts.length; i++) {
    cumulative += counts[i] as number;
    sizers[i]?.append(timeMs, cumulative);
  }
  sizers[counts.length]?.append(timeMs, sum);
  sizers[counts.length + 1]?.append(timeMs, count);
}

/** Chunks of one series within `spanMs`: of 120 samples at most, none over an even hour (UTC). */
export function chunksOf(spanMs: number, intervalMs: number): number {
  const perRange = Math.ceil(headRangeMs / intervalMs / samplesPerChunk);
  return Math.ceil(spanMs / headRangeMs) * Math.max(1, perRange);
}

/**
 * Bytes of a block's index for one family: a record a series (numbers of its labels, its chunks, checksum,
 * rounded to 16), a posting a label, and each text once. Within a fifth of real blocks of some hundred
 * series (storage-cost.test.ts).
 */
export function indexBytes(family: AnyFamily, chunksPerBlock: number): number {
  const series = family.seriesCount * seriesPerChild(family);
  if (series === 0) return 0;
  const labels = family.labelNames.length + ownLabels + (family.type === "histogram" ? 1 : 0);
  // A varint for each name and value, then the chunks: first times whole, later ones as differences.
  const record = 1 + 1 + labels * 3 + 1 + 12 + (chunksPerBlock - 1) * 6 + 4;
  const perSeries = Math.ceil(record / 16) * 16 + (labels + 1) * 4;
  return series * perSeries + textBytes(family);
}

/** Each value of a label is in the table of texts, and in the table of postings with its name. */
function textBytes(family: AnyFamily): number {
  const texts = new Set<string>();
  for (const { labelValues } of family.sortedChildren()) {
    for (let i = 0; i < labelValues.length; i++) {
      texts.add(`${family.labelNames[i]}\u0000${labelValues[i]}`);
    }
  }
  let bytes = 0;
  for (const text of texts) {
    const [name = "", value = ""] = text.split("\u0000");
    bytes += value.length + 1 + name.length + value.length + 12;
  }
  return bytes;
}
