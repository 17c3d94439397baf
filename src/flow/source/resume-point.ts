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

/** Remembers the flows that came last. */
export class ResumePoint {
  readonly #keys = new Set<string>();
  readonly #ring: string[] = [];
  #next = 0;
  #lastTime = "";
  #lastMs = Number.NEGATIVE_INFINITY;
  #isResuming = false;
  #wasOverlapSeen = false;

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
    if (this.#ring.length < rememberedMax) this.#ring.push(key);
    else {
      this.#keys.delete(this.#ring[this.#next] as string);
      this.#ring[this.#next] = key;
      this.#next = (this.#next + 1) % rememberedMax;
    }
    this.#keys.add(key);
    this.#noteTime(flow.time ?? "");
    return true;
  }

  #noteTime(time: string): void {
    const ms = Date.parse(time);
    if (!(ms >= this.#lastMs)) return;
    this.#lastMs = ms;
    this.#lastTime = time;
  }
}
