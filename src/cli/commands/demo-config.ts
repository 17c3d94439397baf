/** The scrape configuration of the demo: one job for each kind of endpoint of the laboratory. */

import { stringify } from "yaml";
import type { LabEndpointUrl } from "../../lab/lab.ts";

/** The demo scrapes this often, so that something is seen within seconds; a large laboratory less often. */
const scrapeTimes = { quick: ["2s", "1s"], large: ["15s", "10s"] } as const;
const largeFrom = 40;

/** Several of Cilium's dashboards choose by this label, which no Cilium sets: it is the scraper's to add. */
const clusterName = "starwars-lab";

/** prometheus.yml text with a job per kind of endpoint; targets carry node and pod labels as in a cluster. */
export function demoConfigYaml(endpoints: readonly LabEndpointUrl[]): string {
  const jobs = new Map<string, { targets: string[]; labels: Record<string, string> }[]>();
  for (const endpoint of endpoints) {
    const url = new URL(endpoint.url);
    const groups = jobs.get(endpoint.job) ?? [];
    groups.push({ targets: [url.host], labels: { cluster: clusterName, ...endpoint.labels } });
    jobs.set(endpoint.job, groups);
  }
  const [interval, timeout] = scrapeTimes[endpoints.length >= largeFrom ? "large" : "quick"];
  return stringify({
    global: { scrape_interval: interval, scrape_timeout: timeout },
    scrape_configs: [...jobs].map(([job, groups]) => ({ job_name: job, static_configs: groups })),
  });
}
