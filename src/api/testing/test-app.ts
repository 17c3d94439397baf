/** The whole application over a small memory storage, for tests of routes. */

import type { Hono } from "hono";
import { FakeClock } from "../../base/clock.ts";
import { silentLogger } from "../../base/logger.ts";
import { Labels, labelsFromObject } from "../../model/labels.ts";
import { Engine } from "../../promql/engine/engine.ts";
import { MemoryStorage } from "../../storage/memory-storage.ts";
import type { ActiveTarget, ApiSources } from "../api-sources.ts";
import { type AppOptions, createApp } from "../app.ts";

const sampleCount = 20;
const intervalMs = 15_000;

const target: ActiveTarget = {
  discoveredLabels: labelsFromObject({ __address__: "127.0.0.1:9962" }),
  labels: labelsFromObject({ job: "agent", instance: "127.0.0.1:9962" }),
  scrapePool: "agent",
  scrapeUrl: "http://127.0.0.1:9962/metrics",
  globalUrl: "http://host:9962/metrics",
  lastError: "",
  lastScrapeMs: 1000,
  lastScrapeDurationSeconds: 0.01,
  health: "up",
  scrapeInterval: "15s",
  scrapeTimeout: "10s",
};

/** Sources over `up` of two jobs, twenty samples each from time 0; the clock stands at 300 s. */
export function testSources(changes: Partial<ApiSources> = {}): ApiSources {
  const clock = new FakeClock(sampleCount * intervalMs);
  const storage = new MemoryStorage();
  const appender = storage.appender();
  for (const job of ["agent", "operator"]) {
    const labels = labelsFromObject({ __name__: "up", job });
    for (let i = 0; i < sampleCount; i++) appender.append(0, labels, i * intervalMs, i);
  }
  appender.commit();
  return {
    clock,
    logger: silentLogger,
    engine: new Engine({ clock }),
    queryable: storage,
    exemplars: storage,
    hasStepStats: true,
    targets: {
      scrapePools: () => ["agent"],
      activeTargets: () => [target],
      droppedTargets: () => [{ discoveredLabels: target.discoveredLabels, scrapePool: "agent" }],
      droppedTargetCounts: () => ({ agent: 1 }),
      metadataOf: () => [{ metric: "up", type: "gauge", help: "Is it up?", unit: "" }],
    },
    ownMetrics: () => ({ body: "", contentType: "text/plain; version=0.0.4" }),
    externalLabels: () => Labels.empty,
    configYaml: () =>
      "scrape_configs:\n- job_name: agent\n  relabel_configs:\n  - {source_labels: [a], target_label: b}\n  - {source_labels: [b], regex: '2', action: keep}\n",
    flags: { "storage.tsdb.retention.time": "15d" },
    version: "0.0.0",
    startedMs: 0,
    isReady: () => true,
    lastConfigReload: () => ({ isSuccess: true, atMs: 0 }),
    status: () => ({
      version: "0.0.0",
      mode: "server",
      isSelfScrapeOnly: false,
      isClusterWatched: false,
      startedMs: 0,
      uptimeSeconds: 300,
      seriesCount: storage.seriesCount,
      canImportByUrl: false,
      warnings: [],
    }),
    dashboards: {
      list: () => [
        { uid: "a", title: "A", tags: ["x"], source: "shipped", panelCount: 1, version: 0 },
      ],
      get: () => undefined,
      importText: () => ({ uid: "a", problems: [] }),
      save: (uid) => ({ uid, version: 1 }),
      versions: () => [],
      version: () => undefined,
      remove: () => false,
    },
    ...changes,
  };
}

/** The application over `testSources`; the guard lets everything pass. */
export function openTestApp(changes: Partial<ApiSources> = {}, options: AppOptions = {}): Hono {
  return createApp(testSources(changes), async () => undefined, options);
}
