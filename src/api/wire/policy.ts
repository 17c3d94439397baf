/** JSON of /api/ciliascope/v1/policy…: applied policies, their hits, drafts, replays, proposals. Types only. */

/** `selects-none`: no endpoint is its subject; `unused`: no flow met a rule of it within the window. */
export type WirePolicyState =
  | "enforced"
  | "audit"
  | "not-imported"
  | "partly-unused"
  | "unused"
  | "selects-none";

/** Why a policy is not in force. */
export interface WirePolicyError {
  readonly line: number;
  readonly path: string;
  readonly message: string;
  readonly mend: string;
}

/** One applied policy in the list. */
export interface WirePolicyRow {
  readonly kind: string;
  /** "" for cluster-wide ones. */
  readonly namespace: string;
  readonly name: string;
  readonly state: WirePolicyState;
  readonly error: WirePolicyError | null;
  readonly directions: readonly ("ingress" | "egress")[];
  readonly endpoints: number;
  readonly rules: number;
  readonly unusedRules: number;
  /** Flows of the window that a rule of it let pass or refused (default deny included). */
  readonly allowed: number;
  readonly denied: number;
  /** Labels of its subjects, for the search. */
  readonly subject: string;
}

/** What every answer over a window says about it. */
export interface WirePolicyWindow {
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly flows: number;
  /** Flows that say nothing about policies: replies, other drops. */
  readonly skipped: number;
  /** 0..1 of the flows were seen. */
  readonly completeness: number;
  readonly tookMs: number;
}

/** How often the simulated verdict is the observed one. */
export interface WirePolicyScore {
  readonly compared: number;
  readonly equal: number;
}

/** GET /policy/list */
export interface WirePolicyList {
  readonly clusterName: string;
  readonly clusters: readonly string[];
  readonly revision: number;
  readonly window: WirePolicyWindow;
  readonly score: WirePolicyScore;
  readonly policies: readonly WirePolicyRow[];
}

/** Counts of one line of a policy. */
export interface WireLineHit {
  readonly line: number;
  readonly part: "subject" | "rule" | "peer" | "port" | "request";
  readonly title: string;
  readonly allowed: number;
  readonly denied: number;
}

/** A sentence under a line. */
export interface WireLineNote {
  readonly line: number;
  readonly kind: "info" | "warn" | "crit";
  readonly text: string;
}

/** GET /policy/applied/:kind/:namespace/:name ("-" for no namespace) */
export interface WireAppliedPolicy {
  readonly policy: WirePolicyRow;
  readonly yaml: string;
  readonly window: WirePolicyWindow;
  readonly hits: readonly WireLineHit[];
  readonly notes: readonly WireLineNote[];
}

/** A change of the text that mends. */
export interface WireMend {
  readonly line: number;
  /** 0-based characters of the line. */
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly title: string;
}

/** One fault or warning of a text. */
export interface WirePolicyFinding {
  readonly severity: "error" | "warning" | "note";
  readonly line: number;
  /** "API server", "Cilium agent", "linter", "YAML". */
  readonly by: string;
  readonly code: string;
  readonly path: string;
  readonly message: string;
  readonly mend: WireMend | null;
}

/** POST /policy/check */
export interface WirePolicyCheck {
  readonly findings: readonly WirePolicyFinding[];
  readonly policies: readonly {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    /** Endpoints that its subject selects now; null where it is not known. */
    readonly endpoints: number | null;
  }[];
}

/** One group of a replay. */
export interface WireReplayChange {
  readonly source: string;
  readonly destination: string;
  readonly service: string;
  readonly direction: "ingress" | "egress";
  readonly policy: string;
  /** Line of the draft; null where the reason lies elsewhere. */
  readonly line: number | null;
  readonly reason: string;
  readonly requests: readonly string[];
  readonly flows: number;
  readonly lastTime: string;
}

/** POST /policy/replay */
export interface WireReplay {
  /** "3 workloads would lose 41 flows. 1 would gain 4 812." */
  readonly sentence: string;
  readonly window: WirePolicyWindow;
  readonly same: number;
  readonly lost: number;
  readonly gained: number;
  readonly unexplained: number;
  readonly lostGroups: readonly WireReplayChange[];
  readonly gainedGroups: readonly WireReplayChange[];
  readonly rules: readonly {
    readonly title: string;
    readonly line: number;
    readonly flows: number;
    /** null: a new rule. */
    readonly before: number | null;
  }[];
  /** Groups beyond those given. */
  readonly moreGroups: number;
}

/** GET /policy/propose */
export interface WireProposals {
  readonly window: WirePolicyWindow;
  readonly proposals: readonly {
    readonly namespace: string;
    readonly name: string;
    readonly yaml: string;
    readonly flows: number;
  }[];
  /** Flows that the proposals together would drop: 0 unless something cannot be said in a policy. */
  readonly wouldDrop: number;
}

/** GET /policy/unused */
export interface WireUnusedRules {
  readonly window: WirePolicyWindow;
  readonly ruleCount: number;
  readonly rules: readonly {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly section: string;
    readonly index: number;
    readonly line: number;
    readonly isSubjectSeen: boolean;
  }[];
}

/** GET /policy/score */
export interface WireScoreAnswer extends WirePolicyScore {
  readonly window: WirePolicyWindow;
  readonly deniedHere: readonly WireScoreGroup[];
  readonly allowedHere: readonly WireScoreGroup[];
}

/** Flows whose verdict the simulator does not give. */
export interface WireScoreGroup {
  readonly source: string;
  readonly destination: string;
  readonly service: string;
  readonly reason: string;
  readonly flows: number;
}

/** GET or POST (with a draft) /policy/matrix */
export interface WireMatrix {
  readonly window: WirePolicyWindow;
  readonly workloads: readonly string[];
  /** Workloads of the namespaces asked for that found no room. */
  readonly more: number;
  readonly namespaces: readonly string[];
  readonly cells: readonly {
    readonly source: string;
    readonly destination: string;
    readonly reach: "all" | "some" | "none";
    readonly services: readonly string[];
    readonly reason: string;
    readonly seenForwarded: number;
    readonly seenDenied: number;
  }[];
}

/** POST /policy/explain */
export interface WireConnectionExplanation {
  readonly decision: string;
  /** A line each: egress first. */
  readonly lines: readonly string[];
}

/** A stored draft. GET /policy/drafts lists them, newest first. */
export interface WireDraft {
  readonly id: string;
  /** Shown: "default/rule1". */
  readonly title: string;
  readonly yaml: string;
  /** "CiliumNetworkPolicy default/rule1" that it began as; "" for a new one. */
  readonly basedOn: string;
  readonly updatedMs: number;
}
