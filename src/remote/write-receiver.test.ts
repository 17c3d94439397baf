import { describe, expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import { Registry } from "../metrics/registry.ts";
import { histogramToString } from "../model/histogram.ts";
import { SampleBuffer } from "../model/sample.ts";
import { formatGoFloat } from "../model/value-format.ts";
import { MemoryStorage } from "../storage/memory-storage.ts";
import type { Appendable } from "../storage/storage.ts";
import { snappyPlainLength } from "./snappy-block.ts";
import {
  double,
  field,
  label,
  labels,
  sample,
  series,
  snappyBlock,
  varint,
  zigzag,
} from "./testing/write-request.ts";
import { WriteReceiver } from "./write-receiver.ts";

const startMs = 1_763_697_600_000;

function setUp(appendable?: Appendable, labelCacheBytes?: number) {
  const storage = new MemoryStorage();
  const registry = new Registry();
  const receiver = new WriteReceiver({
    appendable: appendable ?? storage,
    clock: new FakeClock(startMs),
    logger: silentLogger,
    registry,
    ...(labelCacheBytes === undefined ? {} : { labelCacheBytes }),
  });
  return { storage, receiver, write: (...plain: number[][]) => send(receiver, plain.flat()) };
}

async function send(receiver: WriteReceiver, plain: readonly number[]): Promise<string> {
  const block = snappyBlock(plain);
  const { status, message } = await receiver.write(block, snappyPlainLength(block));
  return `${status} ${message}`.trim();
}

/** `{labels}: value@seconds …` for each series, sorted. */
function dump(storage: MemoryStorage): string[] {
  return storage.sortedSeries().map((stored) => {
    const samples = new SampleBuffer();
    stored.readSamples(samples, 0, Number.MAX_SAFE_INTEGER);
    const texts: string[] = [];
    for (let i = 0; i < samples.count; i++) {
      const histogram = samples.histograms?.[i];
      const float = samples.isStale(i) ? "stale" : formatGoFloat(samples.values[i]!);
      const value = histogram === undefined ? float : histogramToString(histogram);
      texts.push(`${value}@${(samples.timestampsMs[i]! - startMs) / 1000}`);
    }
    return `${stored.labels}: ${texts.join(" ")}`;
  });
}

const m = (extra: Readonly<Record<string, string>> = {}) => labels({ __name__: "m", ...extra });
const staleBits = [0x02, 0, 0, 0, 0, 0, 0xf0, 0x7f];

describe("WriteReceiver", () => {
  it("stores samples of several series, zero values and stale markers", async () => {
    const { storage, write } = setUp();
    const stale = field(2, 0x09, ...staleBits, 0x10, ...varint(startMs + 2000));
    expect(
      await write(
        series(m({ a: "b" }), sample(startMs, 1), sample(startMs + 1000, 0), stale),
        series(m({ a: "c" }), sample(startMs, -2.5)),
      ),
    ).toBe("204");
    expect(dump(storage)).toEqual([
      '{__name__="m", a="b"}: 1@0 0@1 stale@2',
      '{__name__="m", a="c"}: -2.5@0',
    ]);
  });

  it("knows series again, in the same order and in another", async () => {
    const { storage, write } = setUp();
    const names = ["a", "b", "c"];
    for (const [second, order] of [names, names, [...names].reverse(), names].entries()) {
      const parts = order.map((x) => series(m({ x }), sample(startMs + second * 1000, second)));
      expect(await write(...parts)).toBe("204");
    }
    expect(dump(storage)).toEqual(names.map((x) => `{__name__="m", x="${x}"}: 0@0 1@1 2@2 3@3`));
  });

  it("takes a longer label set for another series though it begins like a known one", async () => {
    const { storage, write } = setUp();
    await write(
      series(m({ a: "1" }), sample(startMs, 1)),
      series(m({ b: "1" }), sample(startMs, 1)),
    );
    await write(
      series(m({ a: "1" }), sample(startMs + 1000, 2)),
      series(m({ b: "1", c: "2" }), sample(startMs + 1000, 2)),
    );
    expect(dump(storage)).toEqual([
      '{__name__="m", a="1"}: 1@0 2@1',
      '{__name__="m", b="1"}: 1@0',
      '{__name__="m", b="1", c="2"}: 2@1',
    ]);
  });

  it("sorts labels, drops empty ones, and reads labels behind samples", async () => {
    const { storage, write } = setUp();
    const z = label("z", "1");
    const unsorted = [...z, ...label("empty", ""), ...label("__name__", "m")];
    expect(await write(series(unsorted, sample(startMs, 1)))).toBe("204");
    expect(await write(series(m(), sample(startMs + 1000, 2), z))).toBe("204");
    expect(dump(storage)).toEqual(['{__name__="m", z="1"}: 1@0 2@1']);
  });

  it("reads samples however they are written", async () => {
    const { storage, write } = setUp();
    const time = varint(startMs);
    const swapped = field(2, 0x10, ...time, 0x09, ...double(7));
    const unknown = field(2, 0x09, ...double(8), 0x10, ...varint(startMs + 1000), 0x18, 1);
    const old = field(2, 0x09, ...double(9), 0x10, ...varint(5));
    expect(await write(series(m(), swapped, unknown))).toBe("204");
    expect(await write(series(m({ a: "old" }), old))).toBe("204");
    expect(await write(series(m({ a: "none" }), field(2)))).toBe("204");
    expect(await write(series(m({ a: "minus" }), field(2, 0x10, ...varint(-1n))))).toBe("204");
    expect(dump(storage)).toEqual([
      '{__name__="m"}: 7@0 8@1',
      '{__name__="m", a="minus"}: ',
      `{__name__="m", a="none"}: 0@${-startMs / 1000}`,
      `{__name__="m", a="old"}: 9@${(5 - startMs) / 1000}`,
    ]);
  });

  it("leaves series with bad labels out and counts them", async () => {
    const { storage, receiver, write } = setUp();
    const bad = [
      labels({ a: "b" }),
      [],
      labels({ __name__: "" }),
      [...m({ a: "1" }), ...label("a", "2")],
      m({ "": "x" }),
      [...m(), ...field(1, ...field(1, 97), ...field(2, 0xff))],
    ];
    for (let round = 1; round <= 2; round++) {
      const parts = bad.map((set) => series(set, sample(startMs + round, 1)));
      expect(await write(...parts, series(m(), sample(startMs + round, 1)))).toBe("204");
      expect(receiver.metrics.invalidLabels.value).toBe(bad.length * round);
    }
    expect(dump(storage)).toEqual(['{__name__="m"}: 1@0.001 1@0.002']);
  });

  it("reads series that it leaves out to their ends", async () => {
    const { storage, write } = setUp();
    const broken = field(3, 0x0c);
    expect(await write(series(m(), sample(1, 1)), series(labels({ x: "no name" }), broken))).toBe(
      "400 proto: Exemplar: wiretype end group for non-group",
    );
    expect(dump(storage)).toEqual(['{__name__="m"}: ']);
  });

  it("stores nothing of a request with a sample that storage refuses", async () => {
    const { storage, write } = setUp();
    await write(series(m(), sample(startMs, 1)));
    const good = series(m({ a: "b" }), sample(startMs, 1));
    expect(await write(good, series(m(), sample(startMs - 1, 1)))).toBe("400 out of order sample");
    expect(await write(series(m(), sample(startMs, 2)), good)).toMatch(
      /^400 duplicate sample for timestamp 1763697600000; overrides not allowed: existing .*, new value 2$/,
    );
    expect(await write(good, series(m(), sample(startMs + 600_001, 1)))).toBe(
      "400 out of bounds: timestamp is too far in the future",
    );
    expect(await write(series(m(), sample(startMs + 600_000, 1)))).toBe("204");
    expect(dump(storage).filter((text) => !text.endsWith(": "))).toEqual([
      '{__name__="m"}: 1@0 1@600',
    ]);
  });

  it("answers with Prometheus' words where the bytes are no request", async () => {
    const { storage, write } = setUp();
    const good = series(m(), sample(startMs, 1));
    expect(await write([0xff, 0xff])).toBe("400 unexpected EOF");
    expect(await write(good, [0x0a, 5, 1])).toBe("400 unexpected EOF");
    expect(await write([0x08, 1])).toBe("400 proto: wrong wireType = 0 for field Timeseries");
    expect(await write([0x0c])).toBe("400 proto: WriteRequest: wiretype end group for non-group");
    expect(await write([0x02])).toBe("400 proto: WriteRequest: illegal tag 0 (wire type 2)");
    expect(await write(Array<number>(11).fill(0xff))).toBe("400 proto: integer overflow");
    expect(await write(good, [0x17, 1])).toBe("400 proto: illegal wireType 7");
    expect(await write(field(1, 0x10, 1))).toBe("400 proto: wrong wireType = 0 for field Samples");
    expect(await write(series(field(1, 0x0a, 9)))).toBe("400 unexpected EOF");
    expect(dump(storage).filter((text) => !text.endsWith(": "))).toEqual([]);
  });

  it("names the first fault of the bytes before any of the samples", async () => {
    const { write } = setUp();
    await write(series(m(), sample(startMs, 1)));
    const old = series(m(), sample(startMs - 1, 1));
    const badHistogram = series(m({ a: "b" }), field(4, 0x0a, 1, 1));
    expect(await write(old, badHistogram, [0x0c])).toBe(
      "400 proto: wrong wireType = 2 for field CountInt",
    );
    expect(await write(old, series(m(), field(4, ...field(12, 0x80))))).toBe("400 unexpected EOF");
    expect(await write(old, series(m(), field(3, ...field(1, 0x08, 1))))).toBe(
      "400 proto: wrong wireType = 0 for field Name",
    );
    expect(await write(old, field(3, 0x12))).toBe("400 unexpected EOF");
  });

  it("takes fields that it does not know, and metadata", async () => {
    const { storage, write } = setUp();
    const metadata = field(3, 0x08, 1, ...field(2, 109), ...field(4, 104));
    const group = [0x2b, 0x08, 1, 0x2c];
    expect(await write(metadata, [0x20, 5], group, series(m(), sample(startMs, 1)))).toBe("204");
    expect(dump(storage)).toEqual(['{__name__="m"}: 1@0']);
  });

  it("attaches exemplars to series that got a sample", async () => {
    const { storage, write } = setUp();
    const exemplar = field(
      3,
      ...label("trace_id", "x"),
      0x11,
      ...double(2),
      0x18,
      ...varint(startMs),
    );
    expect(await write(series(m(), sample(startMs, 1), exemplar))).toBe("204");
    const [found] = await storage.selectExemplars(0, startMs, [[]]);
    expect(found?.exemplars.map((e) => `${e.labels} ${e.value} ${e.timestampMs}`)).toEqual([
      `{trace_id="x"} 2 ${startMs}`,
    ]);
  });

  it("stays right when its memory of labels is too small for them", async () => {
    const { storage, write } = setUp(undefined, 100);
    for (let second = 0; second < 3; second++) {
      const parts = Array.from({ length: 20 }, (_, i) =>
        series(m({ i: String(i) }), sample(startMs + second * 1000, i)),
      );
      expect(await write(...parts)).toBe("204");
    }
    expect(dump(storage).sort()).toEqual(
      Array.from({ length: 20 }, (_, i) => `{__name__="m", i="${i}"}: ${i}@0 ${i}@1 ${i}@2`).sort(),
    );
  });

  it("gives the event loop its turn within a large request", async () => {
    const { receiver } = setUp();
    const plain = Array.from({ length: 400 }, (_, i) =>
      series(m({ i: String(i) }), sample(startMs, 1)),
    );
    const clock = { ...new FakeClock(startMs), nowMs: () => startMs, after: () => () => {} };
    let now = 0;
    const slow = new WriteReceiver({
      appendable: new MemoryStorage(),
      clock: { ...clock, monotonicMs: () => (now += 10) },
      logger: silentLogger,
      registry: new Registry(),
    });
    let turns = 0;
    const count = () => {
      turns++;
      handle = setImmediate(count);
    };
    let handle = setImmediate(count);
    expect(await send(slow, plain.flat())).toBe("204");
    clearImmediate(handle);
    expect(turns).toBeGreaterThan(1);
    expect(receiver.metrics.samples.value).toBe(0);
  });
});

describe("native histograms", () => {
  const span = (offset: number, length: number) => [
    0x08,
    ...zigzag(offset),
    0x10,
    ...varint(length),
  ];
  const packed = (number: number, bytes: readonly number[]) => field(number, ...bytes);
  const atStart = [0x78, ...varint(startMs)];

  it("are stored, integer ones by deltas, float ones by counts", async () => {
    const { storage, write } = setUp();
    const integer = field(
      4,
      ...[0x08, ...varint(6)],
      ...[0x19, ...double(9.5)],
      ...field(11, ...span(1, 2)),
      ...packed(12, [...zigzag(4), ...zigzag(-2)]),
      ...atStart,
    );
    const float = field(
      4,
      ...[0x11, ...double(1.5)],
      ...[0x19, ...double(2)],
      ...field(11, ...span(0, 1)),
      ...[(13 << 3) | 1, ...double(1.5)],
      ...atStart,
    );
    expect(await write(series(m({ k: "int" }), integer), series(m({ k: "float" }), float))).toBe(
      "204",
    );
    expect(dump(storage)).toEqual([
      '{__name__="m", k="float"}: {count:1.5, sum:2, (0.5,1]:1.5}@0',
      '{__name__="m", k="int"}: {count:6, sum:9.5, (1,2]:4, (2,4]:2}@0',
    ]);
  });

  it("may have custom bounds", async () => {
    const { storage, write } = setUp();
    const bounds = packed(16, [...double(5), ...double(10)]);
    const body = [
      ...[0x08, ...varint(3)],
      ...[0x20, ...zigzag(-53)],
      ...field(11, ...span(0, 2)),
      ...packed(12, [...zigzag(1), ...zigzag(1)]),
      ...atStart,
    ];
    expect(await write(series(m(), field(4, ...body, 0x82, 0x01, ...bounds.slice(1))))).toBe("204");
    expect(dump(storage)).toEqual(['{__name__="m"}: {count:3, sum:0, [-Inf,5]:1, (5,10]:2}@0']);
  });

  it("of a finer schema than is stored are brought down to 8", async () => {
    const { storage, write } = setUp();
    const body = [
      ...[0x08, ...varint(6)],
      ...[0x20, ...zigzag(9)],
      ...field(11, ...span(1, 3)),
      ...packed(12, [...zigzag(1), ...zigzag(1), ...zigzag(1)]),
      ...atStart,
    ];
    expect(await write(series(m(), field(4, ...body)))).toBe("204");
    const [text] = dump(storage);
    expect(text).toMatch(/\{count:6, sum:0, \(1,1\.0027\d*\]:3, \(1\.0027\d*,1\.0054\d*\]:3\}@0$/);
  });

  it("that contradict themselves are refused with Prometheus' reasons", async () => {
    const { write } = setUp();
    const refusal = (...body: number[][]) =>
      write(series(m(), field(4, ...body.flat(), ...atStart)));
    expect(await refusal([0x08, 5])).toBe(
      "400 0 observations found in buckets, but the Count field is 5: histogram's observation count should equal the number of observations found in the buckets (in absence of NaN)",
    );
    expect(await refusal(field(11, ...span(0, 2)), packed(12, zigzag(1)))).toBe(
      "400 positive side: spans need 2 buckets, have 1 buckets: histogram spans specify different number of buckets than provided",
    );
    expect(
      await refusal([0x20, ...zigzag(9)], field(11, ...span(0, 2)), packed(12, zigzag(1))),
    ).toBe(
      "400 have 1 buckets but spans need more: histogram spans specify different number of buckets than provided",
    );
    expect(await refusal([0x20, ...zigzag(-9)])).toBe(
      "400 histogram has an invalid schema, which must be between -4 and 8 for exponential buckets, or -53 for custom buckets, got schema -9",
    );
    expect(await refusal(field(11, ...span(0, 1)), packed(12, zigzag(-1)))).toBe(
      "400 positive side: bucket number 1 has observation count of -1: histogram has a bucket whose observation count is negative",
    );
  });
});
