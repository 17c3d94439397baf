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

/** The samples of one series, as text lines. */
interface SeriesLines {
  readonly labels: Labels;
  readonly lines: string[];
}

/** Lines of one series are together, so that labels are read once a series. */
function loadSamples(storage: MemoryStorage, text: string): number {
  const appender = storage.appender();
  let count = 0;
  // Series are created in the order of their first samples, as in the recorded Prometheus' head.
  const found = readSeries(text).sort(
    (a, b) => timeOf(a.lines[0] ?? "") - timeOf(b.lines[0] ?? ""),
  );
  for (const { labels, lines } of found) {
    let ref = 0;
    for (const line of lines) {
      const timeAt = line.lastIndexOf(" ");
      const value = parseValue(line.slice(line.lastIndexOf(" ", timeAt - 1) + 1, timeAt));
      ref = appender.append(ref, labels, timeOf(line), value);
    }
    count += lines.length;
  }
  appender.commit();
  return count;
}

function readSeries(text: string): SeriesLines[] {
  const found: SeriesLines[] = [];
  let metric = "";
  let current: SeriesLines | undefined;
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const name = line.slice(0, line.lastIndexOf(" ", line.lastIndexOf(" ") - 1));
    if (current === undefined || name !== metric) {
      metric = name;
      current = { labels: parseMetric(name), lines: [] };
      found.push(current);
    }
    current.lines.push(line);
  }
  return found;
}

/** Milliseconds. */
function timeOf(line: string): number {
  return Math.round(Number(line.slice(line.lastIndexOf(" ") + 1)) * 1000);
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
