import { describe, expect, it } from "vitest";
import { treeRows } from "./query-tree.ts";

const shown = (query: string) =>
  treeRows(query, []).map(({ depth, label, metric = "" }) =>
    `${"  ".repeat(depth)}${label} ${metric}`.trimEnd(),
  );

describe("treeRows", () => {
  it("gives each part its own words, from the outside in", () => {
    expect(
      shown('sum by (job) (\n  rate(x_total{a="ü"}[5m])\n) / on(job) (count(up) + 1)'),
    ).toEqual([
      "… / on(job) …",
      "  sum by (job) (…)",
      "    rate(…)",
      '      x_total{a="ü"}[5m] x_total',
      "  … + 1",
      "    count(…)",
      "      up up",
      "    1",
    ]);
  });

  it("keeps parameters that are no expressions in the words of their function", () => {
    expect(shown('label_replace(topk(3, up), "a", "b", "c", "d")')[0]).toBe(
      'label_replace(…, "a", "b", "c", "d")',
    );
  });

  it("meets costs by offsets of bytes, and takes what is inside from the time", () => {
    const query = "sum(up{a='ü'})";
    const cost = { samples: 1, seriesCount: 1 };
    const rows = treeRows(query, [
      { start: 0, end: 15, timeMs: 5, ...cost },
      { start: 4, end: 14, timeMs: 3, ...cost },
    ]);
    expect(rows.map(({ cost: found, selfMs }) => [found?.timeMs, selfMs])).toEqual([
      [5, 2],
      [3, 3],
    ]);
  });

  it("has no rows for what does not parse", () => {
    expect(treeRows("sum(", [])).toEqual([]);
  });
});
