/**
 * Where a broken stream goes on: the time to ask from, and which flows came already. After a reconnect
 * the server is asked for flows since a little before the last one, so that nothing between is missed;
 * what comes twice is known by its uuid (or, without one, by time and summary) and left out.
 */

import type { Flow } from "../model/flow.ts";
import { formatTimestamp } from "../model/flow.ts";

/** Flows remembered; at 10,000 a second this is more than the overlap. */
const rememberedMax = 65_536;
/** Asked for again: flows of several nodes come only nearly in order. */
const overlapMs = 3000;

/** A resume point to keep. */
export interface ResumeState {
  readonly lastTime: string;
  /** Of the flows in the overlap. */
  readonly keys: readonly string[];
}

/** Remembers the flows that came last. */
export class ResumePoint {
  readonly #keys = new Set<string>();
  readonly #ring: string[] = [];
  readonly #timesMs = new Float64Array(rememberedMax);
  #next = 0;
  #lastTime = "";
  #lastMs = Number.NEGATIVE_INFINITY;
  #isResuming = false;
  #wasOverlapSeen = false;

  /** Nothing yet, or what was kept of an earlier run. */
  constructor(kept?: ResumeState) {
    for (const key of kept?.keys ?? []) this.#remember(key, Date.parse(kept?.lastTime ?? ""));
    if (kept !== undefined) this.#noteTime(kept.lastTime);
  }

  /** What to keep; undefined before the first flow. O(flows remembered). */
  state(): ResumeState | undefined {
    if (this.#lastTime === "") return undefined;
    const sinceMs = this.#lastMs - overlapMs;
    const keys = this.#ring.filter((_, i) => (this.#timesMs[i] as number) >= sinceMs);
    return { lastTime: this.#lastTime, keys };
  }

  /** Time of the newest flow; "" before the first. */
  get lastTime(): string {
    return this.#lastTime;
  }

  /** From when to ask; undefined = there was nothing yet. */
  since(): string | undefined {
    return this.#lastTime === "" ? undefined : formatTimestamp(this.#lastMs - overlapMs);
  }

  /** The stream begins again: flows may come twice. */
  resume(): void {
    this.#isResuming = this.#lastTime !== "";
    this.#wasOverlapSeen = false;
  }

  /** Whether a flow is from before the overlap: it came in an earlier run. For readers that begin at the start. */
  isOld(flow: Flow, resumedAtMs: number): boolean {
    return Date.parse(flow.time ?? "") < resumedAtMs - overlapMs;
  }

  /** Time of the newest flow in ms; -Infinity before the first. */
  get lastMs(): number {
    return this.#lastMs;
  }

  /** Whether a flow of before was seen again since resume(): then there is no gap. */
  get wasOverlapSeen(): boolean {
    return this.#wasOverlapSeen;
  }

  /** Notes a flow; false where it came before. */
  take(flow: Flow): boolean {
    const key = flow.uuid ?? `${flow.time} ${flow.node_name} ${flow.Summary}`;
    if (this.#isResuming && this.#keys.has(key)) {
      this.#wasOverlapSeen = true;
      return false;
    }
    const ms = Date.parse(flow.time ?? "");
    this.#remember(key, ms);
    if (ms >= this.#lastMs) this.#noteTime(flow.time ?? "");
    return true;
  }

  #remember(key: string, ms: number): void {
    const slot = this.#ring.length < rememberedMax ? this.#ring.length : this.#next;
    if (slot < this.#ring.length) {
      this.#keys.delete(this.#ring[slot] as string);
      this.#next = (this.#next + 1) % rememberedMax;
    }
    this.#ring[slot] = key;
    this.#timesMs[slot] = ms;
    this.#keys.add(key);
  }

  #noteTime(time: string): void {
    const ms = Date.parse(time);
    if (Number.isNaN(ms)) return;
    this.#lastMs = ms;
    this.#lastTime = time;
  }
}
