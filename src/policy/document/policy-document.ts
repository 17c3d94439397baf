/**
 * A CiliumNetworkPolicy, CiliumClusterwideNetworkPolicy or Kubernetes NetworkPolicy as the engine uses
 * it: parsed, checked, frozen, every part with the line it came from. One document has one or more
 * specs, each a subject and entries; an entry is one item of `ingress`, `egress`, `ingressDeny` or
 * `egressDeny`. Produced by policy-parse.ts and network-policy-parse.ts only.
 */

import type { LabelSelector } from "../selector/label-selector.ts";
import type { PeerSelector } from "../selector/peer-selector.ts";

/** Seen from the subject: who may reach it, or whom it may reach. */
export type PolicyDirection = "ingress" | "egress";

/** The lists of a spec, as Cilium spells them. */
export type PolicySection = "ingress" | "egress" | "ingressDeny" | "egressDeny";

/** Transport protocols of a packet. */
export type PolicyProtocol = "TCP" | "UDP" | "SCTP" | "ICMP" | "ICMPV6" | "VRRP" | "IGMP";

/** The objects that hold policy. */
export const policyKinds = [
  "CiliumNetworkPolicy",
  "CiliumClusterwideNetworkPolicy",
  "NetworkPolicy",
] as const;
/** One of the kinds above. */
export type PolicyKind = (typeof policyKinds)[number];

/** Whether objects of this kind hold policy. */
export function isPolicyKind(kind: string): kind is PolicyKind {
  return (policyKinds as readonly string[]).includes(kind);
}

/** What tells a policy from others: kinds have names of their own, so two may be called the same. */
export function policyKey({
  kind,
  namespace,
  name,
}: {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}): string {
  return `${kind}/${namespace}/${name}`;
}

/** Where an entry was written: what explanations and flows name. */
export interface RuleOrigin {
  readonly kind: PolicyKind;
  /** "" for cluster-wide policies. */
  readonly namespace: string;
  readonly name: string;
  readonly file: string;
  readonly section: PolicySection;
  /** 0-based position in the section, over all specs. */
  readonly index: number;
  /** 1-based. */
  readonly line: number;
}

/** Ports of one protocol. ICMP types are "ports" of their protocol, as in Cilium. */
export interface PortMatch {
  /** "ANY" = TCP, UDP and SCTP. */
  readonly protocol: PolicyProtocol | "ANY";
  /** Inclusive; first 0 and last 65535 = the whole protocol. */
  readonly first: number;
  readonly last: number;
  /** A named port (lower case), looked up per endpoint; first and last are 0 then. */
  readonly name: string | undefined;
}

/** One header condition of an HTTP rule; `value` undefined = the header must be there. */
export interface HttpHeaderRule {
  /** Lower case. */
  readonly name: string;
  readonly value: string | undefined;
  /** As written: "X-Token: abc", or the name of a header match. */
  readonly text: string;
  /** What a mismatch does: undefined = the rule does not match; else the request goes on. */
  readonly mismatch: "LOG" | "ADD" | "DELETE" | "REPLACE" | undefined;
  /** The value is in a Kubernetes secret, which nobody gave us: no request can be said to match. */
  readonly hasUnknownValue?: boolean;
}

/** One item of `rules.http`; regular expressions are RE2, full match. Undefined = anything. */
export interface HttpRule {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly host: string | undefined;
  readonly headers: readonly HttpHeaderRule[];
  readonly line: number;
}

/** One item of `rules.dns` or `toFQDNs`: a name, or a pattern with `*`. */
export interface DnsRule {
  readonly matchName: string | undefined;
  readonly matchPattern: string | undefined;
  readonly line: number;
}

/** One item of `rules.kafka`. Undefined = anything. */
export interface KafkaRule {
  /** "produce" or "consume": a group of API keys. */
  readonly role: string | undefined;
  readonly apiKey: string | undefined;
  readonly apiVersion: string | undefined;
  readonly clientId: string | undefined;
  readonly topic: string | undefined;
  readonly line: number;
}

/** What a toPorts item asks of the proxy. An empty list of rules is the same as none. */
export type L7Rules =
  | { readonly parser: "http"; readonly http: readonly HttpRule[] }
  | { readonly parser: "dns"; readonly dns: readonly DnsRule[] }
  | { readonly parser: "kafka"; readonly kafka: readonly KafkaRule[] }
  /** A parser of the user's own, named by `l7proto`. */
  | {
      readonly parser: "l7";
      readonly l7proto: string;
      readonly l7: readonly Readonly<Record<string, string>>[];
    }
  /** Only names in the TLS handshake are looked at. */
  | { readonly parser: "tls"; readonly serverNames: readonly string[] }
  /** A listener of a CiliumEnvoyConfig, "namespace/config/listener"; among several the lowest priority counts. */
  | {
      readonly parser: "crd";
      readonly listener: string;
      readonly priority: number | undefined;
    };

/** One item of `toPorts` or `icmps`. */
export interface PortRule {
  readonly ports: readonly PortMatch[];
  readonly l7: L7Rules | undefined;
  /** Names (with `*`) that the TLS handshake must ask for; empty = any. */
  readonly serverNames: readonly string[];
  readonly line: number;
  /** Line of each of `ports`; absent: all of them stand on `line`. */
  readonly portLines?: readonly number[];
}

/** `authentication.mode`. */
export type AuthMode = "disabled" | "required" | "test-always-fail";

/** One item of a section. */
export interface PolicyEntry {
  readonly origin: RuleOrigin;
  readonly direction: PolicyDirection;
  readonly isDeny: boolean;
  /** ORed; undefined = every peer; an empty list selects nobody. */
  readonly peers: readonly PeerSelector[] | undefined;
  /** ORed; undefined = every port and protocol; an empty list selects nothing. */
  readonly ports: readonly PortRule[] | undefined;
  readonly auth: AuthMode | undefined;
  /** Peer fields that were written as empty lists: what a linter wonders about. */
  readonly emptyPeerFields: readonly string[];
  /** Line of each of `peers`, in their order; absent: all of them stand on the entry's line. */
  readonly peerLines?: readonly number[];
}

/** One `spec` or item of `specs`. */
export interface PolicySpec {
  /** Pods and other endpoints, or nodes (`nodeSelector`: the host's own traffic). */
  readonly subjectKind: "endpoint" | "node";
  readonly subject: LabelSelector;
  readonly entries: readonly PolicyEntry[];
  /** Whether selecting an endpoint turns default deny on, per direction. */
  readonly defaultDeny: { readonly ingress: boolean; readonly egress: boolean };
  readonly logValue: string | undefined;
  readonly line: number;
  /** Of the selector of the subject. */
  readonly subjectLine: number;
}

/** One policy object. */
export interface PolicyDocument {
  readonly kind: PolicyKind;
  /** "" for cluster-wide policies. */
  readonly namespace: string;
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly specs: readonly PolicySpec[];
  /** Items of all sections: what `cilium_policy` counts. */
  readonly entryCount: number;
  /** The document as it was written. */
  readonly text: string;
}

/** A Service as `toServices` sees it. */
export interface ServiceFacts {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Undefined or empty = no selector: its backends are addresses. */
  readonly selector?: Readonly<Record<string, string>> | undefined;
  /** Addresses behind a service without selector. */
  readonly backends?: readonly string[] | undefined;
}

/** A CiliumCIDRGroup as `cidrGroupRef` and `cidrGroupSelector` see it. */
export interface CidrGroup {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly cidrs: readonly string[];
}
