/**
 * The bulk load, by remote write 1.0: pods x 100 series (40 request counters, 4 latency histograms of 10
 * buckets, 20 gauges) x points, 15 s apart; a request holds 1,000 series x 10 samples and the next one
 * waits for its answer. The same bytes for every server and in every run (own generator of random
 * numbers). Shape and names are those of the reference figures, so that results can be compared.
 *
 *   npx tsx bench/bulk-load.ts URL [pods=200] [points=1440] [startMs] [stepMs]
 */

import { Agent, request } from "node:http";
import { pathToFileURL } from "node:url";

const seriesPerRequest = 1000;
const samplesPerRequest = 10;
/** Where the reference load begins, ms. */
export const loadStartMs = 1_763_697_600_000;
export const loadStepMs = 15_000;

const bounds = ["0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "+Inf"];
const statuses = ["200", "201", "204", "301", "400", "404", "500", "503"];
const methods = ["GET", "POST", "PUT", "DELETE", "PATCH"];
const rates = [0, 0, 1, 3, 20, 150];

/** How much to send, and where from. */
export interface LoadSize {
  readonly pods: number;
  /** Samples of each series; a multiple of 10. */
  readonly points: number;
  readonly startMs?: number;
  readonly stepMs?: number;
}

/** What was sent, and how long the server let us wait. */
export interface LoadResult {
  readonly series: number;
  readonly samples: number;
  readonly bodyBytes: number;
  readonly wallSeconds: number;
  readonly waitSeconds: number;
}

interface LoadSeries {
  readonly labelBytes: Buffer;
  readonly kind: "counter" | "gauge" | "bucket";
  /** Bucket k of a histogram grows k + 1 times as fast as the first. */
  readonly bucket: number;
  value: number;
  rate: number;
}

/** Sends the load; throws where a request is not answered with 2xx. */
export async function sendBulkLoad(url: string, size: LoadSize): Promise<LoadResult> {
  const random = linearCongruential(12_345);
  const series = makeSeries(size.pods, random);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const startedMs = performance.now();
  let waitMs = 0;
  let bodyBytes = 0;
  try {
    for (let point = 0; point < size.points; point += samplesPerRequest) {
      for (let from = 0; from < series.length; from += seriesPerRequest) {
        const part = series.slice(from, from + seriesPerRequest);
        const body = literalSnappy(encodeRequest(part, point, size, random));
        bodyBytes += body.length;
        const sentMs = performance.now();
        await post(url, body, agent);
        waitMs += performance.now() - sentMs;
      }
    }
  } finally {
    agent.destroy();
  }
  return {
    series: series.length,
    samples: series.length * size.points,
    bodyBytes,
    wallSeconds: (performance.now() - startedMs) / 1000,
    waitSeconds: waitMs / 1000,
  };
}

function linearCongruential(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return state / 0x7fff_ffff;
  };
}

function makeSeries(pods: number, random: () => number): LoadSeries[] {
  const series: LoadSeries[] = [];
  for (let pod = 0; pod < pods; pod++) {
    const base = {
      cluster: pod % 2 === 1 ? "west" : "east",
      instance: `10.0.${pod >> 8}.${pod & 255}:9962`,
      job: "perf",
      namespace: "kube-system",
      node: `node-${pod}`,
      pod: `cilium-${((pod * 7919) % 100_000).toString(36).padStart(5, "0")}`,
      shard: String(pod % 10),
    };
    const add = (
      name: string,
      extra: Readonly<Record<string, string>>,
      kind: LoadSeries["kind"],
      bucket = 0,
    ) => {
      const labelBytes = encodeLabels({ __name__: name, ...base, ...extra });
      const value = kind === "counter" ? 0 : Math.floor(random() * 100);
      const rate = rates[Math.floor(random() * rates.length)] ?? 0;
      series.push({ labelBytes, kind, bucket, value: kind === "bucket" ? 0 : value, rate });
    };
    for (const method of methods) {
      for (const status of statuses) add("perf_requests_total", { method, status }, "counter");
    }
    for (let path = 0; path < 4; path++) {
      for (const [bucket, le] of bounds.entries()) {
        add("perf_latency_seconds_bucket", { path: `/api/${path}`, le }, "bucket", bucket);
      }
    }
    for (let gauge = 0; gauge < 20; gauge++) add("perf_gauge", { kind: `k${gauge}` }, "gauge");
  }
  // The buckets of a histogram grow together.
  for (const [index, one] of series.entries()) {
    if (one.kind === "bucket") one.rate = series[index - one.bucket]?.rate ?? 0;
  }
  return series;
}

function nextValue(series: LoadSeries, random: () => number): number {
  if (series.kind === "gauge") {
    if (random() < 0.3) series.value = Math.max(0, series.value + Math.floor(random() * 11) - 5);
  } else if (series.kind === "bucket") series.value += series.rate * (series.bucket + 1);
  else if (series.rate > 0) series.value += series.rate + Math.floor(random() * series.rate);
  return series.value;
}

function encodeRequest(
  series: readonly LoadSeries[],
  point: number,
  size: LoadSize,
  random: () => number,
): Buffer {
  const { startMs = loadStartMs, stepMs = loadStepMs } = size;
  const pieces: Buffer[] = [];
  for (const one of series) {
    const samples = Buffer.allocUnsafe(samplesPerRequest * 18);
    let at = 0;
    for (let i = 0; i < samplesPerRequest; i++) {
      samples[at++] = 0x12;
      samples[at++] = 16;
      samples[at++] = 0x09;
      at = samples.writeDoubleLE(nextValue(one, random), at);
      samples[at++] = 0x10;
      at = writeVarint(samples, startMs + (point + i) * stepMs, at);
    }
    const length = varint(one.labelBytes.length + at);
    pieces.push(Buffer.from([0x0a]), length, one.labelBytes, samples.subarray(0, at));
  }
  return Buffer.concat(pieces);
}

function encodeLabels(labels: Readonly<Record<string, string>>): Buffer {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.concat(
    sorted.map(([name, value]) =>
      field(0x0a, Buffer.concat([field(0x0a, Buffer.from(name)), field(0x12, Buffer.from(value))])),
    ),
  );
}

function field(tag: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag]), varint(payload.length), payload]);
}

function varint(value: number): Buffer {
  const bytes = Buffer.alloc(10);
  return bytes.subarray(0, writeVarint(bytes, value, 0));
}

function writeVarint(into: Buffer, value: number, at: number): number {
  let rest = value;
  let end = at;
  while (rest >= 128) {
    into[end++] = (rest % 128) | 128;
    rest = Math.floor(rest / 128);
  }
  into[end++] = rest;
  return end;
}

/** Snappy's framing with nothing but literals: what the reference load sends. */
function literalSnappy(plain: Buffer): Buffer {
  const pieces = [varint(plain.length)];
  for (let from = 0; from < plain.length; from += 65_536) {
    const piece = plain.subarray(from, from + 65_536);
    const last = piece.length - 1;
    pieces.push(Buffer.from([61 << 2, last & 255, last >> 8]), piece);
  }
  return Buffer.concat(pieces);
}

function post(url: string, body: Buffer, agent: Agent): Promise<void> {
  const headers = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
    "Content-Length": body.length,
  };
  return new Promise((resolve, reject) => {
    const sending = request(url, { method: "POST", agent, headers }, (answer) => {
      let text = "";
      answer.on("data", (piece) => {
        text += String(piece);
      });
      answer.on("end", () => {
        if ((answer.statusCode ?? 500) < 300) resolve();
        else reject(new Error(`${url} answered ${answer.statusCode}: ${text}`));
      });
    });
    sending.on("error", reject);
    sending.end(body);
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [url = "", pods = "200", points = "1440", startMs, stepMs] = process.argv.slice(2);
  const result = await sendBulkLoad(url, {
    pods: Number(pods),
    points: Number(points),
    ...(startMs === undefined ? {} : { startMs: Number(startMs) }),
    ...(stepMs === undefined ? {} : { stepMs: Number(stepMs) }),
  });
  console.log(JSON.stringify(result));
}
