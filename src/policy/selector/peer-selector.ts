/**
 * Who is on the other end: label selectors, entities, CIDRs and DNS names, matched against a peer's
 * identity labels and, for peers outside the cluster, its address and the DNS names that led to it.
 */

import { type Cidr, containsAddress, containsCidr, parseAddress, parseCidr } from "./cidr.ts";
import type { FqdnPattern } from "./fqdn-pattern.ts";
import {
  clusterLabelKey,
  formatSelector,
  type IdentityLabel,
  type LabelSelector,
  matchesSelector,
} from "./label-selector.ts";

/** Entities that the agent knows; the CRD's schema leaves out world-ipv4 and world-ipv6. */
export const entityNames = [
  "all",
  "world",
  "world-ipv4",
  "world-ipv6",
  "cluster",
  "host",
  "init",
  "ingress",
  "unmanaged",
  "remote-node",
  "health",
  "none",
  "kube-apiserver",
] as const;
/** One of the entities above. */
export type EntityName = (typeof entityNames)[number];

/** One way to name peers. */
export type PeerSelector =
  | { readonly kind: "labels"; readonly selector: LabelSelector }
  | { readonly kind: "entity"; readonly entity: EntityName }
  | { readonly kind: "cidr"; readonly cidr: Cidr; readonly except: readonly Cidr[] }
  | { readonly kind: "fqdn"; readonly text: string; readonly pattern: FqdnPattern }
  /** Resolved by the engine (service-peers.ts) with the services that it was given. */
  | { readonly kind: "service"; readonly service: ServiceSelector }
  /** A CiliumCIDRGroup by name or labels; its CIDRs are given to the engine. */
  | {
      readonly kind: "cidr-group";
      readonly name: string | undefined;
      readonly selector: LabelSelector | undefined;
      readonly except: readonly Cidr[];
    }
  /** A group of a cloud provider (`toGroups`), whose addresses only its API knows: selects nobody here. */
  | { readonly kind: "cloud-group"; readonly text: string };

/** One item of `toServices`. */
export interface ServiceSelector {
  readonly namespace: string;
  /** By name, or else by labels. */
  readonly name: string | undefined;
  readonly selector: LabelSelector | undefined;
}

/** A peer ready for matching. */
export interface Peer {
  readonly labels: readonly IdentityLabel[];
  /** Address of a peer outside the cluster. */
  readonly address: Uint8Array | undefined;
  /** Normalised names whose DNS answers held the address. */
  readonly names: readonly string[];
}

/** Reserved labels that `cluster` stands for, beside the local cluster's pods. */
const clusterReserved = new Set([
  "host",
  "remote-node",
  "init",
  "ingress",
  "health",
  "unmanaged",
  "kube-apiserver",
]);

/** Whether the selector selects the peer; `localCluster` is the cluster's name. */
export function matchesPeer(selector: PeerSelector, peer: Peer, localCluster: string): boolean {
  switch (selector.kind) {
    case "labels":
      return matchesSelector(selector.selector, peer.labels);
    case "entity":
      return matchesEntity(selector.entity, peer, localCluster);
    case "cidr":
      return matchesCidr(selector, peer);
    case "fqdn":
      return (
        peer.names.some((name) => selector.pattern.matches(name)) ||
        peer.labels.some((label) => label.source === "fqdn" && label.key === selector.text)
      );
    case "cidr-group":
      return matchesCidrGroup(selector, peer);
    case "service":
    case "cloud-group":
      return false;
  }
}

/** Whether the selector means every peer there is. */
export function isWildcardPeer(selector: PeerSelector): boolean {
  return selector.kind === "entity" && selector.entity === "all";
}

/** One line for explanations: "class=deathstar", "entity world", "10.0.0.0/8", "fqdn *.cilium.io". */
export function formatPeer(selector: PeerSelector): string {
  switch (selector.kind) {
    case "labels":
      return formatSelector(selector.selector);
    case "entity":
      return `entity ${selector.entity}`;
    case "cidr":
      return selector.except.length === 0
        ? selector.cidr.text
        : `${selector.cidr.text} except ${selector.except.map(({ text }) => text).join(", ")}`;
    case "fqdn":
      return `fqdn ${selector.text}`;
    case "service": {
      const { namespace, name, selector: labels } = selector.service;
      return `service ${namespace}/${name ?? (labels === undefined ? "*" : formatSelector(labels))}`;
    }
    case "cidr-group": {
      const { name, selector: labels } = selector;
      return `CIDR group ${name ?? (labels === undefined ? "" : formatSelector(labels))}`;
    }
    case "cloud-group":
      return `cloud group ${selector.text}`;
  }
}

function hasReserved(peer: Peer, name: string): boolean {
  return peer.labels.some((label) => label.source === "reserved" && label.key === name);
}

function matchesEntity(entity: EntityName, peer: Peer, localCluster: string): boolean {
  switch (entity) {
    case "all":
      return true;
    case "none":
      return false;
    case "world":
      return ["world", "world-ipv4", "world-ipv6"].some((name) => hasReserved(peer, name));
    case "world-ipv4":
    case "world-ipv6":
      return matchesWorldFamily(entity, peer);
    case "cluster":
      return peer.labels.some(
        (label) =>
          (label.source === "reserved" && clusterReserved.has(label.key)) ||
          (label.key === clusterLabelKey && label.value === localCluster),
      );
    default:
      return hasReserved(peer, entity);
  }
}

/** Where both families are on, the agent tells world-ipv4 and world-ipv6 apart; else there is only world. */
function matchesWorldFamily(entity: "world-ipv4" | "world-ipv6", peer: Peer): boolean {
  if (hasReserved(peer, entity)) return true;
  if (!hasReserved(peer, "world")) return false;
  return peer.address === undefined || isMapped(peer.address) === (entity === "world-ipv4");
}

const cidrGroupNamePrefix = "io.cilium.policy.cidrgroupname/";

/** The identity of an address in a group has the group's labels. */
function matchesCidrGroup(
  { name, selector, except }: Extract<PeerSelector, { kind: "cidr-group" }>,
  peer: Peer,
): boolean {
  const isIn =
    name === undefined
      ? selector !== undefined && matchesSelector(selector, peer.labels)
      : peer.labels.some(
          ({ source, key }) => source === "cidrgroup" && key === `${cidrGroupNamePrefix}${name}`,
        );
  return isIn && !except.some((cidr) => matchesCidr({ cidr, except: [] }, peer));
}

/** CIDRs select the outside world only: never pods, the host or other nodes. */
function matchesCidr(
  selector: { readonly cidr: Cidr; readonly except: readonly Cidr[] },
  peer: Peer,
): boolean {
  if (peer.address !== undefined) {
    const address = peer.address;
    if (!matchesEntity("world", peer, "")) return false;
    return (
      containsAddress(selector.cidr, address) &&
      isSameFamily(selector.cidr, address) &&
      !selector.except.some((except) => containsAddress(except, address))
    );
  }
  const prefixes = peer.labels.filter((label) => label.source === "cidr");
  if (prefixes.length === 0)
    return selector.cidr.bits === zeroBits(selector.cidr) && isWorldOf(selector.cidr, peer);
  return prefixes.some(({ key }) => {
    const inner = parseCidr(key.replaceAll("-", ":"));
    if (inner === undefined || !containsCidr(selector.cidr, inner)) return false;
    return !selector.except.some((except) => containsCidr(except, inner));
  });
}

function zeroBits(cidr: Cidr): number {
  return cidr.isIpv4 ? 96 : 0;
}

/**
 * The outside world without a known prefix: only a prefix of length 0 selects it. Plain `world` means
 * that the agent knows IPv4 only.
 */
function isWorldOf(cidr: Cidr, peer: Peer): boolean {
  if (!cidr.isIpv4) return hasReserved(peer, "world-ipv6");
  return hasReserved(peer, "world") || hasReserved(peer, "world-ipv4");
}

/** ::/0 must not select mapped IPv4 addresses. */
function isSameFamily(cidr: Cidr, address: Uint8Array): boolean {
  return cidr.isIpv4 === isMapped(address);
}

/** Whether the 16 bytes are an IPv4 address. */
function isMapped(address: Uint8Array): boolean {
  if (address[10] !== 0xff || address[11] !== 0xff) return false;
  for (let i = 0; i < 10; i++) if (address[i] !== 0) return false;
  return true;
}

/** Takes "10.1.2.3" for matching; undefined where absent or no address. */
export function peerAddress(text: string | undefined): Uint8Array | undefined {
  return text === undefined ? undefined : parseAddress(text);
}
