/**
 * Where flows come from: a Relay or an agent by gRPC, all agents of a cluster, a file of the exporter,
 * the standard input. A source runs until it is closed, mends itself where it can, and says at any
 * time what it has seen and what was lost and why.
 */

import type { Flow } from "../model/flow.ts";
import type { NodeCompleteness } from "./completeness.ts";

/** Flows that came together. The list and its flows belong to nobody: they are never changed. */
export interface FlowBatch {
  /** Name of the source. */
  readonly source: string;
  /** The cluster that the source was declared with; "" = none. */
  readonly cluster: string;
  readonly flows: readonly Flow[];
}

/** What is wrong with a source now. */
export interface SourceTrouble {
  /** What happened, in a sentence. */
  readonly cause: string;
  /** What to do about it; "" where it mends itself. */
  readonly mend: string;
  readonly sinceMs: number;
}

/** A time of which flows are missing. */
export interface FlowGap {
  /** RFC 3339 time of the last flow before and the first after it. */
  readonly from: string;
  readonly until: string;
  readonly why: string;
}

/** How a source is doing. Counts are since its start. */
export interface FlowSourceStatus {
  /** As it was declared, secrets left out. */
  readonly name: string;
  readonly kind: "relay" | "agents" | "file" | "stdin" | "embedded";
  readonly cluster: string;
  readonly state: "connecting" | "connected" | "waiting" | "ended";
  readonly trouble: SourceTrouble | undefined;
  readonly seenFlows: number;
  /** Flows that came a second time after a reconnect and were left out. */
  readonly duplicateFlows: number;
  /** Lines or messages that could not be read. */
  readonly badRecords: number;
  /** Fields that this program does not know. */
  readonly unknownFields: number;
  readonly reconnects: number;
  /** RFC 3339 time of the newest flow; "" before the first. */
  readonly lastFlowTime: string;
  readonly nodes: readonly NodeCompleteness[];
  /** The latest gaps, oldest first, 100 at most. */
  readonly gaps: readonly FlowGap[];
}

/** A source of flows. */
export interface FlowSource {
  readonly name: string;
  /** Hands each batch to `take` until closed; a promise of `take` holds the source back. */
  start(take: (batch: FlowBatch) => void | Promise<void>): void;
  status(): FlowSourceStatus;
  /** Settles when nothing more can come (stdin at its end); never for sources that follow. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}
