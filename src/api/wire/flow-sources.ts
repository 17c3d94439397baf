/** JSON of /api/ciliascope/v1/flow-sources: where flows come from, what was seen, what was lost and why. */

/** The answer. */
export interface FlowSourcesAnswer {
  readonly sources: readonly FlowSourceAnswer[];
  /** HOST:PORT of our own Observer; null: it does not listen. */
  readonly observer: string | null;
}

/** One source. Counts are since its start. */
export interface FlowSourceAnswer {
  readonly name: string;
  readonly kind: "relay" | "agents" | "file" | "stdin" | "embedded";
  readonly cluster: string;
  readonly state: "connecting" | "connected" | "waiting" | "ended";
  readonly trouble: {
    readonly cause: string;
    readonly mend: string;
    readonly sinceMs: number;
  } | null;
  readonly seenFlows: number;
  readonly duplicateFlows: number;
  readonly badRecords: number;
  readonly unknownFields: number;
  readonly reconnects: number;
  /** RFC 3339; "" before the first flow. */
  readonly lastFlowTime: string;
  /** Events lost, by cause, over all nodes. */
  readonly lost: Readonly<Record<string, number>>;
  /** Seen / (seen + lost); 1 where nothing was lost. */
  readonly completeness: number;
  readonly nodes: readonly FlowNodeAnswer[];
  readonly gaps: readonly { readonly from: string; readonly until: string; readonly why: string }[];
}

/** One node of a source. */
export interface FlowNodeAnswer {
  readonly node: string;
  readonly seen: number;
  readonly lost: Readonly<Record<string, number>>;
  readonly state: string;
  readonly message: string;
  readonly completeness: number;
}
