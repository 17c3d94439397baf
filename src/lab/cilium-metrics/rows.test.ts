import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type CiliumVersion, ciliumVersions } from "../lab-state.ts";
import { agentRows } from "./agent-rows.ts";
import { type RecordedSource, recordedMetrics } from "./generated/recorded-metrics.ts";
import { isServed, type MetricRow, rowType } from "./metric-book.ts";
import { operatorRows } from "./operator-rows.ts";

const rows = [...agentRows, ...operatorRows];

/** The recordings that speak for a version; the body of mixed origin reaches from 1.9 to 1.19. */
const sourcesOf: Readonly<Record<CiliumVersion, readonly RecordedSource[]>> = {
  "1.6": ["scrape-1.6"],
  "1.9": ["scrape-1.9"],
  "1.16": ["scrape-mixed", "catalogue-1.16"],
  "1.19": ["scrape-1.19", "scrape-mixed", "catalogue-1.19"],
};

/** What is wrong with a row at one version, "" when a recording shows it. The catalogues list labels in part. */
function disagreement(row: MetricRow, version: CiliumVersion): string {
  const recorded = recordedMetrics[row.name];
  const seen = sourcesOf[version].flatMap((source) => {
    const labels = recorded?.labels[source];
    return labels === undefined ? [] : [{ source, labels }];
  });
  if (seen.length === 0) return `${row.name} ${version}: no recording has it`;
  const have = [...row.labels].sort().join(" ");
  if (seen.some(({ labels }) => labels === have)) return "";
  // A scrape shows the labels as they are; a catalogue may leave some out.
  const isInPart = seen.every(
    ({ source, labels }) =>
      (source.startsWith("catalogue") || source === "scrape-mixed") &&
      labels.split(" ").every((label) => label === "" || row.labels.includes(label)),
  );
  return isInPart ? "" : `${row.name} ${version}: have ${have}, recorded ${JSON.stringify(seen)}`;
}

describe("the tables of the laboratory's metrics", () => {
  it("agree with the recordings or say what is assumed", () => {
    const wrong = rows
      .filter((row) => row.assumed === undefined)
      .flatMap((row) =>
        ciliumVersions
          .filter((version) => isServed(row, version))
          .map((version) => disagreement(row, version)),
      );
    expect(wrong.filter((text) => text !== "")).toEqual([]);
  });

  it("have a type and a help text for every row, and no row twice in a version", () => {
    for (const row of rows) {
      expect(rowType(row), row.name).toMatch(/^(counter|gauge|histogram)$/);
      expect(row.help ?? recordedMetrics[row.name]?.help ?? "", row.name).not.toBe("");
    }
    for (const version of ciliumVersions) {
      const names = rows.filter((row) => isServed(row, version)).map((row) => row.name);
      expect(new Set(names).size, version).toBe(names.length);
    }
  });

  it("are in docs/laboratory.md (npx tsx tools/write-laboratory-docs.ts)", () => {
    const page = join(import.meta.dirname, "../../../docs/laboratory.md");
    const text = readFileSync(page, "utf8");
    for (const { name, source } of rows) {
      const line = text
        .split("\n")
        .find((l) => l.startsWith(`| \`${name}\` |`) && l.includes(source));
      expect(line, name).toBeDefined();
    }
  });
});
