/**
 * `npx tsx tools/generate-metric-facts.ts [--data DIR]`: writes
 * src/api/dashboard-doctor/generated/metric-facts.ts: which component exports a metric, with which
 * labels, whether it is on by default, and the Helm values that bring it. Sources: the catalogues of
 * 1.16 and 1.19 (data/catalog) and the values of the 1.19 chart (data/helm); a key that the chart does
 * not have stops the script. Run by hand when the recordings change.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

interface CatalogEntry {
  readonly component: string;
  readonly section: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly default: string;
}

/** What switches a component's metrics on. */
const components: Readonly<Record<string, string>> = {
  "cilium-agent": "prometheus.enabled",
  "cilium-operator": "operator.prometheus.enabled",
  "clustermesh-apiserver": "clustermesh.apiserver.metrics.enabled",
  kvstoremesh: "clustermesh.apiserver.metrics.kvstoremesh.enabled",
  Hubble: "hubble.metrics.enabled",
  "hubble-relay": "hubble.relay.prometheus.enabled",
  "cilium-envoy": "envoy.prometheus.enabled",
};

/** Sections of the catalogue that belong to a feature which is off until a value is set. */
const features: Readonly<Record<string, string>> = {
  "BGP Control Plane": "bgpControlPlane.enabled=true",
  "BGP Control Plane Operator": "bgpControlPlane.enabled=true",
  IPsec: "encryption.enabled=true,encryption.type=ipsec",
  KVstore: "identityAllocationMode=kvstore",
  Clustermesh: "clustermesh.useAPIServer=true",
  "CiliumEndpointSlices (CES)": "ciliumEndpointSlice.enabled=true",
  '"Double Write" Identity Allocation Mode': "identityAllocationMode=doublewrite-readkvstore",
  "cilium-operator/IPAM": "ipam.mode=eni,eni.enabled=true",
  "MCS-API": "clustermesh.mcsapi.enabled=true",
};

/** Metrics of features that the catalogue does not list whole, by the start of their names. */
const prefixFeatures: Readonly<Record<string, string>> = {
  cilium_operator_ipam_: "ipam.mode=eni,eni.enabled=true",
  cilium_operator_ec2_: "ipam.mode=eni,eni.enabled=true",
  cilium_operator_eni_: "ipam.mode=eni,eni.enabled=true",
};

/** Name prefixes of components that the catalogue does not list. */
const prefixes: Readonly<Record<string, string>> = {
  envoy_: "cilium-envoy",
  hubble_relay_: "hubble-relay",
};

const { values: args } = parseArgs({ options: { data: { type: "string" } } });
const projectDir = resolve(import.meta.dirname, "..");
const dataDir = join(resolve(args.data ?? join(projectDir, "..", "shared")), "data");

function readJson<T>(...path: readonly string[]): T {
  return JSON.parse(readFileSync(join(dataDir, ...path), "utf8")) as T;
}

const chart = readJson<Record<string, { default: unknown }>>("helm", "cilium-1.19-values.json");

/** Refuses a key that the chart does not know. */
function checkedKey(key: string): string {
  if (chart[key] === undefined) throw new Error(`the chart has no value ${key}`);
  return key;
}

for (const assignments of [...Object.values(features), ...Object.values(prefixFeatures)]) {
  for (const one of assignments.split(",")) checkedKey(one.split("=")[0] as string);
}
checkedKey("prometheus.metrics");
checkedKey("hubble.enabled");
checkedKey("ipv6.enabled");
checkedKey("l7Proxy");

const now = readJson<CatalogEntry[]>("catalog", "cilium-1.19-metrics.json");
const before = readJson<CatalogEntry[]>("catalog", "cilium-1.16-metrics.json");
const rows = new Map<string, string[]>();

function addRow(entry: CatalogEntry, isGone: boolean): void {
  const list = rows.get(entry.name) ?? [];
  rows.set(entry.name, list);
  const feature = features[`${entry.component}/${entry.section}`] ?? features[entry.section];
  const fields = [
    `component: ${JSON.stringify(entry.component)}`,
    `section: ${JSON.stringify(entry.section)}`,
    `labels: ${JSON.stringify([...new Set(entry.labels)].sort().join(" "))}`,
    ...(entry.default === "Disabled" ? ["isOff: true"] : []),
    ...(feature === undefined ? [] : [`feature: ${JSON.stringify(feature)}`]),
    ...(isGone ? ['until: "1.16"'] : []),
  ];
  const row = `{ ${fields.join(", ")} }`;
  if (!list.includes(row)) list.push(row);
}

const known = new Set(now.map(({ name }) => name));
for (const entry of now) addRow(entry, false);
for (const entry of before) if (!known.has(entry.name)) addRow(entry, true);

const metricRows = [...rows]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([name, list]) => `  ${name}: [\n${list.map((row) => `    ${row},\n`).join("")}  ],`);
const componentRows = Object.entries(components).map(
  ([name, key]) =>
    `  ${JSON.stringify(name)}: { key: ${JSON.stringify(checkedKey(key))}, isOn: ${chart[key]?.default === true} },`,
);
const prefixRows = Object.entries(prefixes).map(
  ([prefix, component]) => `  [${JSON.stringify(prefix)}, ${JSON.stringify(component)}],`,
);

writeFileSync(
  join(projectDir, "src/api/dashboard-doctor/generated/metric-facts.ts"),
  `/**
 * What brings a Cilium metric: its component, its labels and the Helm values behind it.
 * Generated by tools/generate-metric-facts.ts from data/catalog/cilium-{1.16,1.19}-metrics.json (the
 * documented metrics) and data/helm/cilium-1.19-values.json (the chart's values). Not edited by hand.
 */

/** One way a metric is exported. */
export interface MetricFact {
  readonly component: string;
  /** The documentation's section; of Hubble: the handler. */
  readonly section: string;
  /** Label names, sorted, separated by blanks; labels of context options are not among them. */
  readonly labels: string;
  /** Not exported unless asked for. */
  readonly isOff?: true;
  /** Helm assignments of the feature that the metric belongs to, separated by commas. */
  readonly feature?: string;
  /** The last release that documents it. */
  readonly until?: string;
}

/** By name, without the suffixes of histograms. */
export const metricFacts: Readonly<Record<string, readonly MetricFact[]>> = {
${metricRows.join("\n")}
};

/** The value that switches a component's metrics on, and whether the chart has it on. */
export const componentSwitches: Readonly<Record<string, { readonly key: string; readonly isOn: boolean }>> = {
${componentRows.join("\n")}
};

/** Components known by the start of their metrics' names. */
export const componentPrefixes: readonly (readonly [prefix: string, component: string])[] = [
${prefixRows.join("\n")}
];

/** Helm assignments of features known by the start of their metrics' names. */
export const prefixFeatures: readonly (readonly [prefix: string, feature: string])[] = [
${Object.entries(prefixFeatures)
  .map(([prefix, feature]) => `  [${JSON.stringify(prefix)}, ${JSON.stringify(feature)}],`)
  .join("\n")}
];
`,
);
