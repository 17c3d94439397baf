import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../base/clock.ts";
import { silentLogger } from "../../base/logger.ts";
import { type AnyFamily, defaultBuckets } from "../../metrics/families.ts";
import { Registry } from "../../metrics/registry.ts";
import { labelsFromObject } from "../../model/labels.ts";
import { openTsdb } from "../../tsdb/tsdb.ts";
import { chunksOf, indexBytes } from "./storage-cost.ts";

const twoHoursMs = 7_200_000;
const startMs = 1_768_464_000_000;
let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "storage-cost-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function pod(index: number): string {
  return `default/deathstar-6fb5694d48-${(index * 7919).toString(36).padStart(5, "x")}`;
}

/** Counters of 400 pairs of pods, or histograms of 50. */
function family(kind: "counter" | "histogram"): AnyFamily {
  const registry = new Registry();
  const labelNames = ["source", "destination", "protocol"];
  const head = { name: `hubble_test_${kind}`, help: "", labelNames };
  if (kind === "counter") {
    const made = registry.counter(head);
    for (let i = 0; i < 400; i++) made.labels(pod(i % 40), pod(i), "TCP");
  } else {
    const made = registry.histogram(head);
    for (let i = 0; i < 50; i++) made.labels(pod(i % 5), pod(i), "HTTP/1.1");
  }
  return registry.collect()[0] as AnyFamily;
}

/** Label sets as they are stored. */
function seriesOf(family: AnyFamily): Record<string, string>[] {
  const { name, type, labelNames } = family;
  return family.sortedChildren().flatMap(({ labelValues }) => {
    const own = Object.fromEntries(labelNames.map((label, i) => [label, labelValues[i] as string]));
    const base = { ...own, job: "hubble", instance: "10.0.0.1:9965" };
    if (type !== "histogram") return [{ ...base, __name__: name }];
    return [
      ...[...defaultBuckets, "+Inf"].map((le) => ({
        ...base,
        __name__: `${name}_bucket`,
        le: `${le}`,
      })),
      { ...base, __name__: `${name}_sum` },
      { ...base, __name__: `${name}_count` },
    ];
  });
}

/** Bytes of the index of one block with so many hours of these series. */
async function realIndexBytes(
  series: readonly Record<string, string>[],
  { intervalMs, spanMs }: { intervalMs: number; spanMs: number },
): Promise<number> {
  const clock = new FakeClock(startMs + spanMs);
  const db = await openTsdb({ dir: join(dir, "db"), clock, logger: silentLogger });
  const labels = series.map((one) => labelsFromObject(one));
  for (let timeMs = startMs, n = 0; timeMs < startMs + spanMs; timeMs += intervalMs, n++) {
    const appender = db.appender();
    labels.forEach((one, i) => {
      appender.append(0, one, timeMs, n * (i % 7));
    });
    appender.commit();
  }
  const into = join(dir, "block");
  await db.snapshot(into);
  await db.close();
  const [block = ""] = readdirSync(into);
  return statSync(join(into, block, "index")).size;
}

describe("indexBytes", () => {
  it("counts the chunks that samples make: 120 each, cut at even hours", () => {
    expect(chunksOf(36 * 3_600_000, 15_000)).toBe(18 * 4);
    expect(chunksOf(36 * 3_600_000, 60_000)).toBe(18);
    expect(chunksOf(twoHoursMs, 1_000)).toBe(60);
  });

  it.each([
    ["counter", 15_000, 1],
    ["counter", 60_000, 2],
    ["histogram", 30_000, 1],
  ] as const)(
    "is within a fifth of a real block's index: %ss, every %d ms, for %d × 2 h",
    async (kind, intervalMs, ranges) => {
      const made = family(kind);
      const spanMs = ranges * twoHoursMs;
      const real = await realIndexBytes(seriesOf(made), { intervalMs, spanMs });
      const ratio = indexBytes(made, chunksOf(spanMs, intervalMs)) / real;
      expect(ratio).toBeGreaterThan(0.8);
      expect(ratio).toBeLessThan(1.2);
    },
  );
});
