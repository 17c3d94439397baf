/**
 * All flow sources of a server as one stream: whoever wants flows (store, metrics, map, Observer)
 * subscribes here and gets the batches of every source as they come. A subscriber that fails loses
 * that batch, never another's.
 */

import { errorMessage } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { FlowBatch, FlowSource, FlowSourceStatus } from "./flow-source.ts";

/** Takes a batch; a promise holds back the source that sent it. */
export type TakeFlows = (batch: FlowBatch) => void | Promise<void>;

/** Sources and subscribers. */
export class FlowFeed {
  readonly #logger: Logger;
  readonly #sources: FlowSource[] = [];
  readonly #takers = new Set<TakeFlows>();
  readonly #failed = new WeakSet<TakeFlows>();
  #isClosed = false;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Starts a source; it is closed with the feed. Subscribe before, to miss nothing. */
  add(source: FlowSource): void {
    if (this.#isClosed) return;
    this.#sources.push(source);
    source.start((batch) => this.publish(batch));
  }

  /** Ends a source that was added and forgets it. */
  async remove(source: FlowSource): Promise<void> {
    const index = this.#sources.indexOf(source);
    if (index >= 0) this.#sources.splice(index, 1);
    await source.close();
  }

  /** Calls `take` for each batch from now on; returns how to stop that. */
  subscribe(take: TakeFlows): () => void {
    this.#takers.add(take);
    return () => this.#takers.delete(take);
  }

  /** Hands a batch to all subscribers. */
  publish(batch: FlowBatch): void | Promise<void> {
    let waiting: Promise<void>[] | undefined;
    for (const take of this.#takers) {
      try {
        const taken = take(batch);
        if (taken === undefined) continue;
        waiting ??= [];
        waiting.push(taken.catch((thrown: unknown) => this.#fail(take, thrown)));
      } catch (thrown) {
        this.#fail(take, thrown);
      }
    }
    if (waiting !== undefined) return Promise.all(waiting).then(() => undefined);
  }

  /** How each source is doing, in the order in which they were added. */
  status(): FlowSourceStatus[] {
    return this.#sources.map((source) => source.status());
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#sources.map((source) => source.close()));
    this.#takers.clear();
  }

  /** Said once a subscriber: flows come by the thousand. */
  #fail(take: TakeFlows, thrown: unknown): void {
    if (this.#failed.has(take)) return;
    this.#failed.add(take);
    this.#logger.error({ error: errorMessage(thrown) }, "a reader of flows failed on a batch");
  }
}
