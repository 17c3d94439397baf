/**
 * Verdicts: who may talk to whom under a set of policies, and why. Compile → ask. Endpoints that the
 * same specs select share one policy; its peers are told apart only by which of its selectors select
 * them, and for each such kind of peer there is a table of verdicts by port. Which kind a peer is, is
 * remembered by pair in two bytes. A verdict costs two look-ups by endpoint, one by pair, and a binary
 * search; it allocates nothing once its table is there. Semantics: Cilium 1.19 as recorded in conformance
 * policy/. Watched by bench/policy.ts.
 */

import type {
  CidrGroup,
  PolicyDirection,
  PolicyDocument,
  PolicyProtocol,
  PolicySpec,
  ServiceFacts,
} from "../document/policy-document.ts";
import { type IdentityLabel, parseIdentityLabel } from "../selector/label-selector.ts";
import {
  formatPeer,
  isWildcardPeer,
  type PeerSelector,
  peerAddress,
} from "../selector/peer-selector.ts";
import { hasBit, SelectorIndex, setBits } from "../selector/selector-index.ts";
import {
  type PolicyEnforcementMode,
  type ResolvedPolicy,
  resolveEndpointPolicy,
  SpecIndex,
  selectSpecs,
} from "./endpoint-policy.ts";
import { compileDnsRules, compileHttpRules, type HttpMatcher } from "./l7-match.ts";
import { resolveSpecs } from "./resolved-spec.ts";
import type {
  L7Verdict,
  NamedPort,
  PeerEntry,
  PolicyEndpoint,
  SelectedEntry,
  Verdict,
  VerdictQuery,
} from "./verdict.ts";
import { VerdictTable } from "./verdict-table.ts";

/** Identities, and addresses of peers outside, that are remembered; beyond, the memory starts anew. */
const identitiesMax = 50_000;
const addressesMax = 100_000;
/** Bytes of remembered selector results. */
const peerBytesMax = 256 * 1024 * 1024;
/** Peers whose kind is remembered by pair, and bytes for that; beyond, selectors are looked at each time. */
const pairPeersMax = 16_384;
const pairBytesMax = 128 * 1024 * 1024;
/** Kinds of peers that two bytes can name; 0 = not known yet. */
const kindsMax = 65_535;
/** Selectors in one number of a signature. */
const bitsPerWord = 30;

/** Settings of the agent that change verdicts, and what it knows of the cluster. */
export interface PolicyEngineOptions {
  /** Name of the local cluster. */
  readonly clusterName?: string;
  /** The host may always reach its pods, whatever policies say but for an explicit deny; Kubernetes' default. */
  readonly allowLocalhost?: boolean;
  /**
   * Egress named ports are looked up over all pods; undefined where values conflict or none exists.
   * Asked once per kind of peer: where pods change, make a new engine.
   */
  readonly lookUpNamedPort?: (name: string, protocol: PolicyProtocol) => number | undefined;
  /** The agent's `enable-policy`. */
  readonly enforcementMode?: PolicyEnforcementMode;
  /** The agent's `enable-host-firewall`: policies with a nodeSelector act on the host. */
  readonly hasHostFirewall?: boolean;
  /** What `toServices` looks at. */
  readonly services?: readonly ServiceFacts[];
  /** What `cidrGroupRef` and `cidrGroupSelector` look at, for peers that are known by address only. */
  readonly cidrGroups?: readonly CidrGroup[];
}

/** What is remembered of a set of identity labels. */
interface Identity {
  readonly labels: readonly IdentityLabel[];
  readonly isHost: boolean;
  policy: EndpointTables | undefined;
  /** As a peer without address. */
  plain: PeerRecord | undefined;
  byAddress: Map<string, PeerRecord> | undefined;
}

interface PeerRecord {
  /** Counted up by engine. */
  readonly index: number;
  readonly isHost: boolean;
  /** A bit for each selector that selects the peer. */
  readonly matches: Uint32Array;
}

/** What is remembered of an endpoint that a caller holds. */
interface End {
  readonly identity: Identity;
  record: PeerRecord | undefined;
  ingress: DirectionTables | undefined;
  egress: DirectionTables | undefined;
}

interface EndpointTables {
  readonly resolved: ResolvedPolicy;
  readonly isHost: boolean;
  readonly egress: DirectionTables;
  /** Without named ports. */
  readonly ingress: DirectionTables;
  /** Where rules name ports: by the endpoint's own ports. */
  readonly ingressByPorts: WeakMap<ReadonlyMap<string, NamedPort>, DirectionTables> | undefined;
}

interface DirectionTables {
  /** Distinct selectors of the direction's entries. */
  readonly selectorIds: Uint32Array;
  /** Per entry: places in selectorIds, or undefined = every peer. */
  readonly entryPlaces: readonly (readonly number[] | undefined)[];
  readonly root: SignatureNode;
  readonly localhostRoot: SignatureNode;
  readonly portOf: VerdictPortLookup;
  /** By peer's index: 1 + place in `kinds`. */
  kindByPeer: Uint16Array;
  readonly kinds: VerdictTable[];
}

type VerdictPortLookup = NonNullable<PolicyEngineOptions["lookUpNamedPort"]>;

/** One step for each word of the signature. */
interface SignatureNode {
  table: VerdictTable | undefined;
  /** 1 + the table's place in `kinds`. */
  kind: number;
  next: Map<number, SignatureNode> | undefined;
}

/** A compiled set of policies. Immutable: a change of policies makes a new engine. */
export class PolicyEngine {
  readonly policies: readonly PolicyDocument[];
  /** Every spec, services and CIDR groups filled in. */
  readonly specs: readonly PolicySpec[];
  readonly #options: Required<PolicyEngineOptions>;
  readonly #index: SpecIndex;
  readonly #selectorIndex: SelectorIndex;
  readonly #selectorIds = new Map<string, number>();
  readonly #selectors: PeerSelector[] = [];
  /** "" = selects every peer. */
  readonly #selectorTexts: string[] = [];
  /** By endpoint and by label list: callers keep theirs, so that keys are made once. */
  readonly #ends = new WeakMap<PolicyEndpoint, End>();
  readonly #byList = new WeakMap<readonly string[], Identity>();
  readonly #byKey = new Map<string, Identity>();
  readonly #bySelection = new Map<string, EndpointTables>();
  /** By the selectors that select them. */
  readonly #peers = new Map<string, PeerRecord>();
  readonly #httpMatchers = new WeakMap<L7Verdict, HttpMatcher>();
  readonly #dnsMatchers = new WeakMap<L7Verdict, (name: string) => boolean>();
  #addressCount = 0;
  #nextPeerIndex = 0;
  #pairBytes = 0;

  constructor(policies: readonly PolicyDocument[], options: PolicyEngineOptions = {}) {
    this.policies = policies;
    this.#options = {
      clusterName: options.clusterName ?? "default",
      allowLocalhost: options.allowLocalhost ?? true,
      lookUpNamedPort: options.lookUpNamedPort ?? (() => undefined),
      enforcementMode: options.enforcementMode ?? "default",
      hasHostFirewall: options.hasHostFirewall ?? false,
      services: options.services ?? [],
      cidrGroups: options.cidrGroups ?? [],
    };
    this.specs = resolveSpecs(policies, this.#options);
    this.#index = new SpecIndex(this.specs);
    for (const { entries } of this.specs) {
      for (const { peers } of entries) for (const peer of peers ?? []) this.#intern(peer);
    }
    this.#selectorIndex = new SelectorIndex(this.#selectors, this.#options.clusterName);
  }

  /** Which directions policies enforce on the endpoint: `cilium_policy_endpoint_enforcement_status`. */
  enforcement(endpoint: PolicyEndpoint): { readonly ingress: boolean; readonly egress: boolean } {
    const { ingress, egress } = this.#tablesOf(this.#identityOf(endpoint.labels)).resolved;
    return { ingress: ingress.isEnforced, egress: egress.isEnforced };
  }

  /** Why the endpoint's policies cannot be brought together; undefined where they can. */
  policyError(endpoint: PolicyEndpoint): string | undefined {
    return this.#tablesOf(this.#identityOf(endpoint.labels)).resolved.error;
  }

  /** The entries that select the endpoint in a direction: what its policy map and its redirects come from. */
  entriesFor(endpoint: PolicyEndpoint, direction: PolicyDirection): readonly SelectedEntry[] {
    return this.#tablesOf(this.#identityOf(endpoint.labels)).resolved[direction].entries;
  }

  /** The entries of the subject that select the peer, whatever their ports. */
  entriesBetween(
    subject: PolicyEndpoint,
    peer: PolicyEndpoint,
    direction: PolicyDirection,
  ): readonly SelectedEntry[] {
    return this.#tableOf(subject, peer, direction).entries;
  }

  /** Ports that rules give a pair, one per policy-map entry: 0 = the peer is not selected. */
  countEntries(subject: PolicyEndpoint, peer: PolicyEndpoint, direction: PolicyDirection): number {
    let count = 0;
    for (const { entry } of this.entriesBetween(subject, peer, direction)) {
      count += entry.ports?.reduce((sum, { ports }) => sum + ports.length, 0) ?? 1;
    }
    return count;
  }

  /** The HTTP rules of a verdict of this engine, compiled once; undefined = it has none. */
  httpMatcher(l7: L7Verdict): HttpMatcher | undefined {
    if (l7.parser !== "http") return undefined;
    let matcher = this.#httpMatchers.get(l7);
    if (matcher === undefined) {
      matcher = compileHttpRules(l7.http);
      this.#httpMatchers.set(l7, matcher);
    }
    return matcher;
  }

  /** The DNS rules of a verdict of this engine as a test of a name, compiled once; undefined = it has none. */
  dnsMatcher(l7: L7Verdict): ((name: string) => boolean) | undefined {
    if (l7.parser !== "dns") return undefined;
    let matcher = this.#dnsMatchers.get(l7);
    if (matcher === undefined) {
      matcher = compileDnsRules(l7.dns);
      this.#dnsMatchers.set(l7, matcher);
    }
    return matcher;
  }

  /** Decides one direction of a connection. The answer is shared: never change it. */
  resolveVerdict(query: VerdictQuery): Verdict {
    const { direction, source, destination } = query;
    const table =
      direction === "ingress"
        ? this.#tableOf(destination, source, direction)
        : this.#tableOf(source, destination, direction);
    return table.find(query.protocol, query.port);
  }

  #tableOf(
    subject: PolicyEndpoint,
    peer: PolicyEndpoint,
    direction: PolicyDirection,
  ): VerdictTable {
    const end = this.#endOf(subject);
    const other = this.#endOf(peer);
    const directed =
      direction === "ingress"
        ? (end.ingress ?? this.#ingressOf(end, subject))
        : (end.egress ?? this.#egressOf(end));
    other.record ??= this.#peerOf(other.identity, peer);
    const { record } = other;
    // Fast path: the pair was met before.
    const kind = directed.kindByPeer[record.index];
    if (kind !== undefined && kind !== 0) return directed.kinds[kind - 1] as VerdictTable;
    return this.#findKind(this.#tablesOf(end.identity), directed, record, direction);
  }

  #endOf(endpoint: PolicyEndpoint): End {
    let end = this.#ends.get(endpoint);
    if (end === undefined) {
      const identity = this.#identityOf(endpoint.labels);
      end = { identity, record: undefined, ingress: undefined, egress: undefined };
      this.#ends.set(endpoint, end);
    }
    return end;
  }

  #ingressOf(end: End, subject: PolicyEndpoint): DirectionTables {
    end.ingress = this.#ingressTables(this.#tablesOf(end.identity), subject);
    return end.ingress;
  }

  #egressOf(end: End): DirectionTables {
    end.egress = this.#tablesOf(end.identity).egress;
    return end.egress;
  }

  /** Slow path: looks at every selector of the subject. */
  #findKind(
    tables: EndpointTables,
    directed: DirectionTables,
    record: PeerRecord,
    direction: PolicyDirection,
  ): VerdictTable {
    const isLocalhost =
      direction === "ingress" && record.isHost && !tables.isHost && this.#options.allowLocalhost;
    let node = isLocalhost ? directed.localhostRoot : directed.root;
    const { selectorIds } = directed;
    for (let start = 0; start < selectorIds.length; start += bitsPerWord) {
      const end = Math.min(selectorIds.length, start + bitsPerWord);
      let word = 0;
      for (let i = start; i < end; i++) {
        if (hasBit(record.matches, selectorIds[i] as number)) word |= 1 << (i - start);
      }
      node = step(node, word);
    }
    if (node.table === undefined) {
      node.table = this.#makeTable(tables, directed, record, { direction, isLocalhost });
      node.kind = directed.kinds.push(node.table);
    }
    this.#rememberPair(directed, record.index, node.kind);
    return node.table;
  }

  #rememberPair(directed: DirectionTables, index: number, kind: number): void {
    if (index >= pairPeersMax || kind > kindsMax) return;
    const { kindByPeer } = directed;
    if (index >= kindByPeer.length) {
      const length = Math.min(pairPeersMax, Math.max(64, 2 * index));
      if (this.#pairBytes + 2 * length > pairBytesMax) return;
      this.#pairBytes += 2 * (length - kindByPeer.length);
      directed.kindByPeer = new Uint16Array(length);
      directed.kindByPeer.set(kindByPeer);
    }
    directed.kindByPeer[index] = kind;
  }

  #makeTable(
    tables: EndpointTables,
    directed: DirectionTables,
    record: PeerRecord,
    { direction, isLocalhost }: { direction: PolicyDirection; isLocalhost: boolean },
  ): VerdictTable {
    const { resolved } = tables;
    const policy = { ...resolved[direction], error: resolved.error };
    const entries: PeerEntry[] = [];
    for (const [index, selected] of policy.entries.entries()) {
      const places = directed.entryPlaces[index];
      const ids = places
        ?.map((place) => directed.selectorIds[place] as number)
        .filter((id) => hasBit(record.matches, id));
      if (ids?.length === 0) continue;
      const selectors = ids?.map((id) => this.#selectorTexts[id] as string);
      // Whoever means every peer means no single one beside.
      entries.push({ ...selected, selectors: selectors?.includes("") ? [""] : selectors });
    }
    return new VerdictTable(policy, entries, { isLocalhost, portOf: directed.portOf });
  }

  #ingressTables(tables: EndpointTables, subject: PolicyEndpoint): DirectionTables {
    const { ingressByPorts } = tables;
    const { namedPorts } = subject;
    if (ingressByPorts === undefined || namedPorts === undefined) return tables.ingress;
    let directed = ingressByPorts.get(namedPorts);
    if (directed === undefined) {
      directed = this.#directionTables(tables.resolved, "ingress", (name, protocol) =>
        ownNamedPort(namedPorts, name, protocol),
      );
      ingressByPorts.set(namedPorts, directed);
    }
    return directed;
  }

  #tablesOf(identity: Identity): EndpointTables {
    identity.policy ??= this.#makeTables(identity);
    return identity.policy;
  }

  #makeTables({ labels, isHost }: Identity): EndpointTables {
    const { enforcementMode: mode, hasHostFirewall, lookUpNamedPort } = this.#options;
    const selection = selectSpecs(this.#index, labels, { mode, hasHostFirewall });
    const key = `${isHost} ${selection.isClosed} ${selection.specs.join(",")}`;
    const known = this.#bySelection.get(key);
    if (known !== undefined) return known;
    const specs = selection.specs.map((index) => this.specs[index] as PolicySpec);
    const resolved = resolveEndpointPolicy(specs, selection.isClosed);
    const hasNamedPorts = resolved.ingress.entries.some(({ entry }) =>
      entry.ports?.some(({ ports }) => ports.some(({ name }) => name !== undefined)),
    );
    const tables: EndpointTables = {
      resolved,
      isHost,
      egress: this.#directionTables(resolved, "egress", lookUpNamedPort),
      ingress: this.#directionTables(resolved, "ingress", () => undefined),
      ingressByPorts: hasNamedPorts ? new WeakMap() : undefined,
    };
    this.#bySelection.set(key, tables);
    return tables;
  }

  #directionTables(
    resolved: ResolvedPolicy,
    direction: PolicyDirection,
    portOf: VerdictPortLookup,
  ): DirectionTables {
    const places = new Map<number, number>();
    const entryPlaces = resolved[direction].entries.map(({ entry }) =>
      entry.peers?.map((peer) => {
        const id = this.#intern(peer);
        const place = places.get(id) ?? places.size;
        places.set(id, place);
        return place;
      }),
    );
    return {
      selectorIds: Uint32Array.from(places.keys()),
      entryPlaces,
      root: newNode(),
      localhostRoot: newNode(),
      portOf,
      kindByPeer: new Uint16Array(0),
      kinds: [],
    };
  }

  #intern(selector: PeerSelector): number {
    const text = formatPeer(selector);
    let id = this.#selectorIds.get(text);
    if (id === undefined) {
      id = this.#selectors.push(selector) - 1;
      this.#selectorTexts.push(isWildcardPeer(selector) ? "" : text);
      this.#selectorIds.set(text, id);
    }
    return id;
  }

  #identityOf(labels: readonly string[]): Identity {
    let identity = this.#byList.get(labels);
    if (identity !== undefined) return identity;
    const key = labels.join(",");
    identity = this.#byKey.get(key);
    if (identity === undefined) {
      if (this.#byKey.size >= identitiesMax) this.#byKey.clear();
      identity = {
        labels: labels.map(parseIdentityLabel),
        isHost: labels.includes("reserved:host"),
        policy: undefined,
        plain: undefined,
        byAddress: undefined,
      };
      this.#byKey.set(key, identity);
    }
    this.#byList.set(labels, identity);
    return identity;
  }

  #peerOf(identity: Identity, peer: PolicyEndpoint): PeerRecord {
    // Fast path: pods and reserved identities.
    if (peer.address === undefined && peer.names === undefined) {
      identity.plain ??= this.#makePeer(identity, peer);
      return identity.plain;
    }
    const key =
      peer.names === undefined || peer.names.length === 0
        ? (peer.address ?? "")
        : `${peer.address ?? ""}|${peer.names.join(",")}`;
    identity.byAddress ??= new Map();
    let record = identity.byAddress.get(key);
    if (record === undefined) {
      if (this.#addressCount >= addressesMax) this.#forgetAddresses();
      this.#addressCount++;
      record = this.#makePeer(identity, peer);
      identity.byAddress.set(key, record);
    }
    return record;
  }

  #forgetAddresses(): void {
    for (const identity of this.#byKey.values()) identity.byAddress?.clear();
    this.#addressCount = 0;
  }

  /** Peers that the same selectors select are one: policies cannot tell them apart. */
  #makePeer({ labels, isHost }: Identity, { address, names }: PolicyEndpoint): PeerRecord {
    const peer = { labels, address: peerAddress(address), names: names ?? [] };
    const matches = this.#selectorIndex.find(peer);
    const key = `${isHost} ${setBits(matches).join(",")}`;
    let record = this.#peers.get(key);
    if (record === undefined) {
      if (this.#peers.size * matches.byteLength >= peerBytesMax) this.#peers.clear();
      record = { index: this.#nextPeerIndex++, isHost, matches };
      this.#peers.set(key, record);
    }
    return record;
  }
}

function newNode(): SignatureNode {
  return { table: undefined, kind: 0, next: undefined };
}

function step(node: SignatureNode, word: number): SignatureNode {
  node.next ??= new Map();
  let next = node.next.get(word);
  if (next === undefined) {
    next = newNode();
    node.next.set(word, next);
  }
  return next;
}

function ownNamedPort(
  namedPorts: ReadonlyMap<string, NamedPort>,
  name: string,
  protocol: PolicyProtocol,
): number | undefined {
  const named = namedPorts.get(name);
  return named?.protocol === protocol ? named.port : undefined;
}
