/**
 * The receiver of remote write 1.0: a decompressed prompb.WriteRequest becomes one transaction. As in
 * Prometheus 3 a sample that comes out of order, too late, too early or twice makes the whole request
 * a 400 and stores none of it, and series with bad labels are left out silently (a counter and a log line
 * tell). Unlike there, series refused by a limit of ours are left out, the rest is stored, and the
 * answer is a 400 that says so.
 *
 * Large requests are read in slices, so that scrapes go on. About 0.1 us a sample until commit.
 */

import type { Clock } from "../base/clock.ts";
import { AppError, errorMessage } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Registry } from "../metrics/registry.ts";
import { histogramProblem } from "../model/histogram-validity.ts";
import { Labels } from "../model/labels.ts";
import { highWord, lowWord, staleBitsHigh, staleBitsLow } from "../model/sample.ts";
import { formatGoFloat } from "../model/value-format.ts";
import { type Appendable, type Appender, appendFailure } from "../storage/storage.ts";
import { SymbolTable } from "../textparse/byte-text.ts";
import { readHistogram } from "./histogram-message.ts";
import { LabelCache, refusedSeries, unknownEntry } from "./label-cache.ts";
import { LabelDecoder } from "./label-decoder.ts";
import { ProtoCursor, wireType, wrongWireType } from "./proto-cursor.ts";
import { firstWireProblem } from "./request-shape.ts";
import { SeriesReader } from "./series-reader.ts";
import { decodeSnappyBlock } from "./snappy-block.ts";
import { WriteMetrics } from "./write-metrics.ts";

/** A sample may lie so far ahead of the clock, ms: Prometheus' own bound. */
const aheadMaxMs = 10 * 60_000;
/** The event loop gets its turn after so long, ms, looked at every so many series. */
const sliceMs = 5;
const seriesPerLook = 128;
/** Memory for a request's plain bytes is kept for the next one up to this. */
const keptBytesMax = 4 << 20;
/** Requests that are read at the same time keep their tools up to this number. */
const idleRunsMax = 4;
const labelTag = 0x0a;

/** What a receiver needs. */
export interface WriteReceiverOptions {
  readonly appendable: Appendable;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
  /** Whether what was committed just now would not outlive this process; the sender is asked to try again. */
  isVolatile?(): boolean;
  /** Bytes of label sets remembered; for tests. */
  readonly labelCacheBytes?: number;
}

/** What to answer: 204 without text, else a reason as Prometheus words it. */
export interface WriteOutcome {
  readonly status: 204 | 400 | 500;
  readonly message: string;
}

/** One receiver; requests may overlap. */
export class WriteReceiver {
  readonly metrics: WriteMetrics;
  readonly #options: WriteReceiverOptions;
  readonly #cache: LabelCache;
  readonly #symbols = new SymbolTable();
  readonly #idleRuns: WriteRun[] = [];

  constructor(options: WriteReceiverOptions) {
    this.#options = options;
    this.#cache = new LabelCache(options.labelCacheBytes);
    this.metrics = new WriteMetrics(options.registry, this.#cache);
  }

  /**
   * Stores a request. `block` is its snappy block, `plainLength` what snappyPlainLength said. `refuse` is asked
   * once the block has proved sound, and its answer, if there is one, is the answer.
   */
  async write(
    block: Uint8Array,
    plainLength: number,
    refuse?: () => WriteOutcome | undefined,
  ): Promise<WriteOutcome> {
    const run = this.#idleRuns.pop() ?? new WriteRun(this.#cache, this.#symbols);
    try {
      const plain = run.plain(plainLength);
      decodeSnappyBlock(block, plain);
      const refusal = refuse?.();
      if (refusal !== undefined) return refusal;
      this.metrics.bodyBytes.inc(plainLength);
      return this.#told(plain, await this.#store(run, plain));
    } catch (thrown) {
      if (thrown instanceof AppError && thrown.code === "parse") {
        return { status: 400, message: thrown.message };
      }
      throw thrown;
    } finally {
      run.release();
      if (this.#idleRuns.length < idleRunsMax) this.#idleRuns.push(run);
    }
  }

  /** Prometheus decodes all of a request before it stores any: what is no protobuf comes before other faults. */
  #told(plain: Uint8Array, outcome: WriteOutcome): WriteOutcome {
    if (outcome.status !== 400) return outcome;
    const message = firstWireProblem(plain);
    return message === undefined ? outcome : { status: 400, message };
  }

  async #store(run: WriteRun, plain: Uint8Array): Promise<WriteOutcome> {
    const { appendable, clock, logger } = this.#options;
    const appender = appendable.appender();
    let isOpen = true;
    try {
      run.begin(plain, appender, clock.nowMs() + aheadMaxMs);
      let sliceEndMs = clock.monotonicMs() + sliceMs;
      while (run.step(seriesPerLook)) {
        if (clock.monotonicMs() < sliceEndMs) continue;
        await new Promise((resume) => setImmediate(resume));
        run.resume();
        sliceEndMs = clock.monotonicMs() + sliceMs;
      }
      // Series that are left out were not read to their ends.
      if (run.invalidSeries > 0) run.failure ??= firstWireProblem(plain);
      if (run.failure === undefined) {
        isOpen = false;
        appender.commit();
        if (this.#options.isVolatile?.() === true) {
          return { status: 500, message: "the disk is full: the samples are in memory only" };
        }
      }
    } catch (thrown) {
      if (thrown instanceof AppError && thrown.code === "parse") {
        return { status: 400, message: thrown.message };
      }
      if (thrown instanceof AppError && thrown.code === "disk") {
        return { status: 500, message: errorMessage(thrown) };
      }
      throw thrown;
    } finally {
      if (isOpen) appender.rollback();
    }
    if (run.invalidSeries > 0) {
      this.metrics.invalidLabels.inc(run.invalidSeries);
      const example = run.invalidExample;
      logger.warn(
        { series: run.invalidSeries, example },
        "remote write sent series with bad labels; they were left out",
      );
    }
    return this.#outcome(run);
  }

  #outcome(run: WriteRun): WriteOutcome {
    if (run.failure !== undefined) {
      this.#options.logger.debug({ error: run.failure }, "remote write refused");
      return { status: 400, message: run.failure };
    }
    this.metrics.samples.inc(run.floats);
    this.metrics.histograms.inc(run.histograms);
    this.metrics.exemplars.inc(run.exemplars);
    this.metrics.withoutMetadata.inc(run.floats + run.histograms);
    if (run.limitedSeries === 0) return { status: 204, message: "" };
    return {
      status: 400,
      message: `${run.limitedSeries} new series were not stored, the rest of the request was: the limit of series or memory is reached (--storage.memory-budget)`,
    };
  }
}

/** One request being read. Reused: `plain`, `begin`, `step` until it says false, `release`. */
class WriteRun {
  /** Why nothing of the request may be stored. */
  failure: string | undefined;
  /** Series left out for their labels, and what was wrong with the first. */
  invalidSeries = 0;
  invalidExample = "";
  /** Series left out since a limit acted. */
  limitedSeries = 0;
  floats = 0;
  histograms = 0;
  exemplars = 0;

  readonly #cache: LabelCache;
  readonly #decoder: LabelDecoder;
  readonly #cursor = new ProtoCursor();
  readonly #reader = new SeriesReader(this.#cursor);
  #memory = new Uint8Array(0);
  #appender: Appender | undefined;
  #newestMaxMs = 0;
  /** Cache entry of the series before. */
  #previous = unknownEntry;
  #generation = 0;

  constructor(cache: LabelCache, symbols: SymbolTable) {
    this.#cache = cache;
    this.#decoder = new LabelDecoder(symbols);
  }

  /** Memory for so many plain bytes. */
  plain(length: number): Uint8Array {
    if (this.#memory.length < length) {
      this.#memory = new Uint8Array(Math.max(length, Math.min(keptBytesMax, length * 2)));
    }
    return this.#memory.subarray(0, length);
  }

  begin(plain: Uint8Array, appender: Appender, newestMaxMs: number): void {
    this.#cursor.reset(plain);
    this.#appender = appender;
    this.#newestMaxMs = newestMaxMs;
    this.failure = undefined;
    this.invalidSeries = 0;
    this.limitedSeries = 0;
    this.floats = 0;
    this.histograms = 0;
    this.exemplars = 0;
    this.resume();
  }

  /** To be called when others may have used the cache. */
  resume(): void {
    if (this.#generation === this.#cache.generation) return;
    this.#generation = this.#cache.generation;
    this.#previous = unknownEntry;
  }

  /** Lets go of what the request alone needed. */
  release(): void {
    this.#appender = undefined;
    this.#cursor.reset(new Uint8Array(0));
    if (this.#memory.length > keptBytesMax) this.#memory = new Uint8Array(0);
  }

  /** Reads up to `count` series; false at the end of the request or at a failure. Throws AppError "parse". */
  step(count: number): boolean {
    const cursor = this.#cursor;
    const end = cursor.bytes.length;
    for (let left = count; left > 0 && cursor.at < end && this.failure === undefined; left--) {
      const tag = cursor.tag("WriteRequest", end);
      const type = tag & 7;
      const number = tag >>> 3;
      if (number !== 1 && number !== 3) {
        cursor.skip(type, end);
        continue;
      }
      const name = number === 1 ? "Timeseries" : "Metadata";
      if (type !== wireType.bytes) throw wrongWireType(type, name);
      const messageEnd = cursor.lengthEnd(end);
      if (number === 1) this.#series(messageEnd);
      else this.#metadata(messageEnd);
      cursor.at = messageEnd;
    }
    return cursor.at < end && this.failure === undefined;
  }

  /** Metadata is read for errors only: Prometheus' receiver of 1.0 keeps none. */
  #metadata(end: number): void {
    const cursor = this.#cursor;
    while (cursor.at < end) cursor.skip(cursor.tag("MetricMetadata", end) & 7, end);
  }

  #series(end: number): void {
    const cursor = this.#cursor;
    const reader = this.#reader;
    const cache = this.#cache;
    let entry = cache.predict(this.#previous, cursor.view, cursor.at, end);
    if (entry >= 0) {
      const after = cursor.at + cache.lengthOf(entry);
      if (after < end && cursor.bytes[after] === labelTag) entry = unknownEntry;
    }
    reader.read(end, entry >= 0 ? cache.lengthOf(entry) : 0);
    if (reader.areLabelsScattered) {
      this.#store(unknownEntry, end);
      return;
    }
    if (entry < 0) {
      entry = this.#entryOf();
      cache.follow(this.#previous, entry);
    }
    if (entry >= 0) this.#previous = entry;
    this.#store(entry, end);
  }

  /** The cache's entry of the series just read, made if need be. */
  #entryOf(): number {
    const { bytes, view } = this.#cursor;
    const { labelsFrom, labelsTo } = this.#reader;
    const range = { bytes, view, from: labelsFrom, to: labelsTo };
    const known = this.#cache.find(range);
    if (known >= 0) return known;
    const entry = this.#cache.add(range, 0);
    this.resume();
    return entry;
  }

  /** Appends what was read; `entry` may be `unknownEntry`. */
  #store(entry: number, end: number): void {
    const appender = this.#appender!;
    const reader = this.#reader;
    const ref = entry < 0 ? 0 : this.#cache.refs[entry]!;
    if (ref === refusedSeries) {
      this.invalidSeries++;
      return;
    }
    let labels = Labels.empty;
    if (ref === 0 || appender.hasSeries?.(ref) !== true) {
      const decoded = this.#labels(end);
      if (decoded === undefined) {
        if (entry >= 0) this.#cache.refs[entry] = refusedSeries;
        return;
      }
      labels = decoded;
    }
    let newRef = this.#floats(ref, labels);
    if (reader.histograms.length > 0 && this.failure === undefined) {
      newRef = this.#histograms(newRef, labels);
    }
    if (reader.exemplars.length > 0 && this.failure === undefined) this.#exemplars(newRef);
    if (entry >= 0 && newRef !== ref) this.#cache.refs[entry] = newRef;
  }

  /** The labels of the series just read; undefined where they are bad, which is counted. */
  #labels(end: number): Labels | undefined {
    const cursor = this.#cursor;
    const decoder = this.#decoder;
    const { labelsFrom, labelsTo, areLabelsScattered } = this.#reader;
    const resumeAt = cursor.at;
    decoder.clear();
    cursor.at = labelsFrom;
    const labelsEnd = areLabelsScattered ? end : labelsTo;
    while (cursor.at < labelsEnd) {
      const tag = cursor.tag("TimeSeries", labelsEnd);
      if (tag >>> 3 !== 1) {
        cursor.skip(tag & 7, labelsEnd);
        continue;
      }
      const labelEnd = cursor.lengthEnd(labelsEnd);
      decoder.add(cursor, labelEnd);
      cursor.at = labelEnd;
    }
    cursor.at = resumeAt;
    const decoded = decoder.finish();
    if (decoded.labels !== undefined) return decoded.labels;
    if (this.invalidSeries++ === 0) this.invalidExample = decoded.reason;
    return undefined;
  }

  /** Appends the samples; returns the ref to use from now on. */
  #floats(ref: number, labels: Labels): number {
    const appender = this.#appender!;
    const { sampleCount, timestampsMs, values, valueWords } = this.#reader;
    const newestMaxMs = this.#newestMaxMs;
    let known = ref;
    for (let i = 0; i < sampleCount; i++) {
      const timestampMs = timestampsMs[i]!;
      if (timestampMs > newestMaxMs) {
        this.failure = tooFarAhead;
        return known;
      }
      const isStale =
        valueWords[i * 2 + highWord] === staleBitsHigh &&
        valueWords[i * 2 + lowWord] === staleBitsLow;
      const result = isStale
        ? appender.appendStale(known, labels, timestampMs)
        : appender.append(known, labels, timestampMs, values[i]!);
      if (result < 0) {
        this.#refused(result, { ref: known, labels, timestampMs, value: values[i]! });
        return known;
      }
      known = result;
    }
    this.floats += sampleCount;
    return known;
  }

  #histograms(ref: number, labels: Labels): number {
    const appender = this.#appender!;
    const cursor = this.#cursor;
    const { histograms } = this.#reader;
    let known = ref;
    for (let i = 0; i < histograms.length; i += 2) {
      cursor.at = histograms[i]!;
      const sample = readHistogram(cursor, histograms[i + 1]!);
      const { timestampMs, histogram } = sample;
      this.failure = timestampMs > this.#newestMaxMs ? tooFarAhead : sample.problem;
      if (this.failure !== undefined) return known;
      const result = appender.appendHistogram(known, labels, timestampMs, histogram);
      // Storage's bound of time comes before the histogram's own faults. What it took goes with the rollback.
      if (result !== appendFailure.outOfBounds) this.failure = histogramProblem(histogram);
      if (this.failure !== undefined) return known;
      if (result < 0) {
        this.#refused(result, { ref: known, labels, timestampMs, value: undefined });
        if (this.failure !== undefined) return known;
        continue;
      }
      known = result;
      this.histograms++;
    }
    return known;
  }

  /** Exemplars never fail a request. */
  #exemplars(ref: number): void {
    const cursor = this.#cursor;
    const { exemplars } = this.#reader;
    for (let i = 0; i < exemplars.length; i += 2) {
      cursor.at = exemplars[i]!;
      const { labels, value, timestampMs } = readExemplar(cursor, exemplars[i + 1]!, this.#decoder);
      if (ref <= 0 || timestampMs > this.#newestMaxMs) continue;
      this.#appender?.appendExemplar(
        ref,
        timestampMs === 0 ? { labels, value } : { labels, value, timestampMs },
      );
      this.exemplars++;
    }
  }

  #refused(
    why: number,
    sample: { ref: number; labels: Labels; timestampMs: number; value: number | undefined },
  ): void {
    if (why === appendFailure.seriesLimit) {
      this.limitedSeries++;
      return;
    }
    if (why !== appendFailure.duplicateTimestamp || sample.value === undefined) {
      this.failure = failureTexts.get(why) ?? "out of order sample";
      return;
    }
    const newest = this.#appender?.newestSample?.(sample.ref, sample.labels);
    const existing =
      newest === "histogram"
        ? "existing is a histogram"
        : `existing ${formatGoFloat(newest ?? Number.NaN)}`;
    this.failure = `duplicate sample for timestamp ${sample.timestampMs}; overrides not allowed: ${existing}, new value ${formatGoFloat(sample.value)}`;
  }
}

const tooFarAhead = "out of bounds: timestamp is too far in the future";

/** Prometheus' words for what storage refuses. */
const failureTexts: ReadonlyMap<number, string> = new Map([
  [appendFailure.outOfOrder, "out of order sample"],
  [appendFailure.outOfBounds, "out of bounds"],
  [appendFailure.tooOld, "too old sample"],
  [appendFailure.duplicateTimestamp, "duplicate sample for timestamp"],
]);

/** Reads the exemplar message at the cursor, which ends at `end`. */
function readExemplar(
  cursor: ProtoCursor,
  end: number,
  decoder: LabelDecoder,
): { labels: Labels; value: number; timestampMs: number } {
  decoder.clear();
  let value = 0;
  let timestampMs = 0;
  while (cursor.at < end) {
    const tag = cursor.tag("Exemplar", end);
    const type = tag & 7;
    const number = tag >>> 3;
    if (number === 1) {
      if (type !== wireType.bytes) throw wrongWireType(type, "Labels");
      const labelEnd = cursor.lengthEnd(end);
      decoder.add(cursor, labelEnd);
      cursor.at = labelEnd;
    } else if (number === 2) {
      if (type !== wireType.fixed64) throw wrongWireType(type, "Value");
      value = cursor.double(end);
    } else if (number === 3) {
      if (type !== wireType.varint) throw wrongWireType(type, "Timestamp");
      timestampMs = cursor.int64(end);
    } else cursor.skip(type, end);
  }
  return { labels: decoder.finishUnchecked(), value, timestampMs };
}
