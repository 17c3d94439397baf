import { describe, expect, it } from "vitest";
import {
  type Exemplar,
  readExemplars,
  templateProblem,
  thinExemplars,
  traceLink,
} from "./exemplars.ts";

const exemplar = (change: Partial<Exemplar> = {}): Exemplar => ({
  refId: "A",
  seriesLabels: {},
  labels: { trace_id: "a b", span: "7" },
  timeMs: 1000,
  value: 1,
  ...change,
});

describe("exemplars", () => {
  it("reads all series of an answer by time", () => {
    const at = (timestamp: number) => ({ labels: {}, value: "0.5", timestamp });
    const read = readExemplars(
      [
        { seriesLabels: { le: "1" }, exemplars: [at(3.25)] },
        { seriesLabels: { le: "2" }, exemplars: [at(1)] },
      ],
      "B",
    );
    expect(read.map(({ timeMs, seriesLabels }) => [timeMs, seriesLabels["le"]])).toEqual([
      [1000, "2"],
      [3250, "1"],
    ]);
  });

  it("fills a template, and gives no link where something is missing or dangerous", () => {
    const check = (template: string) => traceLink(template, exemplar());
    expect(check("https://traces/t/{trace_id}?s={span}")).toBe("https://traces/t/a%20b?s=7");
    expect(check("https://traces/{traceID}")).toBe("https://traces/a%20b");
    expect(check("https://traces/{nope}")).toBeUndefined();
    expect(check("javascript:alert('{trace_id}')")).toBeUndefined();
  });

  it("says what is wrong with a template", () => {
    expect(templateProblem("ftp://{trace_id}")).toMatch(/http/);
    expect(templateProblem("https://traces/")).toMatch(/\{trace_id\}/);
    expect(templateProblem("https://traces/{trace_id}")).toBeUndefined();
  });

  it("keeps the largest of each stretch where there are very many", () => {
    const many = Array.from({ length: 5000 }, (_, index) =>
      exemplar({ timeMs: index, value: index % 100 === 7 ? 50 : 1 }),
    );
    const kept = thinExemplars(many);
    expect(kept.length).toBeLessThanOrEqual(200);
    expect(kept.filter(({ value }) => value === 50)).toHaveLength(50);
  });
});
