/** JSON of POST /flows/explain, /endpoints/ID/policy and /identities/references. Types only; the page imports them. */

/** Where a rule stands. */
export interface WirePolicyPlace {
  readonly kind: string;
  /** "" for cluster-wide policies. */
  readonly namespace: string;
  readonly name: string;
  /** "ingress", "egressDeny"… */
  readonly section: string;
  readonly index: number;
  /** 1-based, in the policy's YAML. */
  readonly line: number;
}

/** One step of a verdict. */
export interface WireExplainedStep {
  readonly state: "allows" | "closes" | "misses" | "denies";
  readonly title: string;
  readonly text: string;
  readonly place: WirePolicyPlace | null;
  readonly line: number | null;
  readonly note: string;
}

/** One end's part of a verdict. */
export interface WireExplainedSide {
  readonly direction: "ingress" | "egress";
  readonly subject: string;
  readonly peer: string;
  readonly isDenied: boolean;
  /** Here the flow was seen. */
  readonly isObserved: boolean;
  readonly steps: readonly WireExplainedStep[];
}

/** A policy with the lines that the steps speak of. */
export interface WirePolicyText extends WirePolicyPlace {
  readonly text: string;
  readonly marks: readonly {
    readonly line: number;
    readonly state: string;
    readonly note: string;
  }[];
}

/** POST /flows/explain; the body is a flow. */
export interface WireFlowExplanation {
  /** Why policies say nothing about it; null where they do. */
  readonly silence: string | null;
  readonly sides: readonly WireExplainedSide[];
  /** Whether our engine and the datapath agree; null where nothing can be compared. */
  readonly agrees: boolean | null;
  /** Revision of the policies that were asked: those in force now. */
  readonly revision: number;
  readonly policies: readonly WirePolicyText[];
  /** Policies that could not be read and are left out. */
  readonly faults: readonly string[];
}

/** One direction of GET /endpoints/ID/policy. */
export interface WireEndpointRules {
  readonly isDefaultDeny: boolean;
  readonly rules: readonly (WirePolicyPlace & {
    readonly isDeny: boolean;
    /** null: every peer. */
    readonly peers: readonly string[] | null;
  })[];
}

/** GET /endpoints/ID/policy */
export interface WireEndpointPolicy {
  readonly revision: number;
  readonly ingress: WireEndpointRules;
  readonly egress: WireEndpointRules;
}

/** GET /identities/references */
export interface WireIdentityReferences {
  readonly id: number;
  readonly clusterName: string;
  /** Policies that select it as their subject. */
  readonly selectedBy: readonly string[];
}
