import { describe, expect, it } from "vitest";
import { systemClock } from "../../base/clock.ts";
import { MemoryStorage } from "../../storage/memory-storage.ts";
import { Engine } from "../engine/engine.ts";
import { parseScript } from "./promql-script.ts";
import { loadSeries, scriptParserOptions } from "./script-runner.ts";

function load(script: string): MemoryStorage {
  const storage = new MemoryStorage({ allowOutOfOrder: true });
  for (const command of parseScript(script)) {
    if (command.kind === "load") loadSeries(storage, command);
  }
  return storage;
}

const engine = new Engine({
  clock: systemClock,
  parser: scriptParserOptions,
  enableDelayedNameRemoval: true,
});

/** The labels of the answer to a range query of two steps, 5 and 10 minutes. */
async function labelsOf(storage: MemoryStorage, query: string): Promise<string[]> {
  const range = { startMs: 300_000, endMs: 600_000, stepMs: 300_000 };
  const { value } = await engine.rangeQuery(storage, query, range);
  return value.type === "matrix" ? value.series.map(({ labels }) => String(labels)) : [];
}

describe("remarks", () => {
  it("lie where what is written more than once stands last", async () => {
    const storage = load("load 1m\n  a 1 2 3\n  b 1 2 3");
    const query = "rate(a[5m]) + (rate(b[5m]) + rate(a[5m]))";
    const { infos } = await engine.instantQuery(storage, query, 120_000);
    expect(infos.map((text) => text.slice(text.indexOf('"')))).toEqual([
      `"a" (1:${query.lastIndexOf("a[") + 1})`,
      `"b" (1:${query.indexOf("b[") + 1})`,
    ]);
  });

  it("count fixed buckets for each time that they are asked for", async () => {
    const storage = load(
      'load 1m\n  h_bucket{le="1"} 5\n  h_bucket{le="2"} 3\n  h_bucket{le="+Inf"} 9',
    );
    const fixes = async (query: string) => {
      const { infos } = await engine.instantQuery(storage, query, 0);
      return infos.map((text) => /over (\d+) samples|(\d+) other|$/.exec(text)?.[0]);
    };
    const once = "histogram_quantile(0.5, h_bucket)";
    expect(await fixes(`${once} + ${once}`)).not.toEqual(await fixes(once));
  });

  it("name gauges at the ends of a window of which the layouts do not fit", async () => {
    const gauge = "{{schema:0 count:1 buckets:[1] counter_reset_hint:gauge}}";
    const custom = "{{schema:-53 count:1 custom_values:[5] buckets:[1]}}";
    const storage = load(`load 1m\n  h ${gauge} ${custom} {{}}`);
    const { warnings } = await engine.instantQuery(storage, "rate(h[5m])", 120_000);
    expect(warnings.map((text) => text.replace(/^PromQL warning: | \(.*/g, ""))).toEqual([
      'this native histogram metric is not a counter: "h"',
      'vector contains a mix of histograms with exponential and custom buckets schemas for metric name "h"',
    ]);
  });

  it("place a duration that cannot be at its operands", async () => {
    const storage = load("load 1m\n  a 1");
    const failure = (query: string) =>
      engine.instantQuery(storage, query, 0).then(
        () => "none",
        (thrown: Error) => thrown.message,
      );
    expect(await failure("a[min_of(1m,step())]")).toBe("9:18: duration must be greater than 0");
    expect(await failure("a[-(1m)]")).toBe("2:6: duration must be greater than 0");
  });
});

describe("names that are to be dropped", () => {
  it("stay or go with the first sample of series that become one", async () => {
    const storage = load("load 5m\n  a 1 2 3\n  late _ _ 3");
    expect(await labelsOf(storage, "(a and late) or (a * 1)")).toEqual(["{}"]);
    expect(await labelsOf(storage, "(a unless late) or (a * 1)")).toEqual(['{__name__="a"}']);
  });
});

describe("info()", () => {
  it("does not look at info series where there is nothing to join", async () => {
    const joined = (points: string) => {
      const base = `a{job="j"} ${points}`;
      const info = 'target_info{job="j", v="1"} _ 1 1\n  target_info{job="j", v="2"} _ 1 stale';
      return labelsOf(load(`load 5m\n  ${base}\n  ${info}`), "info(a)");
    };
    expect(await joined("_ _ 1")).toEqual(['{__name__="a", job="j", v="1"}']);
    await expect(joined("_ 1 1")).rejects.toThrow("found duplicate series for info metric");
  });

  it("says which info series has histograms", async () => {
    const storage = load(
      'load 5m\n  a{job="j"} 1 1\n  target_info{job="j"} {{count:1}} {{count:1}}',
    );
    const message =
      'this should be an info metric, with float samples: {__name__="target_info", job="j"}';
    await expect(labelsOf(storage, "info(a)")).rejects.toThrow(message);
    expect(await labelsOf(storage, "info(none)")).toEqual([]);
  });
});

describe("smoothed", () => {
  it("extends a sample that lies behind a whole range over it", async () => {
    const storage = load("load 1m\n  a _ _ 7");
    const { value } = await engine.instantQuery(storage, "a[1m] smoothed", 60_000);
    expect(value.type === "matrix" && value.series.map(({ values }) => [...values])).toEqual([
      [7, 7],
    ]);
  });
});

describe("absent_over_time()", () => {
  it("takes matchers as written before the oldest sample, as storage orders them behind it", async () => {
    const storage = load('load 1m\n  a{b="2"} 1 1');
    const labelsAt = async (seconds: number) => {
      const query = `absent_over_time(a{b!="1", b="3"}[5m] @ ${seconds})`;
      const { value } = await engine.instantQuery(storage, query, 0);
      return value.type === "vector" ? value.samples.map(({ labels }) => String(labels)) : [];
    };
    expect(await labelsAt(-600)).toEqual(['{b="3"}']);
    expect(await labelsAt(60)).toEqual(["{}"]);
  });
});
