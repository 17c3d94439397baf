/**
 * Reads the head: matchers to series, series to samples. The shortest list of an equality (or the
 * union of a literal alternation, or of the values that a regular expression accepts) gives the
 * candidates; the other matchers are then tried on each candidate's own labels, remembering the
 * outcome per label value. Series come sorted by rank (series-order.ts), never by string comparison.
 */

import type { Labels } from "../../model/labels.ts";
import { compareUtf8 } from "../../model/labels.ts";
import type { Matcher } from "../../model/matcher.ts";
import type { SampleBuffer } from "../../model/sample.ts";
import type {
  LabelResult,
  Querier,
  SelectHints,
  Series,
  SeriesSet,
} from "../../storage/storage.ts";
import type { TimeSlice } from "../block/time-slice.ts";
import { KeptSeries } from "../kept-chunks.ts";
import type { KeptKinds, ReadCache } from "../read-cache.ts";
import { matchersKey, NarrowedList } from "../selections.ts";
import type { Head } from "./head.ts";

/** What the head's querier keeps of the series it read. */
export type HeadReadCache = Pick<
  ReadCache<KeptKinds & { headSeries: HeadSeries; headSelection: HeadSelection }>,
  "reader" | "headSeries" | "headSelections"
>;

/** The head's series that match, while no series comes or goes. */
export interface HeadSelection {
  /** Series created and removed, at the time. */
  readonly changes: number;
  readonly list: NarrowedList<HeadSeries>;
}

const noWarnings: readonly string[] = [];

/** Querier over a head between two times. */
export class HeadQuerier implements Querier {
  readonly #head: Head;
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #cache: HeadReadCache | undefined;
  readonly #slice: TimeSlice | undefined;

  /** Without a slice it does not give way to others. */
  constructor(
    head: Head,
    minMs: number,
    maxMs: number,
    shared: { readonly cache?: HeadReadCache; readonly slice?: TimeSlice } = {},
  ) {
    this.#head = head;
    this.#minMs = minMs;
    this.#maxMs = maxMs;
    this.#cache = shared.cache;
    this.#slice = shared.slice;
  }

  async select(matchers: readonly Matcher[], hints: SelectHints): Promise<SeriesSet> {
    const startMs = Math.max(hints.startMs, this.#minMs);
    const endMs = Math.min(hints.endMs, this.#maxMs);
    const list = await this.#selection(matchers, hints.isOrderFree === true);
    const series = list.narrow((one) => one.hasTime(startMs, endMs));
    const limit = hints.limit ?? 0;
    if (limit <= 0 || series.length <= limit) return { series, warnings: noWarnings };
    return { series: series.slice(0, limit), warnings: ["results truncated due to limit"] };
  }

  /** All series that match, whatever their times. */
  async #selection(
    matchers: readonly Matcher[],
    isOrderFree: boolean,
  ): Promise<NarrowedList<HeadSeries>> {
    const key = `${isOrderFree ? "created" : "sorted"} ${matchersKey(matchers)}`;
    const known = this.#cache?.headSelections.get(key);
    if (known?.changes === this.#changes()) return known.list;
    const { order } = this.#head;
    if (!isOrderFree) await order.settle();
    const changes = this.#changes();
    const slots = selectSlots(this.#head, matchers);
    // Slots are given out in order: as Prometheus' head, series come as they were created.
    if (isOrderFree) slots.sort();
    else order.sort(slots);
    const list = new NarrowedList(await this.#seriesOf(slots));
    this.#cache?.headSelections.set(key, { changes, list }, list.all.length);
    return list;
  }

  /** Rises with each series that is created or removed. */
  #changes(): number {
    const { count, removals } = this.#head.series;
    return count + 2 * removals;
  }

  async labelNames(matchers: readonly Matcher[], limit = 0): Promise<LabelResult> {
    const ids = new Set<number>();
    const { series, postings } = this.#head;
    if (this.#isOutside()) return { values: [], warnings: noWarnings };
    if (matchers.length === 0) for (const id of postings.nameIds()) ids.add(id);
    else {
      for (const slot of selectSlots(this.#head, matchers)) {
        const count = series.labelCount(slot);
        for (let i = 0; i < count; i++) ids.add(series.labelId(slot, i * 2));
      }
    }
    return this.#sorted(ids, limit);
  }

  async labelValues(name: string, matchers: readonly Matcher[], limit = 0): Promise<LabelResult> {
    const ids = new Set<number>();
    const { symbols, series, postings } = this.#head;
    const nameId = symbols.find(name);
    if (nameId < 0 || this.#isOutside()) return { values: [], warnings: noWarnings };
    if (matchers.length === 0) for (const id of postings.valueIds(nameId)) ids.add(id);
    else {
      for (const slot of selectSlots(this.#head, matchers)) {
        const id = series.valueId(slot, nameId);
        if (id !== 0) ids.add(id);
      }
    }
    return this.#sorted(ids, limit);
  }

  close(): void {}

  async #seriesOf(slots: Uint32Array): Promise<readonly HeadSeries[]> {
    const table = this.#head.series;
    const found: HeadSeries[] = [];
    const refs = Float64Array.from(slots, (slot) => table.refOf(slot));
    for (let i = 0; i < slots.length; i++) {
      if ((i & 63) === 63 && this.#slice?.isOver === true) await this.#slice.pause();
      const slot = slots[i]!;
      // Removed during a pause; another series may have its slot by now.
      if (table.refOf(slot) === refs[i]) found.push(this.#seriesAt(slot));
    }
    return found;
  }

  #seriesAt(slot: number): HeadSeries {
    const cache = this.#cache;
    const known = cache?.headSeries.get(slot);
    if (known?.isAlive === true) return known;
    const series = new HeadSeries(this.#head, slot, cache);
    cache?.headSeries.set(slot, series);
    return series;
  }

  #isOutside(): boolean {
    return this.#head.maxMs < this.#minMs || this.#head.minMs > this.#maxMs;
  }

  #sorted(ids: ReadonlySet<number>, limit: number): LabelResult {
    const values = Array.from(ids, (id) => this.#head.symbols.text(id)).sort(compareUtf8);
    if (limit <= 0 || values.length <= limit) return { values, warnings: noWarnings };
    return { values: values.slice(0, limit), warnings: ["results truncated due to limit"] };
  }
}

/** A series of an answer; kept for the next one where there is a cache. */
export class HeadSeries implements Series {
  readonly #head: Head;
  readonly #slot: number;
  readonly #ref: number;
  readonly #cache: HeadReadCache | undefined;
  readonly #kept = new KeptSeries();
  labels: Labels;

  constructor(head: Head, slot: number, cache: HeadReadCache | undefined) {
    this.#head = head;
    this.#slot = slot;
    this.#ref = head.series.refOf(slot);
    this.#cache = cache;
    this.labels = head.series.labels(slot);
  }

  /** Truncation may have removed the series since it was selected. */
  get isAlive(): boolean {
    return this.#head.series.refOf(this.#slot) === this.#ref;
  }

  /** Whether there are samples about the span: its chunks begin before the end and end behind the start. */
  hasTime(startMs: number, endMs: number): boolean {
    const { chunks } = this.#head;
    return chunks.lastMs(this.#slot) >= startMs && chunks.firstMs(this.#slot) <= endMs;
  }

  readSamples(into: SampleBuffer, startMs: number, endMs: number): void {
    if (!this.isAlive) return;
    const { chunks } = this.#head;
    if (this.#cache === undefined) {
      chunks.read(this.#slot, into, startMs, endMs);
      return;
    }
    const reader = this.#cache.reader.begin(this.#kept, into, startMs, endMs);
    chunks.readKept(this.#slot, into, reader);
  }

  shareLabels(labels: Labels): void {
    this.labels = labels;
  }
}

/** Slots of the series that satisfy all matchers, in no order; the array is the caller's. */
export function selectSlots(head: Head, matchers: readonly Matcher[]): Uint32Array {
  let seed: Matcher | undefined;
  let seedCost = Number.POSITIVE_INFINITY;
  for (const matcher of matchers) {
    const cost = seedCostOf(head, matcher);
    if (cost < seedCost) {
      seed = matcher;
      seedCost = cost;
    }
  }
  let slots = seed === undefined ? allSlots(head) : seedSlots(head, seed);
  for (const matcher of matchers) {
    if (matcher === seed || slots.length === 0) continue;
    slots = filterSlots(head, slots, matcher);
  }
  return slots;
}

/** Whether series without the label satisfy the matcher: then no list can give the candidates. */
function acceptsAbsent(matcher: Matcher): boolean {
  return matcher.matches("");
}

/** Candidates that the matcher would give, an estimate for expressions; infinite where it cannot. */
function seedCostOf(head: Head, matcher: Matcher): number {
  if (acceptsAbsent(matcher)) return Number.POSITIVE_INFINITY;
  const nameId = head.symbols.find(matcher.name);
  if (nameId < 0) return 0;
  const literals = literalsOf(matcher);
  if (literals === undefined) {
    // Dearer than any equality, cheaper than walking all series; fewer values first.
    return head.series.count + head.postings.valueCount(nameId);
  }
  let count = 0;
  for (const literal of literals) {
    const valueId = head.symbols.find(literal);
    if (valueId >= 0) count += head.postings.count(nameId, valueId);
  }
  return count;
}

function literalsOf(matcher: Matcher): readonly string[] | undefined {
  if (matcher.operator === "=") return [matcher.value];
  return matcher.operator === "=~" ? matcher.regexp?.literals : undefined;
}

function allSlots(head: Head): Uint32Array {
  const slots = new Uint32Array(head.series.count);
  let count = 0;
  for (let slot = 1; slot < head.series.slotEnd; slot++) {
    if (head.series.isAlive(slot)) slots[count++] = slot;
  }
  return slots.subarray(0, count);
}

function seedSlots(head: Head, matcher: Matcher): Uint32Array {
  const nameId = head.symbols.find(matcher.name);
  if (nameId < 0) return new Uint32Array(0);
  const valueIds: number[] = [];
  const literals = literalsOf(matcher);
  if (literals !== undefined) {
    for (const literal of new Set(literals)) {
      const valueId = head.symbols.find(literal);
      if (valueId >= 0) valueIds.push(valueId);
    }
  } else {
    for (const valueId of head.postings.valueIds(nameId)) {
      if (matcher.matches(head.symbols.text(valueId))) valueIds.push(valueId);
    }
  }
  // A series has one value of a label, so the lists do not overlap and need no merging.
  let total = 0;
  for (const valueId of valueIds) total += head.postings.count(nameId, valueId);
  const slots = new Uint32Array(total);
  let at = 0;
  for (const valueId of valueIds) {
    const list = head.postings.slots(nameId, valueId);
    slots.set(list, at);
    at += list.length;
  }
  return slots;
}

/** Keeps the slots whose own value satisfies the matcher. O(slots · labels), one trial per value. */
function filterSlots(head: Head, slots: Uint32Array, matcher: Matcher): Uint32Array {
  const { series, symbols } = head;
  const nameId = symbols.find(matcher.name);
  if (nameId < 0) return acceptsAbsent(matcher) ? slots : new Uint32Array(0);
  let kept = 0;
  if (matcher.operator === "=" || matcher.operator === "!=") {
    // Fast path: equal strings have equal ids.
    const wantedId = symbols.find(matcher.value);
    const isWanted = matcher.operator === "=";
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!;
      if ((series.valueId(slot, nameId) === wantedId) === isWanted) slots[kept++] = slot;
    }
    return slots.subarray(0, kept);
  }
  const outcomes = new Map<number, boolean>();
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i]!;
    const valueId = series.valueId(slot, nameId);
    let isMatch = outcomes.get(valueId);
    if (isMatch === undefined) {
      isMatch = matcher.matches(symbols.text(valueId));
      outcomes.set(valueId, isMatch);
    }
    if (isMatch) slots[kept++] = slot;
  }
  return slots.subarray(0, kept);
}
