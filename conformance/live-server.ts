/** Our real server with the recorded live.yml, scraping the fixture server until every target was scraped often enough. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import { silentLogger } from "../src/base/logger.ts";
import { startServer } from "../src/server/server.ts";
import { startLiveFixture } from "./live-fixture.ts";

/** Four scrapes of 2 s, so that every target was seen more than once and the slow one timed out. */
const settleMs = 8_500;

/** A running server. */
export interface LiveServer {
  readonly fetch: (pathAndQuery: string, init?: RequestInit) => Promise<Response>;
  stop(): Promise<void>;
}

export async function startLiveServer(dataDir: string): Promise<LiveServer> {
  const stopFixture = await startLiveFixture(dataDir);
  const dir = await mkdtemp(join(tmpdir(), "ciliascope-live-"));
  const server = await startServer({
    mode: "server",
    version: "0.0.0",
    dataDir: dir,
    listen: "127.0.0.1:0",
    configFile: join(dataDir, "prom", "httpapi", "live", "live.yml"),
    allowedHosts: [],
    canImportByUrl: false,
    hasAdminApi: false,
    retentionMs: 86_400_000,
    lookbackDeltaMs: 300_000,
    queryTimeoutMs: 120_000,
    querySamplesMax: 50_000_000,
    queryConcurrencyMax: 20,
    clock: systemClock,
    logger: silentLogger,
    flags: {},
  });
  await new Promise((done) => setTimeout(done, settleMs));
  return {
    fetch: (pathAndQuery, init) => fetch(`${server.url.replace(/\/$/, "")}${pathAndQuery}`, init),
    async stop() {
      await server.stop();
      await stopFixture();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
