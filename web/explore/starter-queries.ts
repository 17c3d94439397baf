/** Queries to begin with: those whose metrics exist here. */

interface Starter {
  readonly label: string;
  readonly metric: string;
  readonly expr: string;
}

const starters: readonly Starter[] = [
  {
    label: "Dropped packets by reason",
    metric: "cilium_drop_count_total",
    expr: "sum by (reason, direction) (rate(cilium_drop_count_total[1m]))",
  },
  {
    label: "Flows by verdict",
    metric: "hubble_flows_processed_total",
    expr: "sum by (verdict) (rate(hubble_flows_processed_total[1m]))",
  },
  {
    label: "Denied requests by workload",
    metric: "hubble_http_requests_total",
    expr: 'sum by (source_workload, method) (rate(hubble_http_requests_total{status="403"}[1m]))',
  },
  {
    label: "Targets that answer",
    metric: "up",
    expr: "up",
  },
  {
    label: "Scrape time by target",
    metric: "scrape_duration_seconds",
    expr: "scrape_duration_seconds",
  },
];
const shownMax = 4;

/** At most four whose metric is among `names`. */
export function starterQueries(names: readonly string[]): readonly Starter[] {
  const known = new Set(names);
  return starters.filter((starter) => known.has(starter.metric)).slice(0, shownMax);
}
