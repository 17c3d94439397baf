/**
 * A metrics configuration as Helm values of Cilium's chart: `hubble.metrics.enabled` (agents restart), or
 * `hubble.metrics.dynamic` (they do not). Only keys of helm-facts.ts are written; what is the chart's
 * default is left out, but for `hubble.enabled`, without which nothing works.
 */

import { assert } from "../../base/assert.ts";
import { formatProtoMessage } from "../../flow/model/jsonpb.ts";
import { quoteString } from "../../model/labels.ts";
import { MetricConfigs } from "../metric-config.ts";
import { type MetricSpec, parseMetricSpecs } from "../spec.ts";
import { type HelmFact, helmFacts } from "./helm-facts.ts";
import type { MetricsText } from "./spec-count.ts";
import { formatMetricSpec } from "./spec-variants.ts";

/** The values. */
export interface HelmValues {
  /** values.yaml */
  readonly yaml: string;
  /** Arguments of `helm upgrade`; null where the values are no list (dynamic). */
  readonly set: string | null;
  /** What to know before applying. */
  readonly notes: readonly string[];
}

/** Writes values; `isDynamic` puts a metrics list into `hubble.metrics.dynamic`. Throws ConfigError. */
export function toHelmValues(text: MetricsText, isDynamic = false): HelmValues {
  if ("config" in text) return dynamicValues(configLines(text.config));
  const specs = parseMetricSpecs(text.metrics);
  if (isDynamic) return dynamicValues(specs.flatMap(specLines));
  const items = specs.map(formatMetricSpec);
  const usesExemplars = specs.some(({ options }) =>
    options.some(({ name, values }) => name === "exemplars" && values[0] === "true"),
  );
  const lines = [
    "hubble:",
    "  enabled: true",
    "  metrics:",
    ...(usesExemplars ? ["    enableOpenMetrics: true"] : []),
    ...(items.length === 0 ? ["    enabled: []"] : ["    enabled:"]),
    ...items.map((item) => `    - ${quoteString(item)}`),
  ];
  const list = `{${items.map(escapeForSet).join(",")}}`;
  const set = [
    `--set hubble.enabled=true`,
    ...(usesExemplars ? ["--set hubble.metrics.enableOpenMetrics=true"] : []),
    `--set 'hubble.metrics.enabled=${list}'`,
  ].join(" \\\n  ");
  const { default: port } = fact("hubble.metrics.port");
  return {
    yaml: `${lines.join("\n")}\n`,
    set,
    notes: [
      "Agents read this list at their start: the change restarts every agent.",
      `Agents serve the metrics at port ${String(port)}.`,
      ...(usesExemplars ? ["Exemplars need OpenMetrics, which is off in the chart."] : []),
    ],
  };
}

function fact(key: string): HelmFact {
  const found = helmFacts.find((one) => one.key === key);
  assert(found !== undefined, `helm-facts.ts lacks ${key}`);
  return found;
}

/** Commas part the items of --set, a backslash keeps them. */
function escapeForSet(item: string): string {
  return item.replaceAll("\\", "\\\\").replaceAll(",", "\\,");
}

function dynamicValues(metrics: readonly string[]): HelmValues {
  const { releases, default: name } = fact("hubble.metrics.dynamic.config.configMapName");
  const lines = [
    "hubble:",
    "  enabled: true",
    "  metrics:",
    "    dynamic:",
    "      enabled: true",
    "      config:",
    `        configMapName: ${String(name)}`,
    `        createConfigMap: ${String(fact("hubble.metrics.dynamic.config.createConfigMap").default)}`,
    ...(metrics.length === 0 ? ["        content: []"] : ["        content:"]),
    ...metrics.map((line) => `        ${line}`),
  ];
  return {
    yaml: `${lines.join("\n")}\n`,
    set: null,
    notes: [
      `Cilium ${releases.join(", ")} has hubble.metrics.dynamic; 1.16 has not.`,
      "Agents follow the ConfigMap without a restart, but take new labels of a metric that they know only after one.",
      "Not together with hubble.metrics.enabled.",
    ],
  };
}

function specLines({ name, options }: MetricSpec): string[] {
  const lines = [`- name: ${name}`];
  if (options.length > 0) lines.push("  contextOptions:");
  for (const option of options) {
    const values = option.values.length === 1 && option.values[0] === "" ? ["true"] : option.values;
    lines.push(`  - name: ${option.name}`, "    values:");
    for (const value of values) lines.push(`    - ${quoteString(value)}`);
  }
  return [...lines, "  includeFilters: []", "  excludeFilters: []"];
}

function configLines(yaml: string): string[] {
  return new MetricConfigs().read(yaml).flatMap((config) => {
    const options = (config.contextOptions ?? []).map(({ name, values = [] }) => ({
      name,
      values,
    }));
    const lines = specLines({ name: config.name, options }).slice(0, -2);
    for (const key of ["includeFilters", "excludeFilters"] as const) {
      const filters = config[key] ?? [];
      lines.push(filters.length === 0 ? `  ${key}: []` : `  ${key}:`);
      // JSON is YAML; a line each.
      for (const filter of filters) {
        lines.push(`  - ${formatProtoMessage(filter, "flow.FlowFilter")}`);
      }
    }
    return lines;
  });
}
