/**
 * Endpoints made up from policies: for each selector one that it selects, so that policies can be
 * compared without knowing the cluster. Bounded; more selectors than that are left out.
 */

import type { PolicyEngine } from "../engine/policy-engine.ts";
import { normalizeName } from "../selector/fqdn-pattern.ts";
import {
  formatSelector,
  type LabelSelector,
  namespaceLabelKey,
} from "../selector/label-selector.ts";
import { formatPeer, type PeerSelector } from "../selector/peer-selector.ts";
import type { SceneEndpoint } from "./scene.ts";

/** Endpoints made up at most. */
const witnessesMax = 400;
const reserved = ["world", "host", "remote-node", "kube-apiserver"];

/** A witness for each subject and peer of the engines' policies, and the reserved identities. */
export function witnessEndpoints(engines: readonly PolicyEngine[]): SceneEndpoint[] {
  const found = new Map<string, SceneEndpoint>();
  const add = (one: SceneEndpoint | undefined): void => {
    if (one !== undefined && found.size < witnessesMax)
      found.set(one.endpoint.labels.join() + one.name, one);
  };
  for (const { specs } of engines) {
    for (const { subjectKind, subject, entries } of specs) {
      if (subjectKind === "endpoint") add(podWitness(subject));
      for (const { peers } of entries) for (const peer of peers ?? []) add(peerWitness(peer));
    }
  }
  for (const name of reserved) {
    add({
      name,
      namespace: undefined,
      endpoint: { labels: [`reserved:${name}`] },
      isLocal: name === "host",
    });
  }
  return [...found.values()];
}

function peerWitness(peer: PeerSelector): SceneEndpoint | undefined {
  const outside = { namespace: undefined, isLocal: false };
  const labels = ["reserved:world"];
  switch (peer.kind) {
    case "labels":
      return podWitness(peer.selector);
    case "cidr": {
      const [address = ""] = peer.cidr.text.split("/");
      return { name: formatPeer(peer), endpoint: { labels, address }, ...outside };
    }
    case "fqdn": {
      const name = normalizeName(peer.text.replace(/^\*\*\./, "a.").replaceAll(/\*+/g, "a"));
      return { name: formatPeer(peer), endpoint: { labels, names: [name] }, ...outside };
    }
    default:
      return undefined;
  }
}

/** A pod that fulfils the conditions; undefined where they contradict each other or mean no pod. */
function podWitness(selector: LabelSelector): SceneEndpoint | undefined {
  const labels = new Map<string, string>();
  for (const { source, key, operator, values } of selector.conditions) {
    if (source === "reserved" || source === "node") return undefined;
    const place = `${source === "any" ? "k8s" : source}:${key}`;
    if (operator === "In" && !labels.has(place)) labels.set(place, values[0] ?? "");
    if (operator === "Exists" && !labels.has(place))
      labels.set(place, key === namespaceLabelKey ? "default" : "x");
  }
  const namespacePlace = `k8s:${namespaceLabelKey}`;
  if (!labels.has(namespacePlace)) labels.set(namespacePlace, "default");
  const clusterPlace = "k8s:io.cilium.k8s.policy.cluster";
  if (!labels.has(clusterPlace)) labels.set(clusterPlace, "default");
  const shown = selector.conditions.filter(
    ({ key }) => key !== namespaceLabelKey && key !== "io.cilium.k8s.policy.cluster",
  );
  const namespace = labels.get(namespacePlace);
  return {
    name: `${namespace}/{${formatSelector({ conditions: shown })}}`,
    namespace,
    endpoint: { labels: [...labels].map(([key, value]) => `${key}=${value}`).sort() },
    isLocal: true,
  };
}
