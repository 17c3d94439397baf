/**
 * Endpoints, identities and policies as Cilium's own commands print them: `cilium endpoint list` as
 * columns with the labels one below the other, `endpoint get` as the API's JSON, `policy get` as the
 * rules with their labels and the revision.
 */

import { parse } from "yaml";
import type { ClusterEndpoint, ClusterIdentity, ClusterPolicies } from "../cilium/cluster-view.ts";

const gap = 3;

/** Columns padded to their widest cell. */
export function formatColumns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    for (const [place, cell] of row.entries())
      widths[place] = Math.max(widths[place] ?? 0, cell.length);
  return rows
    .map((row) =>
      row
        .map((cell, place) => cell.padEnd((widths[place] ?? 0) + gap))
        .join("")
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}

/** `cilium endpoint list`. */
export function formatEndpointList(endpoints: readonly ClusterEndpoint[]): string {
  const rows: string[][] = [
    [
      "ENDPOINT",
      "POLICY (ingress)",
      "POLICY (egress)",
      "IDENTITY",
      "LABELS (source:key[=value])",
      "IPv6",
      "IPv4",
      "STATUS",
    ],
    ["", "ENFORCEMENT", "ENFORCEMENT", "", "", "", "", ""],
  ];
  for (const one of endpoints) {
    const [first = "", ...more] = one.labels;
    const ingress = one.policy.ingress ? "Enabled" : "Disabled";
    const egress = one.policy.egress ? "Enabled" : "Disabled";
    rows.push([
      String(one.id),
      ingress,
      egress,
      String(one.identity),
      first,
      one.kind === "host" ? "" : (one.ipv6 ?? ""),
      one.kind === "host" ? "" : one.ipv4,
      one.state,
    ]);
    for (const label of more) rows.push(["", "", "", "", label, "", "", ""]);
  }
  return formatColumns(rows);
}

/** One endpoint as the agent's API models it. */
export function endpointModel(one: ClusterEndpoint): unknown {
  const enforcement =
    one.policy.ingress && one.policy.egress
      ? "both"
      : one.policy.ingress
        ? "ingress"
        : one.policy.egress
          ? "egress"
          : "none";
  const policy = {
    id: one.identity,
    "policy-enabled": enforcement,
    "policy-revision": one.policy.revision,
  };
  const podName = one.namespace === "" ? "" : `${one.namespace}/${one.podName}`;
  return {
    id: one.id,
    spec: { "label-configuration": {}, options: {} },
    status: {
      "external-identifiers": {
        ...(podName === "" ? {} : { "k8s-namespace": one.namespace, "k8s-pod-name": one.podName }),
        "pod-name": podName,
      },
      health: {
        bpf: one.state === "ready" ? "OK" : "Pending",
        connected: true,
        overallHealth: one.state === "ready" ? "OK" : "Pending",
        policy: one.state === "ready" ? "OK" : "Pending",
      },
      identity: { id: one.identity, labels: one.labels },
      labels: { "security-relevant": one.labels },
      networking: {
        addressing: [
          one.ipv6 === undefined ? { ipv4: one.ipv4 } : { ipv4: one.ipv4, ipv6: one.ipv6 },
        ],
        "node-name": one.nodeName,
      },
      policy: {
        "proxy-statistics": [
          { count: one.redirects.http, protocol: "http" },
          { count: one.redirects.dns, protocol: "dns" },
        ].filter(({ count }) => count > 0),
        realized: policy,
        spec: policy,
      },
      realized: { "label-configuration": {}, options: {} },
      state: one.state,
    },
  };
}

/** `cilium identity list`. */
export function formatIdentityList(identities: readonly ClusterIdentity[]): string {
  const rows: string[][] = [["ID", "LABELS"]];
  for (const { id, labels } of identities) {
    const [first = "", ...more] = labels;
    rows.push([String(id), first], ...more.map((label) => ["", label]));
  }
  return formatColumns(rows);
}

/** One identity as the agent's API models it. */
export function identityModel({ id, labels }: ClusterIdentity): unknown {
  return { id, labels };
}

/** A rule as the agent keeps it: the spec of a policy with the labels that say where it comes from. */
export interface PolicyRule {
  readonly labels: readonly {
    readonly key: string;
    readonly value: string;
    readonly source: string;
  }[];
  readonly [section: string]: unknown;
}

/** The rules of the policies that have every one of `labels` ("k8s:key=value", the source may be left out). */
export function policyRules(
  { policies }: ClusterPolicies,
  labels: readonly string[],
): PolicyRule[] {
  return policies.flatMap(({ kind, namespace, name, yaml }) => {
    const own = [
      { key: "io.cilium.k8s.policy.derived-from", value: kind, source: "k8s" },
      { key: "io.cilium.k8s.policy.name", value: name, source: "k8s" },
      { key: "io.cilium.k8s.policy.namespace", value: namespace, source: "k8s" },
    ].filter(({ value }) => value !== "");
    const isWanted = labels.every((wanted) =>
      own.some(
        ({ key, value, source }) =>
          wanted === `${source}:${key}=${value}` ||
          wanted === `${key}=${value}` ||
          wanted === `${source}:${key}` ||
          wanted === key,
      ),
    );
    return isWanted ? specsOf(yaml).map((spec): PolicyRule => ({ ...spec, labels: own })) : [];
  });
}

function specsOf(yaml: string): Record<string, unknown>[] {
  const object = parse(yaml) as { spec?: unknown; specs?: unknown[] } | null;
  return [object?.spec, ...(object?.specs ?? [])].filter(
    (spec): spec is Record<string, unknown> => typeof spec === "object" && spec !== null,
  );
}
