/**
 * Past flows, as the Observer, `observe` and replays ask for them. The on-disk flow store implements
 * it; a server without a store answers from its ring of recent flows alone.
 */

import type { FlowFilter } from "./filter/flow-filter.ts";
import type { Flow } from "./model/flow.ts";

/** What is searched for. Lists as in Hubble: no allow filter = everything, deny filters win. */
export interface FlowSearch {
  /** First moment, ms since the epoch, inclusive; undefined = from the oldest on. */
  readonly sinceMs?: number | undefined;
  /** Last moment, ms since the epoch, inclusive; undefined = to the newest. */
  readonly untilMs?: number | undefined;
  readonly filter: {
    readonly allow: readonly FlowFilter[];
    readonly deny: readonly FlowFilter[];
  };
  /** Only the oldest so many that match. Not together with `last`. */
  readonly first?: number | undefined;
  /** Only the newest so many that match; they still come oldest first. */
  readonly last?: number | undefined;
  /** Ends the search early; the iteration then ends without an error. */
  readonly signal?: AbortSignal | undefined;
}

/** Flows of the past. */
export interface FlowHistory {
  /**
   * Matching flows, oldest first, in batches of the implementation's choice. A batch belongs to the
   * reader; the flows in it are never changed. Throws ConfigError on a filter that does not compile.
   */
  search(search: FlowSearch): AsyncIterable<Flow[]>;
}
