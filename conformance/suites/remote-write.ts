/**
 * prom/remote, write.json: remote-write requests sent in order to one empty server of Prometheus 3.14:
 * status, text and headers of each answer, then all that is stored. Ours is the whole server on a socket
 * and an empty folder; the clock is the real one, which `far-future` depends on.
 */

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { silentLogger } from "../../src/base/logger.ts";
import { readFeatureSwitches } from "../../src/config/feature-switches.ts";
import { startServer } from "../../src/server/server.ts";
import { reportCase, type Suite } from "../suite.ts";

interface RecordedWrite {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyBase64: string;
  readonly httpStatus: number;
  readonly responseText: string;
  /** Headers of remote write 2.0; none of 1.0's answers has any. */
  readonly responseHeaders: Readonly<Record<string, string>>;
}

interface StoredSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

interface Recording {
  readonly cases: readonly RecordedWrite[];
  /** A range selector with "at start+…" → the matrix that a query answered. */
  readonly storedAfterwards: Readonly<Record<string, readonly StoredSeries[]>>;
}

/** The first case's sample has this time: the recording's "start". */
const startSeconds = 1_763_697_600;
const responseHeaderPrefix = "x-prometheus-remote-write";

export const remoteWriteSuite: Suite = {
  name: "prom/remote-write",

  async countCases(dataDir) {
    const { cases, storedAfterwards } = await readRecording(dataDir);
    return cases.length + Object.keys(storedAfterwards).length;
  },

  async run(dataDir, reporter) {
    const { cases, storedAfterwards } = await readRecording(dataDir);
    const dir = await mkdtemp(join(tmpdir(), "ciliascope-write-"));
    const server = await startReceiver(dir);
    const url = server.url.replace(/\/$/, "");
    try {
      for (const recorded of cases) {
        await reportCase(reporter, caseName(recorded.name), () => runCase(url, recorded));
      }
      for (const [query, stored] of Object.entries(storedAfterwards)) {
        await reportCase(reporter, `stored ${query}`, () => compareStored(url, query, stored));
      }
    } finally {
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    }
  },
};

/** The list of expected failures wants names without ": ". */
function caseName(name: string): string {
  return name.replaceAll(": ", " - ");
}

async function readRecording(dataDir: string): Promise<Recording> {
  const text = await readFile(join(dataDir, "prom", "remote", "write.json"), "utf8");
  return JSON.parse(text) as Recording;
}

async function startReceiver(dir: string) {
  // Nothing is scraped: samples of today would leave no room for the recorded ones.
  const configFile = join(dir, "prometheus.yml");
  await writeFile(configFile, "scrape_configs: []\n");
  return await startServer({
    configFile,
    mode: "server",
    version: "0.0.0",
    dataDir: dir,
    listen: "127.0.0.1:0",
    allowedHosts: [],
    canImportByUrl: false,
    hasAdminApi: false,
    hasRemoteWriteReceiver: true,
    // The samples are of 2025 and must not be removed by retention.
    retentionMs: 100 * 365 * 86_400_000,
    lookbackDeltaMs: 300_000,
    queryTimeoutMs: 120_000,
    querySamplesMax: 50_000_000,
    queryConcurrencyMax: 20,
    clock: systemClock,
    logger: silentLogger,
    flags: {},
    features: readFeatureSwitches([]),
  });
}

async function runCase(url: string, recorded: RecordedWrite): Promise<string | undefined> {
  const headers = new Headers(recorded.headers);
  const answer = await fetch(`${url}/api/v1/write`, {
    method: "POST",
    headers,
    body: Buffer.from(recorded.bodyBase64, "base64"),
  });
  const text = await answer.text();
  const extra = [...answer.headers].filter(([name]) => name.startsWith(responseHeaderPrefix));
  const wantedExtra = Object.entries(recorded.responseHeaders)
    .map(([name, value]) => [name.toLowerCase(), value])
    .sort();
  const want = JSON.stringify([recorded.httpStatus, recorded.responseText, wantedExtra]);
  const have = JSON.stringify([answer.status, text, extra.sort()]);
  return want === have ? undefined : `want ${want}\n  have ${have}`;
}

/** Runs "SELECTOR at start+10s" as the instant query it was. */
async function compareStored(
  url: string,
  text: string,
  stored: readonly StoredSeries[],
): Promise<string | undefined> {
  const match = /^(.*) at start\+(\d+)s$/.exec(text);
  if (match === null) return `cannot read the query ${text}`;
  const parameters = new URLSearchParams({
    query: match[1] ?? "",
    time: String(startSeconds + Number(match[2])),
  });
  const answer = await fetch(`${url}/api/v1/query?${parameters}`);
  const body = (await answer.json()) as { data?: { result?: readonly StoredSeries[] } };
  const want = canonical(stored);
  const have = canonical(body.data?.result ?? []);
  return want === have ? undefined : `want ${want}\n  have ${have}`;
}

function canonical(matrix: readonly StoredSeries[]): string {
  return matrix
    .map(({ metric, values }) => {
      const labels = Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1));
      return JSON.stringify([labels, values]);
    })
    .sort()
    .join("\n");
}
