/**
 * Specs with what the cluster knows filled in: `toServices` becomes label selectors or addresses,
 * CIDR groups get their CIDRs. Done once, when an engine is made.
 */

import type {
  CidrGroup,
  PolicyDocument,
  PolicyEntry,
  PolicySpec,
  ServiceFacts,
} from "../document/policy-document.ts";
import { parseCidr } from "../selector/cidr.ts";
import {
  clusterLabelKey,
  type LabelSelector,
  matchesSelector,
  namespaceLabelKey,
} from "../selector/label-selector.ts";
import type { PeerSelector, ServiceSelector } from "../selector/peer-selector.ts";

/** What the cluster knows. */
export interface ClusterFacts {
  readonly clusterName: string;
  readonly services: readonly ServiceFacts[];
  readonly cidrGroups: readonly CidrGroup[];
}

/** Every spec of the policies, in order, peers resolved. Specs without services or groups are returned as they are. */
export function resolveSpecs(
  policies: readonly PolicyDocument[],
  facts: ClusterFacts,
): PolicySpec[] {
  return policies.flatMap((policy) =>
    policy.specs.map((spec) =>
      spec.entries.some(needsFacts)
        ? { ...spec, entries: spec.entries.map((entry) => resolveEntry(entry, facts)) }
        : spec,
    ),
  );
}

function needsFacts({ peers }: PolicyEntry): boolean {
  return peers?.some(({ kind }) => kind === "service" || kind === "cidr-group") ?? false;
}

function resolveEntry(entry: PolicyEntry, facts: ClusterFacts): PolicyEntry {
  const { peers } = entry;
  if (peers === undefined) return entry;
  const lineOf = (index: number) => entry.peerLines?.[index] ?? entry.origin.line;
  const found = peers.flatMap((peer, index) =>
    resolvePeer(peer, entry.isDeny, facts).map((one) => ({ one, line: lineOf(index) })),
  );
  const resolved = found.map(({ one }) => one);
  // As recorded: a service that is not there leaves the ports open to everyone.
  const failsOpen =
    resolved.length === 0 &&
    entry.ports !== undefined &&
    peers.length > 0 &&
    peers.every(({ kind }) => kind === "service");
  const peerLines = found.map(({ line }) => line);
  return { ...entry, peers: failsOpen ? undefined : resolved, peerLines };
}

function resolvePeer(peer: PeerSelector, isDeny: boolean, facts: ClusterFacts): PeerSelector[] {
  // The agent looks for services of allow rules only: in deny rules they are never there.
  if (peer.kind === "service") return isDeny ? [] : resolveService(peer.service, facts);
  if (peer.kind !== "cidr-group") return [peer];
  const groups = facts.cidrGroups.filter((group) =>
    peer.name === undefined
      ? peer.selector !== undefined && matchesGroupLabels(peer.selector, group)
      : group.name === peer.name,
  );
  const { except } = peer;
  const cidrs = groups.flatMap((group) => group.cidrs.flatMap((text) => cidrPeer(text, except)));
  return [peer, ...cidrs];
}

function matchesGroupLabels(selector: LabelSelector, group: CidrGroup): boolean {
  return matchesSelector(selector, labelsOf(group.labels, "cidrgroup"));
}

/** Services that an item of `toServices` means. */
export function findServices(
  { namespace, name, selector }: ServiceSelector,
  services: readonly ServiceFacts[],
): ServiceFacts[] {
  return services.filter((service) => {
    if (service.namespace !== namespace) return false;
    if (name !== undefined) return service.name === name;
    return selector !== undefined && matchesSelector(selector, labelsOf(service.labels, "any"));
  });
}

function labelsOf(labels: Readonly<Record<string, string>>, source: string) {
  return Object.entries(labels).map(([key, value]) => ({ source, key, value }));
}

function resolveService(wanted: ServiceSelector, facts: ClusterFacts): PeerSelector[] {
  return findServices(wanted, facts.services).flatMap((service): PeerSelector[] => {
    const selector = Object.entries(service.selector ?? {});
    if (selector.length === 0)
      return (service.backends ?? []).flatMap((text) => cidrPeer(text, []));
    const all = [
      ...selector,
      [namespaceLabelKey, service.namespace] as const,
      [clusterLabelKey, facts.clusterName] as const,
    ];
    const conditions = all.map(
      ([key, value]) => ({ source: "k8s", key, operator: "In", values: [value] }) as const,
    );
    return [{ kind: "labels", selector: { conditions } }];
  });
}

function cidrPeer(
  text: string,
  except: Extract<PeerSelector, { kind: "cidr-group" }>["except"],
): PeerSelector[] {
  const cidr = parseCidr(text);
  return cidr === undefined ? [] : [{ kind: "cidr", cidr, except }];
}
