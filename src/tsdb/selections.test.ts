/** Lists of series kept between queries: the same array while the same series match, never one too many or too few. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import { labelsFromObject } from "../model/labels.ts";
import { createMatcher } from "../model/matcher.ts";
import { SampleBuffer } from "../model/sample.ts";
import { matchersKey, NarrowedList, SelectionMap } from "./selections.ts";
import { lonelyProcess, quickFiles } from "./testing/quick-files.ts";
import { openTsdb, type Tsdb } from "./tsdb.ts";

const minuteMs = 60_000;
const startMs = 1_700_006_400_000;
const matchers = [createMatcher("=", "__name__", "x")];

describe("selections", () => {
  it("have keys that tell matchers apart", () => {
    const keys = [
      [createMatcher("=", "a", "~b")],
      [createMatcher("=~", "a", "b")],
      [createMatcher("=", "ab", "")],
      [createMatcher("=", "a", "b")],
      [createMatcher("=", "a", "b"), createMatcher("=", "c", "")],
      [createMatcher("=", "a", "b= 1 0 c")],
    ].map(matchersKey);
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("narrow to the whole list, or to the same list again", () => {
    const list = new NarrowedList([1, 2, 3, 4]);
    expect(list.narrow(() => true)).toBe(list.all);
    const odd = list.narrow((one) => one % 2 === 1);
    expect(odd).toEqual([1, 3]);
    expect(list.narrow((one) => one % 2 === 1)).toBe(odd);
    expect(list.narrow((one) => one > 2)).toEqual([3, 4]);
    expect(odd).toEqual([1, 3]);
  });

  it("go where they are too many, what was not asked for longest first", () => {
    const map = new SelectionMap<string>(10);
    map.set("a", "A", 4);
    map.set("b", "B", 4);
    expect(map.get("a")).toBe("A");
    map.set("c", "C", 4);
    expect([map.get("a"), map.get("b"), map.get("c")]).toEqual(["A", undefined, "C"]);
    map.set("d", "D", 6);
    expect([map.get("a"), map.get("c"), map.get("d")]).toEqual(["A", "C", undefined]);
  });
});

describe("a database that keeps lists of series", () => {
  let dir = "";
  let db: Tsdb;

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), "tsdb-selections-"));
    db = await openTsdb({
      dir,
      clock: new FakeClock(startMs),
      logger: silentLogger,
      fs: quickFiles,
      processFacts: lonelyProcess,
    });
  });

  afterEach(async () => {
    await db.close();
    rmSync(dir, { recursive: true, force: true });
  });

  function put(names: readonly string[], from: number, to: number): void {
    for (let minute = from; minute <= to; minute++) {
      const appender = db.appender();
      for (const name of names) {
        const labels = labelsFromObject({ __name__: "x", name });
        appender.append(0, labels, startMs + minute * minuteMs, minute);
      }
      appender.commit();
    }
  }

  /** "name:samples" of each series of x between two minutes. */
  async function read(from: number, to: number) {
    const span = { startMs: startMs + from * minuteMs, endMs: startMs + to * minuteMs };
    const querier = db.querier(span.startMs, span.endMs);
    const { series } = await querier.select(matchers, { ...span, isOrderFree: true });
    const texts = series.map((one) => {
      const into = new SampleBuffer();
      one.readSamples(into, span.startMs, span.endMs);
      return `${one.labels.get("name")}:${into.count}`;
    });
    querier.close();
    return { series, text: texts.sort().join(" ") };
  }

  it("gives the same list while nothing changes, and sees new series, blocks and deletions", async () => {
    put(["a", "b"], 0, 400);
    const first = await read(0, 400);
    expect(first.text).toBe("a:401 b:401");
    expect((await read(5, 400)).series).toBe(first.series);
    put(["c"], 390, 400);
    expect((await read(0, 400)).text).toBe("a:401 b:401 c:11");
    expect((await read(0, 380)).text).toBe("a:381 b:381");
    await db.compact();
    const mixed = await read(0, 400);
    expect(mixed.text).toBe("a:401 b:401 c:11");
    expect((await read(1, 400)).series).toBe(mixed.series);
    put(["a"], 401, 410);
    expect((await read(0, 410)).text).toBe("a:411 b:401 c:11");
    const b = [...matchers, createMatcher("=", "name", "b")];
    await db.deleteSeries(startMs, startMs + 99 * minuteMs, b);
    expect((await read(0, 400)).text).toBe("a:401 b:301 c:11");
    // Its chunk reaches beyond what is deleted.
    expect((await read(0, 90)).text).toBe("a:91 b:0");
    put(["d"], 405, 410);
    expect((await read(0, 410)).text).toBe("a:411 b:301 c:11 d:6");
  });
});
