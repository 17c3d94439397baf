/**
 * The recorded Prometheus dataset (prom/promql: 2,001 series, 818k samples and the stale markers) in
 * storage, for the suites that query it.
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Labels } from "../src/model/labels.ts";
import { parseMetric } from "../src/promql/testing/series-notation.ts";
import { MemoryStorage } from "../src/storage/memory-storage.ts";

interface StaleMarkers {
  readonly samples: number;
  readonly staleMarkers: number;
  /** Series as text → times in ms. */
  readonly markers: Readonly<Record<string, readonly number[]>>;
}

async function readGzip(file: string): Promise<string> {
  return gunzipSync(await readFile(file)).toString("utf8");
}

/** Loads the whole dataset. About two seconds. */
export async function loadPromDataset(dataDir: string): Promise<MemoryStorage> {
  const folder = join(dataDir, "prom", "promql");
  const text = await readGzip(join(folder, "dataset.om.txt.gz"));
  const stale = JSON.parse(await readGzip(join(folder, "stale_markers.json.gz"))) as StaleMarkers;
  const storage = new MemoryStorage({ allowOutOfOrder: true });
  const sampleCount = loadSamples(storage, text);
  const markerCount = loadStaleMarkers(storage, stale.markers);
  if (sampleCount !== stale.samples || markerCount !== stale.staleMarkers) {
    throw new Error(
      `dataset: read ${sampleCount} samples and ${markerCount} stale markers, want ${stale.samples} and ${stale.staleMarkers}`,
    );
  }
  return storage;
}

/** Lines of one series are together, so that labels are read once a series. */
function loadSamples(storage: MemoryStorage, text: string): number {
  const appender = storage.appender();
  let metric = "";
  let labels: Labels | undefined;
  let ref = 0;
  let count = 0;
  for (let start = 0; start < text.length; ) {
    let end = text.indexOf("\n", start);
    if (end < 0) end = text.length;
    const line = text.slice(start, end);
    start = end + 1;
    if (line === "" || line.startsWith("#")) continue;
    const timeAt = line.lastIndexOf(" ");
    const valueAt = line.lastIndexOf(" ", timeAt - 1);
    const name = line.slice(0, valueAt);
    if (labels === undefined || name !== metric) {
      metric = name;
      labels = parseMetric(name);
      ref = 0;
    }
    const timestampMs = Math.round(Number(line.slice(timeAt + 1)) * 1000);
    ref = appender.append(ref, labels, timestampMs, parseValue(line.slice(valueAt + 1, timeAt)));
    count++;
  }
  appender.commit();
  return count;
}

function parseValue(text: string): number {
  return Number(text.replace("Inf", "Infinity"));
}

function loadStaleMarkers(storage: MemoryStorage, markers: StaleMarkers["markers"]): number {
  const appender = storage.appender();
  let count = 0;
  for (const [metric, timesMs] of Object.entries(markers)) {
    const labels = parseMetric(metric);
    for (const timeMs of timesMs) appender.appendStale(0, labels, timeMs);
    count += timesMs.length;
  }
  appender.commit();
  return count;
}
