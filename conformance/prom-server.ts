/**
 * Our HTTP API over the recorded Prometheus dataset, in this process: what the recorded answers of
 * prom/promql and prom/httpapi (those without "live/") are compared with. No socket is opened.
 */

import type { ApiSources } from "../src/api/api-sources.ts";
import { createApp } from "../src/api/app.ts";
import { systemClock } from "../src/base/clock.ts";
import { silentLogger } from "../src/base/logger.ts";
import { Labels } from "../src/model/labels.ts";
import { Engine } from "../src/promql/engine/engine.ts";
import type { MemoryStorage } from "../src/storage/memory-storage.ts";
import { loadPromDataset } from "./prom-dataset.ts";
import { copyToTsdb } from "./prom-tsdb.ts";

/** Sends a request (method GET unless told) to the API and gives the answer. */
export type PromFetch = (pathAndQuery: string, init?: RequestInit) => Promise<Response>;

/** Loads the dataset and stands the API on it, Prometheus' defaults everywhere. */
export async function openPromServer(dataDir: string): Promise<PromFetch> {
  const app = createApp(sourcesOver(await loadPromDataset(dataDir)), async () => undefined);
  return async (pathAndQuery, init) => app.request(`http://localhost${pathAndQuery}`, init);
}

/** The same with the samples in a database (prom-tsdb.ts); `close` ends it. */
export async function openPromTsdbServer(
  dataDir: string,
): Promise<{ readonly fetchProm: PromFetch; close(): Promise<void> }> {
  const storage = await loadPromDataset(dataDir);
  const { tsdb, close } = await copyToTsdb(storage);
  const sources = { ...sourcesOver(storage), queryable: tsdb };
  const app = createApp(sources, async () => undefined);
  const fetchProm: PromFetch = async (path, init) => app.request(`http://localhost${path}`, init);
  return { fetchProm, close };
}

function sourcesOver(storage: MemoryStorage): ApiSources {
  return {
    clock: systemClock,
    logger: silentLogger,
    engine: new Engine({ clock: systemClock }),
    queryable: storage,
    exemplars: storage,
    targets: {
      scrapePools: () => [],
      activeTargets: () => [],
      droppedTargets: () => [],
      droppedTargetCounts: () => ({}),
      metadataOf: () => [],
    },
    ownMetrics: () => ({ body: "", contentType: "text/plain; version=0.0.4" }),
    externalLabels: () => Labels.empty,
    configYaml: () => "",
    flags: {},
    version: "3.14.0",
    startedMs: 0,
    isReady: () => true,
    lastConfigReload: () => ({ isSuccess: true, atMs: 0 }),
    status: () => ({
      version: "3.14.0",
      mode: "server",
      isSelfScrapeOnly: false,
      isClusterWatched: false,
      startedMs: 0,
      uptimeSeconds: 0,
      seriesCount: storage.seriesCount,
      canImportByUrl: false,
      warnings: [],
    }),
    dashboards: {
      list: () => [],
      get: () => undefined,
      importText: () => ({ uid: "", problems: [] }),
      save: () => ({ uid: "", version: 0 }),
      versions: () => [],
      version: () => undefined,
      remove: () => false,
    },
  };
}
