/**
 * Remote read as real Prometheus servers use it: one that holds no samples of its own asks us for all of them,
 * release 3 by streamed chunks and Debian's 2.42 by samples, and answers queries as we do. Then the same
 * seeded random requests to a Prometheus 3 with our samples and to us: what is in the answers, of both
 * kinds, must be the same, and so must the refusals. What is not installed is skipped, and said so.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorMessage } from "../src/base/errors.ts";
import { seededRandom } from "../src/base/seeded-random.ts";
import { histogramToString } from "../src/model/histogram.ts";
import { SampleBuffer } from "../src/model/sample.ts";
import {
  type CameFrame,
  type CameSample,
  decodeFrames,
  decodeSampled,
  hints,
  matcher,
  query,
  readBody,
  wantsChunks,
} from "../src/remote/testing/read-messages.ts";
import { readChunkSamples } from "../src/tsdb/block/chunk-samples.ts";
import { type AppTest, type AppTestContext, expectEqual, expectMatch } from "./app-test.ts";
import { findPrometheusPeers, type PrometheusPeer, startPrometheus } from "./peers.ts";
import { ask, differenceOf, endMs, loadSamples, nextRequest, startMs } from "./query-comparison.ts";
import { askedMetrics, RandomQueries } from "./random-queries.ts";

const seed = 1;
const queryCount = 150;
const readCount = 250;
/** The client's and ours: a client asks for its own external labels, and takes them off the answer. */
const externalLabels = "global: {external_labels: {cluster: one}}\n";
const empty = "scrape_configs: []\n";

export const remoteReadTest: AppTest = {
  name: "remote-read",
  async run(context) {
    const peers = findPrometheusPeers();
    if (peers.length === 0) return;
    const ours = await startOurs(context);
    await loadSamples(ours);
    for (const peer of peers) {
      const client = await startClient(context, peer, ours);
      const count = peer.hasOpenRanges
        ? await askRandom(client, ours)
        : await askFixed(client, ours);
      const kind = peer.hasOpenRanges ? "chunked" : "sampled";
      await expectKind(client, peer, kind);
      console.log(`      ${peer.name} reads our samples (${kind}): ${count} answers the same`);
    }
    const newest = peers.find(({ hasOpenRanges }) => hasOpenRanges);
    if (newest !== undefined) await compareReads(context, newest, ours);
  },
};

/** On an empty folder, open for remote write, without our own scrape. */
async function startOurs(context: AppTestContext): Promise<string> {
  const dir = context.tempDir();
  const config = join(dir, "ours.yml");
  writeFileSync(config, externalLabels + empty);
  const address = `127.0.0.1:${await context.freePort()}`;
  const program = context.startProgram([
    "server",
    ...["--config", config, "--data-dir", join(dir, "data"), "--listen", address],
    ...["--storage.tsdb.retention.time", "36500d", "--web.enable-remote-write-receiver"],
    ...["--observer-listen", "", "--storage.remote.read-max-bytes-in-frame", "4096"],
  ]);
  await program.waitForLine(/^ready http/m);
  return `http://${address}`;
}

async function startClient(
  context: AppTestContext,
  peer: PrometheusPeer,
  ours: string,
): Promise<string> {
  const dir = join(context.tempDir(), "tsdb");
  mkdirSync(dir);
  const read = `remote_read: [{url: "${ours}/api/v1/read", read_recent: true}]\n`;
  const { url } = await startPrometheus(context, peer, dir, {
    config: externalLabels + read + empty,
  });
  expectEqual(url !== "", true, `${peer.name} starts`);
  return url;
}

async function askRandom(client: string, ours: string): Promise<number> {
  const queries = new RandomQueries(seed);
  let filled = 0;
  for (let index = 0; index < queryCount; index++) {
    const request = nextRequest(queries);
    const have = await ask(client, request);
    const difference = differenceOf(await ask(ours, request), have, "");
    expectEqual(difference, "", `query ${index} of seed ${seed}: ${decodeURIComponent(request)}`);
    if (JSON.stringify(have).includes('"value')) filled++;
  }
  expectEqual(filled > queryCount / 4, true, `more than ${filled} answers with values`);
  return queryCount;
}

/**
 * What 2.42 has the words for, without native histograms, which its client leaves out of what it is sent.
 * No range begins or ends at a sample, where releases differ.
 */
async function askFixed(client: string, ours: string): Promise<number> {
  const { counter, gauge } = askedMetrics;
  const queries = [
    `${counter}{job="a"}`,
    `sum by (job) (rate(${counter}[100s]))`,
    `${gauge} > 0`,
    `count_over_time(${gauge}{i!~"3"}[301s])`,
    `max_over_time(${gauge}[100s] offset 3m)`,
    `absent(${gauge}{cluster="two"})`,
  ];
  for (const text of queries) {
    const times = `start=${startMs / 1000 + 302}&end=${startMs / 1000 + 1202}&step=60`;
    const request = `query_range?query=${encodeURIComponent(text)}&${times}`;
    const difference = differenceOf(
      await valuesOf(ours, request),
      await valuesOf(client, request),
      "",
    );
    expectEqual(difference, "", text);
  }
  return queries.length;
}

/** Without remarks, which are newer. */
async function valuesOf(url: string, request: string): Promise<unknown> {
  const { status, rows } = (await ask(url, request)) as { status: number; rows: unknown[] };
  expectEqual(status, 200, request);
  expectEqual(rows.length > 0, true, `values for ${decodeURIComponent(request)}`);
  return rows;
}

/** How the client says it was answered; 2.42 knows one kind only and does not say. */
async function expectKind(client: string, peer: PrometheusPeer, kind: string): Promise<void> {
  if (!peer.hasOpenRanges) return;
  const text = await (await fetch(`${client}/metrics`)).text();
  const lines = text.match(/^prometheus_remote_read_client_queries_total.*$/gm) ?? [];
  expectMatch(lines.join("\n"), new RegExp(`code="200".*response_type="${kind}"`), peer.name);
  expectEqual(lines.length, 1, `kinds and codes of answers: ${lines.join(" ")}`);
}

async function compareReads(
  context: AppTestContext,
  peer: PrometheusPeer,
  ours: string,
): Promise<void> {
  const dir = join(context.tempDir(), "tsdb");
  mkdirSync(dir);
  const { url: theirs } = await startPrometheus(context, peer, dir, {
    config: externalLabels + empty,
    args: ["--web.enable-remote-write-receiver"],
  });
  await loadSamples(theirs);
  const random = seededRandom(seed);
  let filled = 0;
  for (let index = 0; index < readCount; index++) {
    const plain = randomRead(random);
    const isDamaged = random() < 0.15;
    if (isDamaged) plain[Math.floor(random() * plain.length)] = Math.floor(random() * 256);
    const [want, have] = await Promise.all([read(theirs, plain), read(ours, plain)]);
    const what = `read ${index} of seed ${seed}: ${Buffer.from(plain).toString("hex")}`;
    // A changed byte may ask what two servers need not answer alike; whether they answer is the same.
    if (isDamaged && want.status === 200) expectEqual(have.status, 200, what);
    else if (want.status === brokenOff) expectEqual(have.status, 500, what);
    else expectEqual(have, want, what);
    if (want.content.length > 200) filled++;
  }
  expectEqual(filled > readCount / 3, true, `more than ${filled} answers with samples`);
  console.log(
    `      ${readCount} reads the same as of ${peer.name}, ${filled} of them with samples`,
  );
}

function randomRead(random: () => number): number[] {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const time = () => startMs + Math.floor(random() * (endMs - startMs));
  const queries = Array.from({ length: 1 + Math.floor(random() * 3) }, () => {
    const [from = 0, to = 0] = [pick([time(), startMs]), pick([time(), endMs])].sort();
    const matchers = [
      pick([
        matcher("__name__", "=", pick(Object.values(askedMetrics))),
        matcher("__name__", "=~", "asked_(shape|mixed|total)"),
        matcher("__name__", "!=", askedMetrics.buckets),
      ]),
      ...pick([
        [],
        [matcher("job", "=", "a")],
        [matcher("i", "!~", "1|3")],
        [matcher("i", "=~", ".+")],
      ]),
      ...pick([[], [matcher("cluster", "=", "one")], [matcher("cluster", "!=", "one")]]),
    ];
    const narrower = hints(from + Math.floor((to - from) * 0.2), to, pick(["", "rate", "series"]));
    return query(from, to, ...matchers, ...pick([[], [narrower]]));
  });
  return [...queries.flat(), ...pick([[], wantsChunks, [0x12, 2, 1, 0], [0x10, 9]])];
}

/** Stands for a stream of Prometheus with an error's text in the middle; we refuse before it begins. */
const brokenOff = 0;

interface ReadAnswer {
  readonly status: number;
  readonly type: string | null;
  /** Series and samples in one order, or the text of a refusal. */
  readonly content: string;
}

async function read(url: string, plain: readonly number[]): Promise<ReadAnswer> {
  const answer = await fetch(`${url}/api/v1/read`, { method: "POST", body: readBody(plain) });
  const type = answer.headers.get("content-type");
  const body = new Uint8Array(await answer.arrayBuffer());
  if (answer.status !== 200) {
    return { status: answer.status, type, content: Buffer.from(body).toString() };
  }
  const isStream = type?.includes("Chunked") === true;
  if (!isStream) return { status: 200, type, content: sampledText(body) };
  try {
    return { status: 200, type, content: framesText(decodeFrames(body)) };
  } catch (thrown) {
    return { status: brokenOff, type, content: errorMessage(thrown) };
  }
}

function sampledText(block: Uint8Array): string {
  return decodeSampled(block)
    .flatMap((found, index) => found.map((one) => [index, one] as const))
    .filter(([, { samples }]) => samples.length > 0)
    .map(([index, { labels, samples }]) => seriesText(index, labels, samples))
    .sort()
    .join("\n");
}

function framesText(frames: readonly CameFrame[]): string {
  const bySeries = new Map<string, { frame: CameFrame; samples: SampleBuffer }>();
  for (const frame of frames) {
    const key = `${frame.queryIndex} ${frame.labels.join()}`;
    const entry = bySeries.get(key) ?? { frame, samples: new SampleBuffer() };
    bySeries.set(key, entry);
    for (const { encoding, bytes } of frame.chunks) {
      // The decoder may look a few bytes behind the last one.
      const padded = new Uint8Array(bytes.length + 8);
      padded.set(bytes);
      readChunkSamples({ encoding, bytes: padded, at: 0, length: bytes.length }, entry.samples, {
        startMs: Number.NEGATIVE_INFINITY,
        endMs: Number.POSITIVE_INFINITY,
      });
    }
  }
  return [...bySeries.values()]
    .map(({ frame, samples }) => seriesText(frame.queryIndex, frame.labels, cameSamples(samples)))
    .sort()
    .join("\n");
}

function cameSamples(buffer: SampleBuffer): CameSample[] {
  return Array.from({ length: buffer.count }, (_, i) => ({
    timestampMs: buffer.timestampsMs[i]!,
    bits: Buffer.from(buffer.values.buffer, i * 8, 8).toString("hex"),
    histogram: buffer.histograms?.[i],
  }));
}

/** Hints of resets are left out: they depend on where chunks begin. */
function seriesText(
  queryIndex: number,
  labels: readonly string[],
  samples: readonly CameSample[],
): string {
  const texts = samples.map(({ timestampMs, bits, histogram }) => {
    const value =
      histogram === undefined ? bits : `${histogram.kind} ${histogramToString(histogram)}`;
    return `${timestampMs - startMs}:${value}`;
  });
  return `${queryIndex} ${labels.join()} ${texts.join(" ")}`;
}
