/**
 * The overview's questions in PromQL. Many figures travel in one query: each part carries its name in
 * the label `figure`, the parts are joined with `or`. Agents' counters come first, Hubble's where no
 * agent is scraped; older Cilium versions' names are asked too. Pure.
 */

import type { QuerySeries } from "../api/query-series.ts";

/** Names of the figures with history. */
export type FigureName =
  | "nodes"
  | "unreachable"
  | "endpoints"
  | "ready"
  | "unmanaged"
  | "policies"
  | "drops"
  | "l7"
  | "dns"
  | "seen"
  | "alerts"
  | "revision";

/** Days before that tell what is usual. */
export const usualDays = 7;

/** How a table or chart of drops is split. */
export type DropSplit = "reason" | "direction" | "namespace";

/** `drops[1m]` of agents by labels, of Hubble where no agent tells. */
export function dropRate(by: string, window: string): string {
  const agent = `sum by (${by}) (rate(cilium_drop_count_total[${window}]))`;
  return `(${agent} or on () sum by (${by}) (rate(hubble_drop_total[${window}])))`;
}

/** Expressions of all figures with history, for a rate window as "1m". */
export function figureExpressions(window: string): Readonly<Record<FigureName, string>> {
  const responses = `rate(hubble_dns_responses_total[${window}])`;
  const errors = `rate(hubble_dns_responses_total{rcode!="No Error"}[${window}])`;
  const processed = `sum(rate(hubble_flows_processed_total[${window}]))`;
  const lost = `(sum(rate(hubble_lost_events_total[${window}])) or vector(0))`;
  return {
    nodes: "count(count by (instance) (cilium_unreachable_nodes))",
    unreachable: "max(cilium_unreachable_nodes)",
    endpoints: "sum(cilium_endpoint_state)",
    ready: 'sum(cilium_endpoint_state{endpoint_state="ready"})',
    unmanaged: "(sum(cilium_operator_unmanaged_pods) or sum(cilium_unmanaged_pods))",
    policies: "(max(cilium_policy) or max(cilium_policy_count))",
    drops: `(sum(rate(cilium_drop_count_total[${window}])) or sum(rate(hubble_drop_total[${window}])))`,
    l7: `(sum(rate(cilium_policy_l7_total{rule="denied"}[${window}])) or sum(rate(cilium_policy_l7_denied_total[${window}])))`,
    dns: `(sum(${errors}) or vector(0)) / (sum(${responses}) > 0)`,
    seen: `${processed} / (${processed} + ${lost})`,
    alerts: 'count(ALERTS{alertstate="firing"})',
    revision: "max(cilium_policy_max_revision)",
  };
}

/** All figures as one query. */
export function figuresQuery(window: string): string {
  return joined(Object.entries(figureExpressions(window)));
}

/** What is only asked for the window's end: table of drops, endpoints by state, latency, unreachable by node, failed imports. */
export function momentQuery(window: string, spanText: string): string {
  const latency = `rate(cilium_node_health_connectivity_latency_seconds_bucket[5m])`;
  const oldLatency = "cilium_node_connectivity_latency_seconds";
  return joined([
    ["drops", dropRate("reason, direction", window)],
    ["l7", figureExpressions(window).l7],
    ["endpoints", "sum by (endpoint_state) (cilium_endpoint_state)"],
    [
      "latency",
      `histogram_quantile(0.5, sum by (node, instance, type, protocol, le) (${latency}))`,
    ],
    [
      "pair",
      `avg by (source_node_name, target_node_name) (${oldLatency}{type="node", protocol="icmp"})`,
    ],
    ["unreachable", "max by (node, instance) (cilium_unreachable_nodes) > 0"],
    ["endpoint_lost", "max by (node, instance) (cilium_unreachable_health_endpoints) > 0"],
    [
      "import_errors",
      `(sum(increase(cilium_policy_change_total{outcome=~"fail.*"}[${spanText}])) or sum(increase(cilium_policy_import_errors_total[${spanText}])))`,
    ],
  ]);
}

/**
 * What is usual: means over the same hour on each of the days before (label `day` 1 to 7), and over the
 * hour before the window (`day` 0), where those were recorded.
 */
export function usualQuery(window: string, spanMs: number): string {
  const parts: [string, string][] = [];
  const { l7, dns } = figureExpressions(window);
  for (let day = 0; day <= usualDays; day++) {
    const offset = day === 0 ? `${Math.round(spanMs / 1000)}s` : `${day}d`;
    const mean = (expr: string) => `avg_over_time((${expr})[1h:${window}] offset ${offset})`;
    const ofDay = (expr: string) => `label_replace(${mean(expr)}, "day", "${day}", "", "")`;
    parts.push(["drops", ofDay(dropRate("reason, direction", window))]);
    parts.push(["l7", ofDay(l7)], ["dns", ofDay(dns)]);
  }
  return joined(parts);
}

/** The usual range of all drops over the window: the least and most of the days before, at each step. */
export function bandQuery(window: string, days: readonly number[]): string {
  const total = (day: number) =>
    `label_replace(sum(rate(cilium_drop_count_total[${window}] offset ${day}d)), "day", "${day}", "", "")`;
  const all = days.map(total).join(" or ");
  return joined([
    ["low", `min(${all})`],
    ["high", `max(${all})`],
  ]);
}

function joined(parts: readonly (readonly [string, string])[]): string {
  return parts
    .map(([name, expr]) => `label_replace(${expr}, "figure", "${name}", "", "")`)
    .join(" or ");
}

/** The series of one part. */
export function partOf(series: readonly QuerySeries[], figure: string): readonly QuerySeries[] {
  return series.filter(({ labels }) => labels["figure"] === figure);
}

/** The last value of a series; undefined for none. */
export function lastValue(series: QuerySeries | undefined): number | undefined {
  const value = series?.values.at(-1);
  return value === undefined || Number.isNaN(value) ? undefined : value;
}

/** What rates are compared with. */
export interface Usual {
  /** Days behind the figures; 0: the hour before the window; undefined: nothing was recorded. */
  readonly days: number | undefined;
  readonly dropsBy: ReadonlyMap<string, number>;
  readonly drops: number | undefined;
  readonly l7: number | undefined;
  readonly dns: number | undefined;
}

/** Key of a row of drops. */
export function dropKey(labels: Readonly<Record<string, string>>): string {
  return `${labels["reason"] ?? ""}\t${labels["direction"] ?? ""}`;
}

/** Means over the days where there are any, else the hour before the window. */
export function readUsual(series: readonly QuerySeries[]): Usual {
  const days = new Set(series.map(({ labels }) => labels["day"] ?? ""));
  const before = days.delete("0");
  if (days.size === 0 && !before) {
    return { days: undefined, dropsBy: new Map(), drops: undefined, l7: undefined, dns: undefined };
  }
  const count = days.size;
  const chosen = series.filter(({ labels }) => (labels["day"] === "0") === (count === 0));
  const meanOf = (figure: string) => {
    const values = partOf(chosen, figure).map(lastValue).filter(isNumber);
    return values.length === 0 ? undefined : sum(values) / values.length;
  };
  const dropsBy = new Map<string, number>();
  const dropDays = new Set(partOf(chosen, "drops").map(({ labels }) => labels["day"])).size;
  for (const one of partOf(chosen, "drops")) {
    const key = dropKey(one.labels);
    dropsBy.set(key, (dropsBy.get(key) ?? 0) + (lastValue(one) ?? 0) / dropDays);
  }
  return {
    days: count,
    dropsBy,
    drops: dropDays === 0 ? undefined : sum([...dropsBy.values()]),
    l7: meanOf("l7"),
    dns: meanOf("dns"),
  };
}

function isNumber(value: number | undefined): value is number {
  return value !== undefined;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** What "usual" means, honest about what there is: a few words for the page, and a sentence. */
export function comparedWith(usual: Usual | undefined): {
  readonly short: string;
  readonly whole: string;
} {
  if (usual === undefined) return { short: "", whole: "" };
  if (usual.days === undefined) {
    return {
      short: "no usual rates yet",
      whole: "Nothing was recorded before this window to compare with",
    };
  }
  if (usual.days > 1) {
    return {
      short: `usual: ${usual.days} days before`,
      whole: `Compared with this hour on ${usual.days} days before`,
    };
  }
  if (usual.days === 1) {
    return {
      short: "usual: one day before",
      whole: "Compared with this hour yesterday or the one recorded day before",
    };
  }
  return {
    short: "usual: the hour before",
    whole: "Compared with the hour before this window: no earlier day was recorded",
  };
}
