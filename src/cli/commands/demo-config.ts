/** The scrape configuration of the demo: one job for each kind of endpoint of the laboratory. */

import { basename, extname } from "node:path";
import { stringify } from "yaml";
import type { LabEndpointUrl } from "../../lab/lab.ts";

/** The demo scrapes this often, so that something is seen within seconds; a large laboratory less often. */
const scrapeTimes = { quick: ["2s", "1s"], large: ["15s", "10s"] } as const;
const largeFrom = 40;

/**
 * prometheus.yml text with a job per kind of endpoint; targets carry node and pod labels as in a cluster.
 * Several of Cilium's dashboards choose by the label `cluster`, which no Cilium sets: it is the scraper's to
 * add. It names the scene (a built-in one, or the file's name) unless the scene has clusters of its own.
 */
export function demoConfigYaml(endpoints: readonly LabEndpointUrl[], scene: string): string {
  const clusterName = `${basename(scene, extname(scene))}-lab`;
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
