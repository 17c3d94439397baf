/** JSON of /api/ciliascope/v1/map: who talks to whom within a window, and what came of it. */

/** GET /map */
export interface MapAnswer {
  readonly level: "workload" | "identity" | "namespace" | "pod";
  /** What was counted: whole minutes unless a filter was given, whole tens of them where flows of more than ten hours are held. */
  readonly startMs: number;
  readonly endMs: number;
  /** How long flows were held within that: what rates are reckoned by. */
  readonly seconds: number;
  /** The oldest flow that is held, where the window begins before it; else null. */
  readonly heldSinceMs: number | null;
  /** How much of the window's flows was seen. */
  readonly completeness: {
    readonly seen: number;
    readonly lost: number;
    /** Seen / (seen + lost); 1 where nothing was lost. */
    readonly share: number;
    /** How long the server was off. */
    readonly offMs: number;
  };
  readonly nodes: readonly MapNodeAnswer[];
  readonly edges: readonly MapEdgeAnswer[];
  readonly flows: number;
  /** Flows of nodes and edges beyond what can be held. */
  readonly other: number;
  /** Width of a point of `history`. */
  readonly historyStepMs: number;
  /** The second window, where one was asked for. */
  readonly vs: {
    readonly startMs: number;
    readonly endMs: number;
    readonly seconds: number;
    readonly flows: number;
  } | null;
  readonly tookMs: number;
}

/** In the first window alone, in the second alone, in both; "" without a second. */
export type MapChange = "new" | "gone" | "same" | "";

/** A node. */
export interface MapNodeAnswer {
  readonly id: string;
  /** Deployment, StatefulSet…, Pod, Namespace, fqdn, cidr, entity (world, host, remote-node…). */
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly cluster: string;
  readonly identities: readonly number[];
  readonly podCount: number;
  readonly pods: readonly string[];
  readonly labels: readonly string[];
  readonly isOutside: boolean;
  readonly change: MapChange;
  /** A filter for `q` that gives the node's flows. */
  readonly filter: string;
}

/** An edge from client to server. */
export interface MapEdgeAnswer {
  readonly id: string;
  readonly source: string;
  readonly destination: string;
  readonly flows: number;
  readonly perSecond: number;
  /** The verdict that matters most: DROPPED, ERROR, AUDIT, REDIRECTED, FORWARDED… */
  readonly verdict: string;
  readonly verdicts: Readonly<Record<string, number>>;
  readonly dropReasons: Readonly<Record<string, number>>;
  /** "TCP 80" → flows: the busiest. */
  readonly ports: Readonly<Record<string, number>>;
  /** Ports in all. */
  readonly portCount: number;
  readonly l7: readonly {
    readonly protocol: string;
    readonly requests: number;
    readonly responses: number;
    readonly requestsPerSecond: number;
    /** Methods, query types, API keys. */
    readonly operations: Readonly<Record<string, number>>;
    readonly statuses: Readonly<Record<string, number>>;
    /** Share of answers that are errors (HTTP 5xx, DNS and Kafka other than 0). */
    readonly errorShare: number;
  }[];
  /** ms, right within 9 %; null where no latency was seen. */
  readonly latency: {
    readonly count: number;
    readonly p50Ms: number;
    readonly p90Ms: number;
    readonly p99Ms: number;
  } | null;
  readonly history: readonly number[];
  readonly dropHistory: readonly number[];
  readonly firstMs: number;
  readonly lastMs: number;
  readonly change: MapChange;
  /** The same edge in the second window. */
  readonly vs: {
    readonly flows: number;
    readonly perSecond: number;
    readonly verdicts: Readonly<Record<string, number>>;
    readonly p90Ms: number | null;
  } | null;
}
