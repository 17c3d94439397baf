/** What is asked of the policy engine and what it answers. Facts only; policy-engine.ts decides. */

import type {
  AuthMode,
  DnsRule,
  HttpRule,
  KafkaRule,
  PolicyDirection,
  PolicyEntry,
  PolicyProtocol,
  PolicySpec,
  RuleOrigin,
} from "../document/policy-document.ts";

/** A named port of a pod. */
export interface NamedPort {
  readonly port: number;
  readonly protocol: PolicyProtocol;
}

/** One end of a connection. */
export interface PolicyEndpoint {
  /** Labels of the security identity, with source. */
  readonly labels: readonly string[];
  /** Address of an end outside the cluster; CIDR rules look at it. */
  readonly address?: string;
  /** Normalised DNS names whose answers held the address. */
  readonly names?: readonly string[];
  /** Named container ports, by lower-case name. */
  readonly namedPorts?: ReadonlyMap<string, NamedPort>;
}

/** What is asked. For ICMP `port` is the type. */
export interface VerdictQuery {
  readonly source: PolicyEndpoint;
  readonly destination: PolicyEndpoint;
  readonly port: number;
  readonly protocol: PolicyProtocol;
  /** Whose policy decides: ingress = the destination's, egress = the source's. */
  readonly direction: PolicyDirection;
}

/** Kind of policy-map entry that decided, as Hubble's policy_match_type. */
export type PolicyMatch =
  | "l3-l4"
  | "l3-proto"
  | "l3-only"
  | "l4-only"
  | "proto-only"
  | "all"
  | "none";

/** The verdict where no policy enforces the direction. */
export const openVerdict: Verdict = {
  decision: "default-allow",
  match: "none",
  matchedBy: [],
  isAllowLocalhost: false,
  dropReason: undefined,
  defaultDenyBy: [],
  l7: undefined,
  policyLog: [],
};

/** Requests that a redirect lets pass; `allowAll` = some rule has no L7 restriction. */
export type L7Verdict = {
  readonly allowAll: boolean;
  /** Names that the TLS handshake must ask for, sorted; undefined = any. */
  readonly serverNames?: readonly string[] | undefined;
} & (
  | { readonly parser: "http"; readonly http: readonly HttpRule[] }
  | { readonly parser: "dns"; readonly dns: readonly DnsRule[] }
  | { readonly parser: "kafka"; readonly kafka: readonly KafkaRule[] }
  | {
      readonly parser: "l7";
      readonly l7proto: string;
      readonly l7: readonly Readonly<Record<string, string>>[];
    }
  | { readonly parser: "tls"; readonly serverNames: readonly string[] }
  | { readonly parser: "crd"; readonly listener: string }
);

/** Authentication that the deciding entry asks for. */
export interface AuthVerdict {
  readonly mode: AuthMode;
  /** Taken over from a broader entry, since the deciding one says nothing about it. */
  readonly isDerived: boolean;
}

/** Why policies drop, as Cilium numbers it: no rule matched where one must (POLICY_DENIED), a deny rule did (POLICY_DENY). */
export const dropReasons = { defaultDeny: 133, denyRule: 181 } as const;

/** The answer for one direction. Shared between questions: never changed. */
export interface Verdict {
  /**
   * `default-allow`: no policy enforces this direction, or only ones without default deny and none
   * matched. `error`: the endpoint's policies contradict each other (see `error`); Cilium's agent
   * goes on with the endpoint's previous policy.
   */
  readonly decision: "allowed" | "denied" | "default-allow" | "error";
  readonly match: PolicyMatch;
  /** Rules that made the deciding entry; empty for default deny and default allow. */
  readonly matchedBy: readonly RuleOrigin[];
  /** The host may always reach its own pods; no policy is named then. */
  readonly isAllowLocalhost: boolean;
  /** For denials, one of `dropReasons`. */
  readonly dropReason: (typeof dropReasons)[keyof typeof dropReasons] | undefined;
  /** For "nothing matched": the first entry of each spec that turned default deny on. */
  readonly defaultDenyBy: readonly RuleOrigin[];
  /** The traffic goes through the L7 proxy, which has these rules. */
  readonly l7: L7Verdict | undefined;
  /** log.value of the matching specs, sorted, without duplicates. */
  readonly policyLog: readonly string[];
  /** Both ends must have authenticated each other before traffic passes; undefined = not asked for. */
  readonly auth?: AuthVerdict | undefined;
  /** Why the endpoint's policy cannot be resolved. */
  readonly error?: string | undefined;
}

/** An entry that selects an endpoint, with its spec. */
export interface SelectedEntry {
  readonly entry: PolicyEntry;
  readonly spec: PolicySpec;
}

/** An entry that selects a peer. */
export interface PeerEntry extends SelectedEntry {
  /** Those of its selectors that do; undefined = it has none, it means every peer. "" = every peer too. */
  readonly selectors: readonly string[] | undefined;
}

/** What an endpoint's policy says for one direction. */
export interface DirectionPolicy {
  readonly direction: PolicyDirection;
  /** Some entry selects the endpoint: what Cilium reports as enforcement, default deny or not. */
  readonly isEnforced: boolean;
  /** What no entry allows is denied. */
  readonly isDefaultDeny: boolean;
  readonly entries: readonly SelectedEntry[];
  /** Some entry says something about authentication. */
  readonly hasAuth: boolean;
  readonly defaultDenyBy: readonly RuleOrigin[];
  /** Why the entries cannot be brought together: conflicting parsers or authentication. */
  readonly error: string | undefined;
}
