import { describe, expect, it } from "vitest";
import { parsePolicies } from "../document/policy-parse.ts";
import { parseIdentityLabel } from "./label-selector.ts";
import { matchesPeer, type Peer, peerAddress } from "./peer-selector.ts";
import { hasBit, SelectorIndex, setBits } from "./selector-index.ts";

const apps = ["web", "api", "db"];

function peer(labels: readonly string[], address?: string, names: readonly string[] = []): Peer {
  return { labels: labels.map(parseIdentityLabel), address: peerAddress(address), names };
}

describe("SelectorIndex", () => {
  it("finds what asking every selector finds, more of them than a word has bits", () => {
    const rules = [
      ...apps.flatMap((app) => [
        `{toEndpoints: [{matchLabels: {app: ${app}}}]}`,
        `{toEndpoints: [{matchExpressions: [{key: app, operator: In, values: [${app}, web, web]}]}]}`,
        `{toEndpoints: [{matchExpressions: [{key: app, operator: NotIn, values: [${app}]}]}]}`,
        `{toEndpoints: [{matchLabels: {app: ${app}, "k8s:io.kubernetes.pod.namespace": prod}}]}`,
      ]),
      "{toEndpoints: [{}]}",
      "{toEntities: [all]}",
      "{toEntities: [world]}",
      '{toFQDNs: [{matchPattern: "*.cilium.io"}]}',
      ...Array.from({ length: 40 }, (_, index) => `{toCIDR: [10.${index}.0.0/16]}`),
    ];
    const [policy] = parsePolicies(
      `{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: p}, spec: {endpointSelector: {}, egress: [${rules.join(", ")}]}}`,
      { file: "p.yaml" },
    );
    const selectors = policy?.specs[0]?.entries.flatMap(({ peers }) => peers ?? []) ?? [];
    const index = new SelectorIndex(selectors, "default");
    const cluster = "k8s:io.cilium.k8s.policy.cluster=default";
    const peers = [
      ...apps.flatMap((app) =>
        ["default", "prod"].map((namespace) =>
          peer([`k8s:app=${app}`, cluster, `k8s:io.kubernetes.pod.namespace=${namespace}`]),
        ),
      ),
      peer(["reserved:world"], "10.39.1.1", ["docs.cilium.io."]),
      peer(["cidr:10.38.0.0/16", "reserved:world"]),
      peer(["reserved:host"]),
    ];
    for (const one of peers) {
      const found = index.find(one);
      const asked = selectors.flatMap((selector, place) =>
        matchesPeer(selector, one, "default") ? [place] : [],
      );
      expect(setBits(found)).toEqual(asked);
      expect(asked.every((place) => hasBit(found, place))).toBe(true);
    }
  });
});
