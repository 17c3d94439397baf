/**
 * A real server under load, killed with SIGKILL at seeded moments and started again. The driver stands
 * outside of it and writes down what was acknowledged: a remote write by its 2xx, a scrape by the
 * request for the next one, since the loop asks again only when the last answer was committed.
 */

import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { Random } from "../../src/base/seeded-random.ts";
import type { AppTestContext, RunningProgram } from "../app-test.ts";
import { sendRemoteWrite } from "./remote-write-client.ts";

const seriesPerRequest = 25;
const scrapeIntervalMs = 200;
const valuesAtOnceMs = 3_600_000;

export interface KillRigOptions {
  readonly dir: string;
  readonly random: Random;
  /**
   * "now": scraping and writing at the wall clock. "replay": only writing, from days ago at 15 s a
   * request, so that a minute of load fills several blocks.
   */
  readonly load: "now" | "replay";
}

/** What was found after all kills. */
export interface KillFindings {
  readonly kills: number;
  readonly writtenSamples: number;
  readonly scrapedSamples: number;
  readonly faults: readonly string[];
  readonly blocks: number;
}

interface SentRequest {
  readonly timestampMs: number;
  isAcknowledged: boolean;
}

/** Drives one data directory. */
export class KillRig {
  readonly #context: AppTestContext;
  readonly #options: KillRigOptions;
  readonly #sent: SentRequest[] = [];
  /** Counter values that the target gave and the loop is known to have committed. */
  readonly #scraped = new Set<number>();
  #scrapeCount = 0;
  #lastGiven = 0;
  #nextMs: number;
  #kills = 0;

  constructor(context: AppTestContext, options: KillRigOptions) {
    this.#context = context;
    this.#options = options;
    this.#nextMs = Date.now() - (options.load === "replay" ? 12 * 24 * 3_600_000 : 0);
    this.#nextMs -= this.#nextMs % 1000;
  }

  /** Serves the scrape target and writes the configuration. */
  async begin(): Promise<void> {
    const target = createServer((_request, response) => {
      // The loop has committed what it got before, or it would not ask again.
      if (this.#lastGiven > 0) this.#scraped.add(this.#lastGiven);
      this.#scrapeCount++;
      this.#lastGiven = this.#scrapeCount;
      response.setHeader("content-type", "text/plain; version=0.0.4");
      response.end(`# TYPE scrapes_total counter\nscrapes_total ${this.#scrapeCount}\n`);
    });
    await new Promise<void>((done) => target.listen(0, "127.0.0.1", done));
    this.#context.onClose(() => {
      target.closeAllConnections();
      target.close();
    });
    const address = target.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const jobs = `- job_name: driver\n  static_configs: [{targets: ['127.0.0.1:${port}']}]\n`;
    writeFileSync(
      this.#config,
      `global: {scrape_interval: ${scrapeIntervalMs}ms, scrape_timeout: ${scrapeIntervalMs}ms}\nscrape_configs:${this.#options.load === "now" ? `\n${jobs}` : " []\n"}`,
    );
  }

  /** Starts the server, loads it for `loadMs`, kills it. */
  async killAfter(loadMs: number): Promise<void> {
    // The scrape of the killed one may or may not have been committed.
    this.#lastGiven = 0;
    const { url, program } = await this.#start();
    const endMs = performance.now() + loadMs;
    const timer = setTimeout(() => program.child.kill("SIGKILL"), loadMs);
    while (performance.now() < endMs) {
      if (!(await this.#write(url))) break;
    }
    await program.waitForExit();
    clearTimeout(timer);
    this.#kills++;
  }

  /** Starts it once more and compares all that it has with what was written down. */
  async verify(): Promise<KillFindings> {
    const { url, program } = await this.#start();
    const faults: string[] = [];
    await this.#verifyWritten(url, faults);
    if (this.#options.load === "now") await this.#verifyScraped(url, faults);
    const blocks = await countBlocks(url);
    await program.stop();
    return {
      kills: this.#kills,
      writtenSamples:
        this.#sent.filter(({ isAcknowledged }) => isAcknowledged).length * seriesPerRequest,
      scrapedSamples: this.#scraped.size,
      faults,
      blocks,
    };
  }

  get #config(): string {
    return `${this.#options.dir}.yml`;
  }

  async #start(): Promise<{ url: string; program: RunningProgram }> {
    const port = await this.#context.freePort();
    const program = this.#context.startProgram([
      "server",
      "--data-dir",
      this.#options.dir,
      "--config",
      this.#config,
      "--listen",
      `127.0.0.1:${port}`,
      "--web.enable-remote-write-receiver",
      "--log.level=warn",
    ]);
    await program.waitForLine(/^ready /m, 60_000);
    return { url: `http://127.0.0.1:${port}`, program };
  }

  /** One request; false where the server is gone. */
  async #write(url: string): Promise<boolean> {
    const isReplay = this.#options.load === "replay";
    this.#nextMs = isReplay ? this.#nextMs + 15_000 : Math.max(this.#nextMs + 1, Date.now());
    const request: SentRequest = { timestampMs: this.#nextMs, isAcknowledged: false };
    this.#sent.push(request);
    const series = Array.from({ length: seriesPerRequest }, (_, i) => ({
      labels: ["__name__", "written", "i", String(i)],
      samples: [{ timestampMs: request.timestampMs, value: valueAt(i, request.timestampMs) }],
    }));
    const status = await sendRemoteWrite(url, series);
    if (status !== 0 && status !== 204) throw new Error(`remote write was answered ${status}`);
    request.isAcknowledged = status === 204;
    const waitMs = this.#options.random() * 12;
    await new Promise((resume) => setTimeout(resume, waitMs));
    return status !== 0;
  }

  async #verifyWritten(url: string, faults: string[]): Promise<void> {
    const sent = new Map(this.#sent.map((request) => [request.timestampMs, request]));
    const found = new Map<string, number>();
    const first = this.#sent[0]?.timestampMs ?? 0;
    const last = this.#sent.at(-1)?.timestampMs ?? 0;
    for (let fromMs = first - 1; fromMs < last; fromMs += valuesAtOnceMs) {
      for (const { metric, values } of await rangeValues(url, "written", fromMs + valuesAtOnceMs)) {
        const i = Number(metric["i"]);
        for (const [seconds, value] of values) {
          const timestampMs = Math.round(seconds * 1000);
          const key = `${i} ${timestampMs}`;
          // Ranges share their ends in releases that close them at both sides.
          if (timestampMs <= fromMs) continue;
          found.set(key, (found.get(key) ?? 0) + 1);
          if (!sent.has(timestampMs)) faults.push(`never sent: ${key}`);
          else if (Number(value) !== valueAt(i, timestampMs)) faults.push(`${key} has ${value}`);
        }
      }
    }
    for (const [key, count] of found)
      if (count !== 1) faults.push(`${key} is there ${count} times`);
    for (const { timestampMs, isAcknowledged } of this.#sent) {
      if (!isAcknowledged) continue;
      for (let i = 0; i < seriesPerRequest; i++) {
        if (!found.has(`${i} ${timestampMs}`)) faults.push(`lost: ${i} ${timestampMs}`);
      }
    }
  }

  async #verifyScraped(url: string, faults: string[]): Promise<void> {
    const series = await rangeValues(url, "scrapes_total", Date.now() + 1000);
    const values = series.flatMap((one) => one.values.map(([, value]) => Number(value)));
    const found = new Set(values);
    if (found.size !== values.length) faults.push("a scrape is there twice");
    for (const value of this.#scraped) if (!found.has(value)) faults.push(`lost scrape ${value}`);
    for (const value of found) {
      if (value > this.#scrapeCount) faults.push(`never scraped: ${value}`);
    }
  }
}

function valueAt(i: number, timestampMs: number): number {
  return Math.sin(timestampMs / 1000 + i) * 1000 + i;
}

interface RangeSeries {
  readonly metric: Record<string, string>;
  readonly values: readonly [number, string][];
}

async function rangeValues(url: string, metric: string, endMs: number): Promise<RangeSeries[]> {
  const query = new URLSearchParams({ query: `${metric}[1h]`, time: String(endMs / 1000) });
  const answer = await fetch(`${url}/api/v1/query?${query}`);
  const body = (await answer.json()) as { data?: { result: RangeSeries[] }; error?: string };
  if (body.data === undefined) throw new Error(`query failed: ${body.error}`);
  return body.data.result;
}

async function countBlocks(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^prometheus_tsdb_blocks_loaded (\d+)/m.exec(text)?.[1] ?? 0);
}
