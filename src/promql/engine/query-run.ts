/**
 * The state of one running query: its limits, its remarks, what it has read, and the pauses in which
 * others may run. Work that takes long calls `isPauseDue` at least every few hundred µs of work
 * (usually once a series) and `await pause()` where it says so.
 */

import type { Clock } from "../../base/clock.ts";
import { QueryError } from "../../base/errors.ts";
import { formatDuration } from "../../model/duration.ts";
import { Annotations } from "./annotations.ts";
import type { CellMemory } from "./cell-memory.ts";
import type { NodeCosts } from "./node-costs.ts";
import type { SharedSlot } from "./plan-node.ts";
import type { SampleCounts, SampleTally } from "./sample-tally.ts";
import type { KnownSelections } from "./selection-facts.ts";
import type { StepVector } from "./step-vector.ts";

/** A query holds the event loop for at most about so long, ms. */
const sliceMs = 10;

/** The clock is looked at after about so many samples: some 10 µs of work. */
const samplesPerLook = 4096;

/** Cells of one vector that are always allowed, whatever the limit on samples. */
const cellsAllowed = 1 << 20;

/** What a run is told. */
export interface QueryRunOptions {
  readonly clock: Clock;
  readonly lookbackDeltaMs: number;
  readonly timeoutMs: number;
  readonly samplesMax: number;
  readonly isNameRemovalDelayed: boolean;
  readonly hasTypeAndUnitLabels: boolean;
  readonly usesStartTimestamps: boolean;
  readonly selections: KnownSelections;
  readonly memory: CellMemory;
  /** The query's own. */
  readonly tally: SampleTally;
  readonly signal: AbortSignal | undefined;
  readonly yieldNow: () => Promise<void>;
}

/** A result that nodes still wait for. */
export interface SharedResult {
  readonly vector: StepVector;
  /** What evaluating it read: counted for each node, as if it were evaluated there. */
  readonly counts: SampleCounts;
  /** Makes its remarks once more, as if it were evaluated there: the place of the last one counts. */
  readonly repeatRemarks: () => void;
  waiting: number;
}

/** See the head comment. */
export class QueryRun {
  readonly annotations = new Annotations();
  readonly lookbackDeltaMs: number;
  readonly isNameRemovalDelayed: boolean;
  readonly hasTypeAndUnitLabels: boolean;
  readonly usesStartTimestamps: boolean;
  /** What is known of lists of series. */
  readonly selections: KnownSelections;
  /** Large arrays that queries before were done with. */
  readonly memory: CellMemory;
  /** Costs of nodes, where they are asked for; set before evaluation begins. */
  nodeCosts: NodeCosts | undefined;
  /** Results of parts that are written more than once, while nodes wait for them. */
  readonly sharedResults = new Map<SharedSlot, SharedResult>();
  /** Whether what is asked for ends behind the oldest sample. */
  isStorageReached = true;
  /** What selectors gave and read in the evaluation that goes on: the query's, or that of a part over steps of its own. */
  tally: SampleTally;
  peakSamples = 0;
  readonly #options: QueryRunOptions;
  readonly #deadlineMs: number;
  #sliceEndMs: number;
  #samples = 0;
  /** Samples worked on since the last look at the clock. */
  #unlooked = 0;
  /** In results that nodes wait for; not in `#samples`. */
  #waitingSamples = 0;

  constructor(options: QueryRunOptions) {
    this.#options = options;
    this.lookbackDeltaMs = options.lookbackDeltaMs;
    this.isNameRemovalDelayed = options.isNameRemovalDelayed;
    this.hasTypeAndUnitLabels = options.hasTypeAndUnitLabels;
    this.usesStartTimestamps = options.usesStartTimestamps;
    this.selections = options.selections;
    this.memory = options.memory;
    this.tally = options.tally;
    const nowMs = options.clock.monotonicMs();
    this.#deadlineMs = nowMs + options.timeoutMs;
    this.#sliceEndMs = nowMs + sliceMs;
  }

  /** Monotonic time, ms. */
  get nowMs(): number {
    return this.#options.clock.monotonicMs();
  }

  /** Samples held at the moment. */
  get samples(): number {
    return this.#samples;
  }

  /** Says how many samples are held now; throws above the limit. */
  holdSamples(count: number): void {
    this.#samples = count;
    const all = count + this.#waitingSamples;
    if (all > this.peakSamples) this.peakSamples = all;
    if (all > this.#options.samplesMax) throw tooManySamples(this.#options.samplesMax);
  }

  /** Says that so many more (or fewer) samples are kept for nodes that are evaluated later. */
  keepSamples(change: number): void {
    this.#waitingSamples += change;
    this.holdSamples(this.#samples);
  }

  /**
   * Says how large a vector is with its empty cells; throws where many short-lived series make it
   * larger than memory should bear (twice the limit on samples), which Prometheus would answer.
   */
  holdCells(count: number): void {
    if (count > cellsAllowed && count > 2 * this.#options.samplesMax) {
      throw tooManySamples(this.#options.samplesMax);
    }
  }

  /** Whether the slice is used up. Throws once the query is cancelled or out of time. */
  isPauseDue(): boolean {
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs >= this.#deadlineMs || this.#options.signal?.aborted === true) this.checkAlive(nowMs);
    return nowMs >= this.#sliceEndMs;
  }

  /** The same after work on so many samples; looks at the clock only once they are many. */
  isPauseDueAfter(samples: number): boolean {
    this.#unlooked += samples;
    if (this.#unlooked < samplesPerLook) return false;
    this.#unlooked = 0;
    return this.isPauseDue();
  }

  /** Lets others run, then starts a new slice. */
  async pause(): Promise<void> {
    await this.#options.yieldNow();
    const nowMs = this.#options.clock.monotonicMs();
    this.checkAlive(nowMs);
    this.#sliceEndMs = nowMs + sliceMs;
  }

  /** Throws where the query is cancelled or out of time. */
  checkAlive(nowMs = this.#options.clock.monotonicMs()): void {
    if (this.#options.signal?.aborted === true) {
      throw new QueryError("canceled", "query was canceled in expression evaluation");
    }
    if (nowMs >= this.#deadlineMs) {
      const limit = formatDuration(Math.max(1, Math.round(this.#options.timeoutMs)));
      throw new QueryError(
        "timeout",
        `query timed out in expression evaluation (limit ${limit}: ask for less, or raise --query.timeout or the parameter timeout)`,
      );
    }
  }
}

/** Prometheus' text first, so that programs know it; then which limit it was. */
function tooManySamples(samplesMax: number): QueryError {
  return new QueryError(
    "execution",
    `query processing would load too many samples into memory in query execution (limit ${samplesMax}: select fewer series or a shorter time, or raise --query.max-samples)`,
  );
}
