/**
 * `npx tsx bench/lab.ts [proxy] [storm] [--seconds N] [--requests N] [--connections N]`: the laboratory under load, in
 * this process. proxy: requests per second of CPU through the whole of it (client, datapath, L7 policy,
 * proxy, pod, flows, flow metrics of both nodes, flow log) over kept connections. storm: memory and CPU
 * of fifty agents with ten thousand endpoints while every page is scraped every 15 s.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { parseArgs } from "node:util";
import { systemClock } from "../src/base/clock.ts";
import { silentLogger } from "../src/base/logger.ts";
import { type Laboratory, startLaboratory } from "../src/lab/laboratory.ts";
import { loadScene } from "../src/lab/scenes/scene-file.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    /** Of the storm. */
    seconds: { type: "string", default: "10" },
    /** Through the proxy, each time; as many before they are counted, until the code is compiled. */
    requests: { type: "string", default: "30000" },
    connections: { type: "string", default: "16" },
  },
});
const seconds = Number(values.seconds);
const requestCount = Number(values.requests);
const parts = positionals.length === 0 ? ["proxy", "storm"] : positionals;

async function withScene(
  name: string,
  options: { readonly hasTraffic: boolean; readonly hasLog: boolean },
  run: (laboratory: Laboratory) => Promise<void>,
): Promise<void> {
  const labDir = mkdtempSync(join(tmpdir(), "ciliascope-bench-lab-"));
  const laboratory = await startLaboratory({
    scene: loadScene(name),
    ciliumVersion: "1.19",
    clock: systemClock,
    logger: silentLogger,
    seed: 7,
    addressBase: "127.118.0",
    isEphemeral: true,
    hasTraffic: options.hasTraffic,
    labDir: options.hasLog ? labDir : undefined,
  });
  try {
    await run(laboratory);
  } finally {
    await laboratory.stop();
    rmSync(labDir, { recursive: true, force: true });
  }
}

const requestText =
  "POST /v1/request-landing HTTP/1.1\r\nHost: deathstar.default.svc.cluster.local\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n";
/** The end of the deathstar's answer to it. */
const answerEnd = "Ship landed\n";

/** Sends one request after the other; counts answers until told to stop. */
function drive(stream: Duplex, count: () => void): void {
  let rest = "";
  stream.setEncoding("latin1");
  stream.on("data", (text: string) => {
    rest += text;
    if (!rest.endsWith(answerEnd)) return;
    rest = "";
    count();
    stream.write(requestText);
  });
  stream.on("error", () => {});
  stream.write(requestText);
}

async function reached(isThere: () => boolean): Promise<void> {
  while (!isThere()) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function benchProxy(laboratory: Laboratory, hasLog: boolean): Promise<void> {
  const source = laboratory.cluster.findPod("default", "tiefighter");
  if (source === undefined) throw new Error("the scene has a tiefighter");
  let answers = 0;
  let flows = 0;
  laboratory.context.bus.on("flow", () => flows++);
  const streams: Duplex[] = [];
  for (let i = 0; i < Number(values.connections); i++) {
    const { stream } = await laboratory.datapath.connectTcp(source, "10.96.110.8", 80);
    streams.push(stream);
    drive(stream, () => answers++);
  }
  await reached(() => answers >= requestCount);
  const before = { answers, flows, cpu: process.cpuUsage(), ms: performance.now() };
  await reached(() => answers - before.answers >= requestCount);
  const used = process.cpuUsage(before.cpu);
  const cpuSeconds = (used.user + used.system) / 1e6;
  const elapsed = (performance.now() - before.ms) / 1000;
  const done = answers - before.answers;
  for (const stream of streams) stream.destroy();
  console.log(
    `proxy, ${hasLog ? "with" : "without"} flow log: ${done} requests in ${elapsed.toFixed(1)} s = ${Math.round(done / elapsed)} a second; ` +
      `${Math.round(done / cpuSeconds)} a second of CPU, ${((flows - before.flows) / done).toFixed(1)} flows each, ${streams.length} connections`,
  );
}

function scrape(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, (response) => {
      let size = 0;
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
      });
      response.on("end", () => resolve(size));
    }).on("error", reject);
  });
}

async function benchStorm(laboratory: Laboratory): Promise<void> {
  const endpoints = laboratory.cluster.endpointCount();
  const startedSeconds = process.uptime();
  const before = process.cpuUsage();
  let bytes = 0;
  let slowestMs = 0;
  let peakMib = 0;
  const rounds = Math.max(2, Math.ceil(seconds / 15));
  for (let round = 0; round < rounds; round++) {
    bytes = 0;
    for (const { url } of laboratory.endpointUrls) {
      const startMs = performance.now();
      bytes += await scrape(url);
      slowestMs = Math.max(slowestMs, performance.now() - startMs);
    }
    peakMib = Math.max(peakMib, process.memoryUsage().rss / 2 ** 20);
    if (round < rounds - 1) await new Promise((resolve) => setTimeout(resolve, 15_000));
  }
  const used = process.cpuUsage(before);
  const elapsed = process.uptime() - startedSeconds;
  console.log(
    `storm: ${laboratory.cluster.nodes.length} nodes, ${endpoints} endpoints, ${laboratory.endpointUrls.length} pages; ` +
      `started in ${startedSeconds.toFixed(1)} s; ${peakMib.toFixed(0)} MiB resident at most (${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB ever); ` +
      `a round of scrapes ${(bytes / 1e6).toFixed(1)} MB, slowest page ${slowestMs.toFixed(0)} ms; ` +
      `${((used.user + used.system) / 1e4 / elapsed).toFixed(0)} % of a core`,
  );
}

if (parts.includes("proxy")) {
  for (const hasLog of [true, false]) {
    await withScene("star-wars", { hasTraffic: false, hasLog }, (laboratory) =>
      benchProxy(laboratory, hasLog),
    );
  }
}
if (parts.includes("storm"))
  await withScene("storm", { hasTraffic: true, hasLog: true }, benchStorm);
process.exit(0);
