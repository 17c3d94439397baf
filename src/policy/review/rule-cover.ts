/**
 * Whether one selector, set of peers or set of ports has all that another has, as far as their texts
 * show it: a "no" may be wrong, a "yes" never is.
 */

import type { PolicyEntry, PolicySpec, PortMatch } from "../document/policy-document.ts";
import { containsCidr } from "../selector/cidr.ts";
import { formatSelector, type LabelSelector } from "../selector/label-selector.ts";
import { formatPeer, isWildcardPeer, type PeerSelector } from "../selector/peer-selector.ts";

/** Fewer conditions select more. */
export function coversSelector(wide: LabelSelector, narrow: LabelSelector): boolean {
  const given = new Set(narrow.conditions.map((one) => formatSelector({ conditions: [one] })));
  return wide.conditions.every((one) => given.has(formatSelector({ conditions: [one] })));
}

/** Every subject of `narrow` is one of `wide`. */
export function coversSubject(wide: PolicySpec, narrow: PolicySpec): boolean {
  return wide.subjectKind === narrow.subjectKind && coversSelector(wide.subject, narrow.subject);
}

/** Every peer and port of `narrow` is one of `wide`; L7 rules are not looked at. */
export function coversEntry(wide: PolicyEntry, narrow: PolicyEntry): boolean {
  return (
    wide.direction === narrow.direction && coversPeers(wide, narrow) && coversPorts(wide, narrow)
  );
}

function coversPeers({ peers: wide }: PolicyEntry, { peers: narrow }: PolicyEntry): boolean {
  if (wide === undefined || wide.some(isWildcardPeer)) return true;
  if (narrow === undefined || narrow.length === 0) return false;
  return narrow.every((peer) => wide.some((one) => coversPeer(one, peer)));
}

function coversPeer(wide: PeerSelector, narrow: PeerSelector): boolean {
  if (wide.kind === "labels" && narrow.kind === "labels") {
    return coversSelector(wide.selector, narrow.selector);
  }
  if (wide.kind === "cidr" && narrow.kind === "cidr") {
    return wide.except.length === 0 && containsCidr(wide.cidr, narrow.cidr);
  }
  if (wide.kind === "entity" && wide.entity === "world") {
    return (
      narrow.kind === "cidr" || (narrow.kind === "entity" && narrow.entity.startsWith("world"))
    );
  }
  return formatPeer(wide) === formatPeer(narrow);
}

function coversPorts({ ports: wide }: PolicyEntry, { ports: narrow }: PolicyEntry): boolean {
  if (wide === undefined) return true;
  const wideMatches = wide.flatMap(({ ports }) => ports);
  const narrowMatches = narrow?.flatMap(({ ports }) => ports) ?? [];
  if (narrowMatches.length === 0) return false;
  return narrowMatches.every((port) => wideMatches.some((one) => coversPort(one, port)));
}

function coversPort(wide: PortMatch, narrow: PortMatch): boolean {
  const isTransport = ["TCP", "UDP", "SCTP", "ANY"].includes(narrow.protocol);
  const coversProtocol =
    wide.protocol === narrow.protocol || (wide.protocol === "ANY" && isTransport);
  if (!coversProtocol) return false;
  if (wide.name !== undefined) return wide.name === narrow.name;
  if (narrow.name !== undefined) return wide.first === 0 && wide.last === 65_535;
  return wide.first <= narrow.first && narrow.last <= wide.last;
}
