/** The parts of blocks one by one: names, spans of time, sets of refs, merging, paging, index and chunks on disk. */

import * as nodeFs from "node:fs";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../base/clock.ts";
import { seededRandom } from "../../base/seeded-random.ts";
import { compareLabels, type Labels, labelsFromObject } from "../../model/labels.ts";
import { createMatcher, type Matcher } from "../../model/matcher.ts";
import { SampleBuffer } from "../../model/sample.ts";
import { XorChunk } from "../chunks/xor/xor-appender.ts";
import { Block } from "./block.ts";
import { noStats } from "./block-meta.ts";
import { BlockQuerier } from "./block-querier.ts";
import { BlockWriter } from "./block-writer.ts";
import { mergeSymbols, sortSymbols } from "./index-writer.ts";
import { sortTail } from "./merge-samples.ts";
import { CachedFile, PageCache } from "./page-cache.ts";
import { intersect, meets, subtract, uniteDisjoint } from "./postings-lists.ts";
import { addInterval, isCovered, isTouched, remainingTime } from "./time-intervals.ts";
import { TimeSlice } from "./time-slice.ts";
import { isUlid, newUlid, ulidTimeMs } from "./ulid.ts";

let dir = "";

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "block-parts-"));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

describe("ulids", () => {
  it("carry their time, sort by it and are told from other names", () => {
    const random = seededRandom(1);
    const [a, b] = [newUlid(1_700_000_000_000, random), newUlid(1_700_000_000_001, random)];
    expect(a < b).toBe(true);
    expect(ulidTimeMs(a)).toBe(1_700_000_000_000);
    expect(isUlid(a)).toBe(true);
    for (const name of ["wal", `${a}.tmp-for-creation`, a.toLowerCase(), `U${a.slice(1)}`]) {
      expect(isUlid(name)).toBe(false);
    }
  });
});

describe("deleted spans", () => {
  it("grow together where they touch", () => {
    const check = (spans: readonly number[], from: number, to: number, want: readonly number[]) =>
      expect(addInterval(spans, from, to)).toEqual(want);
    check([], 5, 9, [5, 9]);
    check([5, 9], 10, 12, [5, 12]);
    check([5, 9], 11, 12, [5, 9, 11, 12]);
    check([5, 9, 20, 30], 8, 19, [5, 30]);
    check([5, 9, 20, 30], 1, 2, [1, 2, 5, 9, 20, 30]);
    check([5, 9, 20, 30], 0, 50, [0, 50]);
  });

  it("leave the rest", () => {
    expect(remainingTime([], 1, 9)).toEqual([1, 9]);
    expect(remainingTime([3, 4, 8, 20], 1, 9)).toEqual([1, 2, 5, 7]);
    expect(remainingTime([0, 20], 1, 9)).toEqual([]);
    expect(isTouched([3, 4], 4, 9)).toBe(true);
    expect(isTouched([3, 4], 5, 9)).toBe(false);
    expect(isCovered([3, 9], 4, 9)).toBe(true);
    expect(isCovered([3, 9], 4, 10)).toBe(false);
  });
});

describe("sets of refs", () => {
  it("agree with sets of numbers (seeds 1..200)", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seededRandom(seed);
      const list = (span: number, share: number): number[] =>
        Array.from({ length: span }, (_, i) => i).filter(() => random() < share);
      const [a, b] = [list(500, random()), list(seed % 3 === 0 ? 5000 : 400, random())];
      const [x, y] = [Uint32Array.from(a), Uint32Array.from(b)];
      const inB = new Set(b);
      const both = a.filter((ref) => inB.has(ref));
      expect([...intersect(x, y)], `seed ${seed}`).toEqual(both);
      expect([...intersect(y, x)], `seed ${seed}`).toEqual(both);
      expect([...subtract(x, y)], `seed ${seed}`).toEqual(a.filter((ref) => !inB.has(ref)));
      expect(meets(x, y), `seed ${seed}`).toBe(both.length > 0);
    }
    const parts = [Uint32Array.of(1, 9), Uint32Array.of(2), Uint32Array.of()];
    expect([...uniteDisjoint(parts)]).toEqual([1, 2, 9]);
    expect(uniteDisjoint([])).toHaveLength(0);
  });
});

describe("merging runs of samples", () => {
  it("keeps the earlier run's sample of equal times", () => {
    const check = (older: readonly number[], newer: readonly number[], want: string): void => {
      const samples = new SampleBuffer(1);
      for (const t of [99, ...older]) samples.push(t, 1);
      const middle = samples.count;
      for (const t of newer) samples.push(t, 2);
      sortTail(samples, 1, middle);
      const texts = Array.from(
        { length: samples.count - 1 },
        (_, i) => `${samples.timestampsMs[i + 1]}:${samples.values[i + 1]}`,
      );
      expect(texts.join(" ")).toBe(want);
    };
    check([1, 2], [3, 4], "1:1 2:1 3:2 4:2");
    check([1, 3, 5], [2, 3, 4, 5, 6], "1:1 2:2 3:1 4:2 5:1 6:2");
    check([5], [1, 2, 5], "1:2 2:2 5:1");
    check([], [1], "1:2");
    check([1], [], "1:1");
  });
});

describe("pages", () => {
  it("give any range of a file, within and across pages, and stay within their bound", () => {
    const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i * 7 + (i >> 8));
    writeFileSync(join(dir, "file"), bytes);
    const cache = new PageCache(4 * 65_536);
    const file = new CachedFile(nodeFs, cache, join(dir, "file"));
    const random = seededRandom(3);
    for (let i = 0; i < 300; i++) {
      const offset = Math.floor(random() * bytes.length);
      const length = Math.floor(random() * Math.min(100_000, bytes.length - offset));
      const at = file.seek(offset, length);
      expect(
        Buffer.compare(
          file.bytes.subarray(at, at + length),
          bytes.subarray(offset, offset + length),
        ),
      ).toBe(0);
      expect(file.bytes.length).toBeGreaterThanOrEqual(at + length + 8);
    }
    expect(cache.sizeBytes).toBeLessThanOrEqual(4 * 65_536);
    expect(() => file.seek(bytes.length - 3, 4)).toThrow(/the file ends before/);
    file.close();
  });
});

describe("symbols", () => {
  it("are sorted by their UTF-8 bytes and united, each once", async () => {
    const slice = new TimeSlice(new FakeClock());
    const texts = Array.from({ length: 5000 }, (_, i) => `s${(i * 7919) % 4000}`);
    const wanted = [...new Set(texts)].sort();
    expect(await sortSymbols(texts, slice)).toEqual(wanted);
    const lists = [["", "a", "\ufffd"], ["a", "b", "🙂"], [], ["b"]];
    expect(await mergeSymbols(lists, slice)).toEqual(["", "a", "b", "\ufffd", "🙂"]);
    expect(await mergeSymbols([], slice)).toEqual([]);
  });
});

describe("a written block", () => {
  const slice = new TimeSlice(new FakeClock());
  const ulid = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

  /** Series with `labels`, each of two chunks of three samples; in segments of at most 300 bytes. */
  async function write(all: readonly Labels[]): Promise<Block> {
    const sorted = [...all].sort(compareLabels);
    const texts = sorted.flatMap((labels) => [...labels.pairs]);
    const symbols = await sortSymbols(["", ...texts], slice);
    const writer = new BlockWriter({ fs: nodeFs, dir, ulid, symbols, slice, segmentBytes: 300 });
    await writer.begin();
    for (const labels of sorted) {
      for (const firstMs of [0, 1000]) {
        const chunk = new XorChunk();
        for (let i = 0; i < 3; i++) chunk.append(firstMs + i * 100, i, 0);
        const bytes = chunk.toBytes();
        const span = { minMs: firstMs, maxMs: firstMs + 200 };
        await writer.addChunk({ encoding: 1, bytes, at: 0, length: bytes.length, ...span });
      }
      writer.endSeries(labels.pairs);
    }
    await writer.finish({
      ulid,
      minTimeMs: 0,
      maxTimeMs: 1201,
      stats: noStats,
      level: 1,
      sources: [ulid],
      parents: [],
      hints: [],
      isDeletable: false,
      hasFailed: false,
    });
    return new Block(nodeFs, new PageCache(), join(dir, ulid));
  }

  it("gives back all series and samples over several segments, and its figures", async () => {
    const all = Array.from({ length: 20 }, (_, i) => labelsFromObject({ n: `v${i}`, é: "ü" }));
    const block = await write(all);
    expect(nodeFs.readdirSync(join(dir, ulid, "chunks")).length).toBeGreaterThan(3);
    const { seriesCount, chunkCount, sampleCount, floatSampleCount } = block.meta.stats;
    expect([seriesCount, chunkCount, sampleCount, floatSampleCount]).toEqual([20, 40, 120, 120]);
    const range = { minMs: 0, maxMs: 2000 };
    const querier = new BlockQuerier(block, { ...range, slice, onDamage() {} });
    const { series } = await querier.select([], { startMs: 100, endMs: 1100 });
    expect(series.map(({ labels }) => labels.toString())).toEqual(
      [...all].sort(compareLabels).map(String),
    );
    for (const one of series) {
      const into = new SampleBuffer();
      one.readSamples(into, 100, 1100);
      expect([...into.timestampsMs.subarray(0, into.count)]).toEqual([100, 200, 1000, 1100]);
    }
    querier.close();
    block.drop();
  });

  it("selects what the matchers select one by one (seeds 1..60)", async () => {
    const random = seededRandom(5);
    const pick = (count: number): string => String(Math.floor(random() * count));
    const byText = new Map<string, Labels>();
    for (let i = 0; i < 300; i++) {
      const object: Record<string, string> = { a: pick(6) };
      if (random() < 0.7) object["b"] = pick(40);
      if (random() < 0.3) object["c"] = `x${pick(3)}`;
      const labels = labelsFromObject(object);
      byText.set(labels.toString(), labels);
    }
    const all = [...byText.values()].sort(compareLabels);
    const block = await write(all);
    const kinds: readonly (() => Matcher)[] = [
      () => createMatcher("=", "a", pick(7)),
      () => createMatcher("!=", "b", pick(40)),
      () => createMatcher("=", "c", ""),
      () => createMatcher("!=", "c", ""),
      () => createMatcher("=~", "b", `${pick(4)}.?`),
      () => createMatcher("=~", "b", `${pick(40)}|${pick(40)}|`),
      () => createMatcher("!~", "b", `${pick(4)}.*`),
      () => createMatcher("=~", "c", "x.*|"),
      () => createMatcher("=~", "nothing", ".*"),
    ];
    const range = { minMs: 0, maxMs: 2000 };
    const querier = new BlockQuerier(block, { ...range, slice, onDamage() {} });
    for (let seed = 1; seed <= 60; seed++) {
      const matchers = Array.from({ length: 1 + (seed % 3) }, () =>
        (kinds[Math.floor(random() * kinds.length)] as () => Matcher)(),
      );
      const wanted = all.filter((labels) =>
        matchers.every((matcher) => matcher.matches(labels.get(matcher.name))),
      );
      const { series } = await querier.select(matchers, { startMs: 0, endMs: 2000 });
      const what = matchers.map(({ name, operator, value }) => name + operator + value).join();
      expect(
        series.map(({ labels }) => labels.toString()),
        what,
      ).toEqual(wanted.map(String));
      const values = await querier.labelValues("b", matchers);
      const wantedValues = new Set(wanted.map((labels) => labels.get("b")).filter((b) => b !== ""));
      expect([...values.values].sort(), what).toEqual([...wantedValues].sort());
      const names = await querier.labelNames(matchers);
      const wantedNames = new Set(wanted.flatMap((l) => l.pairs.filter((_, i) => i % 2 === 0)));
      expect(names.values, what).toEqual([...wantedNames].sort());
    }
    querier.close();
    block.drop();
  });
});
