import { describe, expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { Registry } from "../metrics/registry.ts";
import type { FloatHistogram, Histogram } from "../model/histogram.ts";
import { labelsFromObject } from "../model/labels.ts";
import type { SampleBuffer } from "../model/sample.ts";
import { MemoryStorage } from "../storage/memory-storage.ts";
import type { Querier, Queryable } from "../storage/storage.ts";
import { type ReadAnswer, ReadHandler } from "./read-handler.ts";
import { type ReadLimits, readLimitsDefault } from "./read-limits.ts";
import {
  decodeFrames,
  decodeSampled,
  hints,
  matcher,
  query,
  readBody,
  wantsChunks,
} from "./testing/read-messages.ts";

const startMs = 1_763_697_600_000;
const stepMs = 1000;
const stale = "020000000000f07f";
const never = new AbortController().signal;
const named = matcher("__name__", "=", "m");

interface SetUp {
  readonly samples?: number;
  readonly series?: number;
  readonly limits?: Partial<ReadLimits>;
  readonly external?: Readonly<Record<string, string>>;
  readonly queryable?: (storage: MemoryStorage, clock: FakeClock) => Queryable;
}

/** Series m{i="0"} … with samples at startMs, startMs + 1 s …, each its index. */
function setUp({ samples = 10, series = 2, limits = {}, external = {}, queryable }: SetUp = {}) {
  const storage = new MemoryStorage();
  const appender = storage.appender();
  for (let i = 0; i < series; i++) {
    const labels = labelsFromObject({ __name__: "m", i: String(i) });
    for (let at = 0; at < samples; at++) appender.append(0, labels, startMs + at * stepMs, at);
  }
  appender.commit();
  const clock = new FakeClock(startMs);
  const handler = new ReadHandler({
    queryable: queryable?.(storage, clock) ?? storage,
    clock,
    registry: new Registry(),
    externalLabels: () => labelsFromObject(external),
    limits: { ...readLimitsDefault, ...limits },
  });
  return {
    storage,
    handler,
    clock,
    ask: (...parts: (readonly number[])[]) => answer(handler, readBody(...parts)),
  };
}

function answer(handler: ReadHandler, body: Uint8Array, signal = never): Promise<ReadAnswer> {
  return handler.answer(async () => body, signal);
}

async function bytesOf(answered: ReadAnswer): Promise<Buffer> {
  if (answered.status !== 200) throw new Error(answered.message);
  const pieces: Uint8Array[] = [];
  for (;;) {
    const piece = await answered.body.next();
    if (piece === undefined) return Buffer.concat(pieces);
    pieces.push(piece);
  }
}

async function sampled(asked: Promise<ReadAnswer>): Promise<string[]> {
  const queries = decodeSampled(await bytesOf(await asked));
  return queries.map((series) =>
    series
      .map(({ labels, samples }) => {
        const times = samples.map(({ timestampMs }) => (timestampMs - startMs) / stepMs);
        return `${labels.join(",")}: ${times.join(" ")}`;
      })
      .join(" | "),
  );
}

describe("answers of samples", () => {
  it("holds the samples from start to end, both inclusive, of each query in order", async () => {
    const { ask } = setUp();
    const asked = ask(
      query(startMs + 2000, startMs + 4000, named, matcher("i", "=", "1")),
      query(startMs, startMs + 999, named, matcher("i", "!=", "1")),
      query(startMs + 8500, startMs + 99_000, matcher("i", "=~", "[01]")),
      query(startMs, startMs, named, matcher("i", "!~", "1.*")),
      query(startMs, startMs, matcher("i", "=", "none")),
    );
    expect(await sampled(asked)).toEqual([
      "__name__=m,i=1: 2 3 4",
      "__name__=m,i=0: 0",
      "__name__=m,i=0: 9 | __name__=m,i=1: 9",
      "__name__=m,i=0: 0",
      "",
    ]);
  });

  it("carries stale markers and histograms of both kinds bit by bit", async () => {
    const { storage, ask } = setUp({ series: 0 });
    const appender = storage.appender();
    const floats = labelsFromObject({ __name__: "m", i: "a" });
    appender.append(0, floats, startMs, -0);
    appender.appendStale(0, floats, startMs + 1000);
    const mixed = labelsFromObject({ __name__: "m", i: "b" });
    appender.appendHistogram(0, mixed, startMs, histogram("integer"));
    appender.appendHistogram(0, mixed, startMs + 1000, histogram("float"));
    appender.appendStale(0, mixed, startMs + 2000);
    appender.commit();
    const [found = []] = decodeSampled(
      await bytesOf(await ask(query(startMs, startMs + 9000, named))),
    );
    expect(found[0]?.samples.map(({ bits }) => bits)).toEqual(["0000000000000080", stale]);
    const [whole, float, end] = found[1]?.samples ?? [];
    expect(whole?.histogram).toEqual(histogram("integer"));
    expect(float?.histogram).toEqual(histogram("float"));
    expect(end?.bits).toBe(stale);
  });

  it("keeps to narrower hints, and gives labels alone where a client wants only those", async () => {
    const { ask } = setUp({ series: 1 });
    const wide = [startMs, startMs + 9000] as const;
    expect(
      await sampled(ask(query(...wide, named, hints(startMs + 3000, startMs + 4000)))),
    ).toEqual(["__name__=m,i=0: 3 4"]);
    expect(await sampled(ask(query(...wide, named, hints(...wide, "series"))))).toEqual([
      "__name__=m,i=0: ",
    ]);
  });

  it("finds nothing without matchers, and nothing in a range that ends before it begins", async () => {
    const { ask } = setUp();
    const asked = ask(query(startMs, startMs + 9000), query(startMs + 9000, startMs, named));
    expect(await sampled(asked)).toEqual(["", ""]);
  });

  it("adds external labels, and takes a matcher for one of them off", async () => {
    const { ask } = setUp({ series: 1, external: { region: "eu", i: "x" } });
    const range = [startMs, startMs] as const;
    const asked = ask(
      query(...range, named, matcher("region", "=", "eu")),
      query(...range, named, matcher("region", "=", "us")),
      query(...range, named, matcher("region", "=~", "eu")),
    );
    expect(await sampled(asked)).toEqual(["__name__=m,i=0,region=eu: 0", "", ""]);
  });

  it("is one block whatever its size", async () => {
    const { ask } = setUp({ samples: 30_000, series: 3 });
    const found = decodeSampled(await bytesOf(await ask(query(startMs, startMs + 3e7, named))));
    expect(found[0]?.map(({ samples }) => samples.length)).toEqual([30_000, 30_000, 30_000]);
  });
});

describe("answers of chunks", () => {
  it("has one series a frame, and at most 120 samples a chunk", async () => {
    const { ask } = setUp({ samples: 300 });
    const asked = await ask(
      query(0, 2e12, matcher("a", "=", "b")),
      query(startMs + 500, startMs + 260_000, named),
      wantsChunks,
    );
    const frames = decodeFrames(await bytesOf(asked));
    expect(frames.map(({ labels }) => labels.join())).toEqual(["__name__=m,i=0", "__name__=m,i=1"]);
    for (const { queryIndex, chunks } of frames) {
      expect(queryIndex).toBe(1);
      const facts = chunks.map(({ minMs, maxMs, encoding, bytes }) => [
        (minMs - startMs) / stepMs,
        (maxMs - startMs) / stepMs,
        encoding,
        Buffer.from(bytes).readUInt16BE(),
      ]);
      expect(facts).toEqual([
        [1, 120, 1, 120],
        [121, 240, 1, 120],
        [241, 260, 1, 20],
      ]);
    }
  });

  it("splits a series over frames that exceed their bound by one chunk at most", async () => {
    const { ask } = setUp({ samples: 20_000, series: 1, limits: { frameBytesMax: 2000 } });
    const frames = decodeFrames(await bytesOf(await ask(query(startMs, 2e12, named), wantsChunks)));
    expect(frames.length).toBeGreaterThan(5);
    const largest = Math.max(
      ...frames.flatMap(({ chunks }) => chunks.map(({ bytes }) => bytes.length)),
    );
    for (const { sizeBytes } of frames) expect(sizeBytes).toBeLessThan(2000 + largest + 40);
    const times = frames.flatMap(({ chunks }) => chunks.map(({ minMs }) => minMs));
    expect(times).toEqual([...times].sort());
    const counts = frames.flatMap(({ chunks }) =>
      chunks.map(({ bytes }) => Buffer.from(bytes).readUInt16BE()),
    );
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(20_000);
  });

  it("cuts where floats, integer and float histograms follow each other", async () => {
    const { storage, ask } = setUp({ series: 0 });
    const appender = storage.appender();
    const labels = labelsFromObject({ __name__: "m" });
    appender.append(0, labels, startMs, 1);
    appender.appendHistogram(0, labels, startMs + 1000, histogram("integer"));
    appender.appendHistogram(0, labels, startMs + 2000, histogram("float"));
    appender.commit();
    const [frame] = decodeFrames(await bytesOf(await ask(query(0, 2e12, named), wantsChunks)));
    expect(frame?.chunks.map(({ encoding }) => encoding)).toEqual([1, 2, 3]);
  });

  it("reads from a new querier where the reader takes long, and goes on behind the last series", async () => {
    let opened = 0;
    const { ask } = setUp({
      series: 4,
      queryable: (storage, clock) => ({
        querier(minMs, maxMs) {
          opened++;
          return watchReads(storage.querier(minMs, maxMs), () => clock.advance(40_000));
        },
      }),
    });
    const frames = decodeFrames(await bytesOf(await ask(query(0, 2e12, named), wantsChunks)));
    expect(frames.map(({ labels }) => labels[1])).toEqual(["i=0", "i=1", "i=2", "i=3"]);
    expect(opened).toBeGreaterThan(1);
  });
});

describe("refusals in Prometheus' words", () => {
  const check = async (body: Uint8Array, status: number, message: string, how: SetUp = {}) => {
    const answered = await answer(setUp(how).handler, body);
    expect(answered).toEqual({ status, message });
  };
  const all = [startMs, startMs + 9000] as const;

  it("of what is no request", async () => {
    await check(new Uint8Array(0), 400, "snappy: corrupt input");
    await check(Buffer.from("hello world"), 400, "snappy: corrupt input");
    await check(
      Uint8Array.of(0x81, 0x80, 0x80, 0x10, 0),
      400,
      "snappy: decoded length 33554433 exceeds limit 33554432",
    );
    await check(readBody([0x0d, 1, 2, 3, 4]), 400, "proto: wrong wireType = 5 for field Queries");
    await check(readBody([0x0a, 1, 8]), 400, "unexpected EOF");
    await check(
      readBody([0x0a, 3, 0x1a, 1, 0x0b]),
      400,
      "proto: wrong wireType = 3 for field Type",
    );
    await check(
      readBody([0x0a, 2, 0x22, 0, 0x0c]),
      400,
      "proto: ReadRequest: wiretype end group for non-group",
    );
  });

  it("of kinds of answers that nobody has", async () => {
    const message =
      "server does not support any of the requested response types: [5 6]; supported: map[SAMPLES:{} STREAMED_XOR_CHUNKS:{}]";
    await check(readBody(query(...all, named), [0x10, 5, 0x10, 6]), 400, message);
    const answered = await setUp().ask(query(...all, named), [0x12, 2, 5, 1]);
    expect(answered.status === 200 && answered.contentType).toMatch(/ChunkedReadResponse$/);
  });

  it("of matchers", async () => {
    const open = readBody(query(...all, matcher("a", "=~", "(")));
    await check(open, 500, "error parsing regexp: missing closing ): `(`");
    await check(readBody(query(...all, matcher("a", 7, "x"))), 500, "invalid matcher type");
    const noText = [0x1a, 9, 0x08, 2, 0x12, 1, 97, 0x1a, 2, 46, 0xff];
    const message = "error parsing regexp: invalid UTF-8: `\ufffd`";
    await check(readBody(query(...all, noText)), 500, message);
  });

  it("of more samples of one query than may be, which chunks do not know", async () => {
    const how = { limits: { samplesMax: 19 } };
    await check(readBody(query(...all, named)), 400, "exceeded sample limit (19)", how);
    const { ask } = setUp(how);
    const one = query(...all, named, matcher("i", "=", "1"));
    expect(await sampled(ask(one, one))).toHaveLength(2);
    expect((await ask(query(...all, named), wantsChunks)).status).toBe(200);
    expect((await setUp({ limits: { samplesMax: 0 } }).ask(query(...all, named))).status).toBe(200);
  });
});

describe("turns", () => {
  it("lets so many in at a time, and the next one when a body is read to its end or left", async () => {
    const { ask } = setUp({ limits: { concurrencyMax: 1 } });
    const request = [query(startMs, startMs, named), wantsChunks] as const;
    const first = await ask(...request);
    let isSecondIn = false;
    const second = ask(...request).then((answered) => {
      isSecondIn = true;
      return answered;
    });
    await new Promise((resume) => setImmediate(resume));
    expect(isSecondIn).toBe(false);
    await bytesOf(first);
    const answered = await second;
    const third = ask(...request);
    if (answered.status === 200) await answered.body.end();
    expect((await third).status).toBe(200);
  });

  it("forgets who leaves the line", async () => {
    const { handler, ask } = setUp({ limits: { concurrencyMax: 1 } });
    const first = await ask(query(startMs, startMs, named), wantsChunks);
    const gone = new AbortController();
    const waiting = answer(handler, readBody(query(startMs, startMs, named)), gone.signal);
    gone.abort();
    expect(await waiting).toEqual({ status: 500, message: "context canceled" });
    await bytesOf(first);
    expect((await ask(query(startMs, startMs, named))).status).toBe(200);
  });

  it("gives the turn on after a refusal", async () => {
    const { ask } = setUp({ limits: { concurrencyMax: 1 } });
    expect((await ask([0x0d])).status).toBe(400);
    expect((await ask(query(startMs, startMs, named))).status).toBe(200);
  });

  it("stops reading when the client goes away, and closes what it read from", async () => {
    let open = 0;
    const { handler } = setUp({
      samples: 2000,
      series: 50,
      queryable: (storage) => ({
        querier(minMs, maxMs) {
          open++;
          return watchReads(
            storage.querier(minMs, maxMs),
            () => {},
            () => {
              open--;
            },
          );
        },
      }),
    });
    const gone = new AbortController();
    const body = readBody(query(0, 2e12, named), wantsChunks);
    const answered = await answer(handler, body, gone.signal);
    expect(open).toBe(1);
    gone.abort();
    await expect(bytesOf(answered)).rejects.toThrow("the client went away");
    expect(open).toBe(0);
  });
});

/** The querier; `onRead` is told of each series that is read. */
function watchReads(querier: Querier, onRead: () => void, onClose = () => {}): Querier {
  return {
    async select(matchers, how) {
      const { series, warnings } = await querier.select(matchers, how);
      const watched = series.map((one) => ({
        labels: one.labels,
        readSamples(into: SampleBuffer, from: number, to: number) {
          onRead();
          one.readSamples(into, from, to);
        },
      }));
      return { series: watched, warnings };
    },
    labelNames: (matchers) => querier.labelNames(matchers),
    labelValues: (name, matchers) => querier.labelValues(name, matchers),
    close: onClose,
  };
}

function histogram(kind: "integer" | "float"): Histogram | FloatHistogram {
  return {
    kind,
    counterResetHint: "gauge",
    schema: -53,
    zeroThreshold: 0,
    zeroCount: 0,
    count: 5,
    sum: 7.5,
    positiveSpans: [
      { offset: 0, length: 1 },
      { offset: 1, length: 2 },
    ],
    negativeSpans: [],
    positiveBuckets: kind === "float" ? [1.5, 0.5, 3] : [2, -1, 1],
    negativeBuckets: [],
    customValues: [0.25, 1, 2, 4],
  };
}
