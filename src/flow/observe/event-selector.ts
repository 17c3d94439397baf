/**
 * Picks the events that were asked for out of lines of JSON: time span, filters, the first or last N.
 * A line that does not parse is told once and passed over; unknown fields are told once for all.
 */

import { ConfigError, errorMessage, ParseError } from "../../base/errors.ts";
import { type FlowTest, noFlow } from "../filter/flow-filter.ts";
import { type ExportEvent, timestampNanos } from "../model/flow.ts";
import { parseResponseLine } from "../model/jsonpb.ts";
import { parseProtojson } from "../model/protojson.ts";

/** What was asked for. Times in nanoseconds since the epoch, both inclusive. */
export interface EventRequest {
  readonly passes: FlowTest;
  readonly since: bigint | undefined;
  readonly until: bigint | undefined;
  /** The first so many; undefined = not limited so. */
  readonly first: number | undefined;
  /** The last so many, known when the input ends; undefined = not limited so. */
  readonly last: number | undefined;
}

/** Says something went wrong that does not end the reading. */
export type Warn = (message: string, fields: Readonly<Record<string, string>>) => void;

/** More than this cannot be held for `last`. */
export const lastMax = 1_000_000;

/** Takes lines, gives events. */
export class EventSelector {
  readonly #request: EventRequest;
  readonly #warn: Warn;
  readonly #emit: (event: ExportEvent) => void;
  /** The latest events, a ring: `#next` is the oldest once it is full. */
  readonly #ring: ExportEvent[] = [];
  #next = 0;
  #emittedCount = 0;
  #mayHaveUnknown = false;
  #isPassingOn = false;

  /** Throws ConfigError when more is to be held than may be. */
  constructor(request: EventRequest, warn: Warn, emit: (event: ExportEvent) => void) {
    if (request.last !== undefined && request.last > lastMax) {
      throw new ConfigError(`--last must be <= 1_000_000, got ${request.last}`, { path: "" });
    }
    this.#request = request;
    this.#warn = warn;
    this.#emit = emit;
  }

  /** Whether nothing more can come out. */
  get isDone(): boolean {
    const { first } = this.#request;
    return first !== undefined && this.#emittedCount >= first;
  }

  /** Takes one line. */
  push(line: string): void {
    const event = this.#parse(line);
    if (event === undefined || this.isDone || !this.#isWanted(event)) return;
    const last = this.#isPassingOn ? undefined : this.#request.last;
    if (last === undefined) {
      this.#emittedCount++;
      this.#emit(event);
    } else if (this.#ring.length < last) this.#ring.push(event);
    else if (last > 0) {
      this.#ring[this.#next] = event;
      this.#next = (this.#next + 1) % last;
    }
  }

  /** The input ended: gives what was held back. */
  flush(): void {
    for (let i = 0; i < this.#ring.length; i++) {
      this.#emit(this.#ring[(this.#next + i) % this.#ring.length] as ExportEvent);
    }
    this.#ring.length = 0;
    this.#next = 0;
  }

  /** From now on events go out as they come: the last ones of the past are told. */
  passOn(): void {
    this.#isPassingOn = true;
  }

  #isWanted(event: ExportEvent): boolean {
    const { since, until, passes } = this.#request;
    if (since !== undefined || until !== undefined) {
      // An event without a time is as old as can be.
      const nanos = timestampNanos(event.time ?? "") ?? 0n;
      if (since !== undefined && nanos < since) return false;
      if (until !== undefined && nanos > until) return false;
    }
    return passes(event.flow ?? noFlow);
  }

  #parse(line: string): ExportEvent | undefined {
    try {
      const { event, hasUnknown } = parseResponseLine(line);
      if (hasUnknown && !this.#mayHaveUnknown) this.#noteUnknown(line);
      return event;
    } catch (thrown) {
      if (!(thrown instanceof ParseError)) throw thrown;
      return this.#parseStrictly(line);
    }
  }

  #noteUnknown(line: string): void {
    this.#mayHaveUnknown = true;
    const error = strictError(line, false) ?? "";
    this.#warn("unknown field detected, upgrade the Hubble CLI to get rid of this warning", {
      error,
    });
  }

  /** What the quick reader refuses is judged by the strict one, which has the original's words. */
  #parseStrictly(line: string): ExportEvent | undefined {
    const error = strictError(line, true);
    if (error !== undefined) {
      this.#warn("Failed to unmarshal json to flow", { error, line });
      return undefined;
    }
    return parseProtojson(line, "observer.GetFlowsResponse", { discardUnknown: true });
  }
}

function strictError(line: string, discardUnknown: boolean): string | undefined {
  try {
    parseProtojson(line, "observer.GetFlowsResponse", { discardUnknown });
    return undefined;
  } catch (thrown) {
    return errorMessage(thrown);
  }
}
