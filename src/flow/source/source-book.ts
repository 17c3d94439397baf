/** The figures of one source, kept while it runs and given out as its status. */

import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import { Completeness } from "./completeness.ts";
import type { FlowGap, FlowSourceStatus, SourceTrouble } from "./flow-source.ts";

const gapsMax = 100;

/** Counts and states of a source. A trouble is logged once, and once more when it is over. */
export class SourceBook {
  readonly completeness = new Completeness();
  readonly gaps: FlowGap[] = [];
  state: FlowSourceStatus["state"] = "connecting";
  seenFlows = 0;
  duplicateFlows = 0;
  badRecords = 0;
  unknownFields = 0;
  reconnects = 0;
  lastFlowTime = "";
  readonly #head: Pick<FlowSourceStatus, "name" | "kind" | "cluster">;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #trouble: SourceTrouble | undefined;
  #hasToldBad = false;
  #hasToldUnknown = false;

  constructor(
    head: Pick<FlowSourceStatus, "name" | "kind" | "cluster">,
    clock: Clock,
    logger: Logger,
  ) {
    this.#head = head;
    this.#clock = clock;
    this.#logger = logger;
  }

  get name(): string {
    return this.#head.name;
  }

  /** Something is wrong; the same cause again says nothing new. */
  trouble(cause: string, mend: string): void {
    this.state = "waiting";
    if (this.#trouble?.cause === cause) return;
    this.#trouble = { cause, mend, sinceMs: this.#clock.nowMs() };
    this.#logger.warn({ source: this.#head.name, cause, mend }, "no flows from this source");
  }

  /** All is well. */
  connected(): void {
    this.state = "connected";
    if (this.#trouble !== undefined) {
      this.#logger.info({ source: this.#head.name }, "flows come from this source again");
    }
    this.#trouble = undefined;
  }

  /** A record could not be read. Told once. */
  bad(why: string): void {
    this.badRecords++;
    if (this.#hasToldBad) return;
    this.#hasToldBad = true;
    this.#logger.warn(
      { source: this.#head.name, why },
      "a record cannot be read and is left out; further ones are only counted",
    );
  }

  /** Fields or enum names came that this program does not know; `first` is one of them, "" = not told. Told once. */
  unknown(count: number, first = ""): void {
    this.unknownFields += count;
    if (this.#hasToldUnknown || count === 0) return;
    this.#hasToldUnknown = true;
    this.#logger.warn(
      { source: this.#head.name, ...(first === "" ? {} : { unknown: first }) },
      "flows have fields or names that this version does not know (a newer Cilium?); they are left out and counted",
    );
  }

  /** Flows are missing between two times. */
  gap(gap: FlowGap): void {
    if (this.gaps.length >= gapsMax) this.gaps.shift();
    this.gaps.push(gap);
    this.#logger.warn({ source: this.#head.name, ...gap }, "flows are missing");
  }

  status(): FlowSourceStatus {
    return {
      ...this.#head,
      state: this.state,
      trouble: this.#trouble,
      seenFlows: this.seenFlows,
      duplicateFlows: this.duplicateFlows,
      badRecords: this.badRecords,
      unknownFields: this.unknownFields,
      reconnects: this.reconnects,
      lastFlowTime: this.lastFlowTime,
      nodes: this.completeness.nodes(),
      gaps: [...this.gaps],
    };
  }
}
