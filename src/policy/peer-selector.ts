/**
 * Who is on the other end: label selectors, entities, CIDRs and DNS names, matched against a peer's
 * identity labels and, for peers outside the cluster, its address and the DNS names that led to it.
 */

import type { AnchoredRegexp } from "../model/regexp.ts";
import { type Cidr, containsAddress, containsCidr, parseAddress, parseCidr } from "./cidr.ts";
import {
  clusterLabelKey,
  formatSelector,
  type IdentityLabel,
  type LabelSelector,
  matchesSelector,
} from "./label-selector.ts";

/** Entities that the CRD's schema takes. */
export const entityNames = [
  "all",
  "world",
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
  | { readonly kind: "fqdn"; readonly text: string; readonly pattern: AnchoredRegexp };

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
      return selector.cidr.text;
    case "fqdn":
      return `fqdn ${selector.text}`;
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

/** The outside world without a known prefix: only a prefix of length 0 selects it. */
function isWorldOf(cidr: Cidr, peer: Peer): boolean {
  return hasReserved(peer, "world") || hasReserved(peer, cidr.isIpv4 ? "world-ipv4" : "world-ipv6");
}

/** ::/0 must not select mapped IPv4 addresses. */
function isSameFamily(cidr: Cidr, address: Uint8Array): boolean {
  const isMapped =
    address[10] === 0xff &&
    address[11] === 0xff &&
    address.subarray(0, 10).every((byte) => byte === 0);
  return cidr.isIpv4 === isMapped;
}

/** Takes "10.1.2.3" for matching; undefined where absent or no address. */
export function peerAddress(text: string | undefined): Uint8Array | undefined {
  return text === undefined ? undefined : parseAddress(text);
}
