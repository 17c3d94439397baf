import { describe, expect, it } from "vitest";
import type { Flow } from "../model/flow.ts";
import { FlowColumns } from "./flow-columns.ts";
import { type ClassPart, classifyRows } from "./row-classes.ts";

function flow(second: number, sourcePort: number, port: number, verdict = "FORWARDED"): Flow {
  return {
    time: `2026-01-15T10:00:0${second}Z`,
    verdict: verdict as NonNullable<Flow["verdict"]>,
    l4: { TCP: { source_port: sourcePort, destination_port: port } },
    source: { labels: ["k8s:app=a"] },
  };
}

function columnsOf(flows: readonly Flow[]): FlowColumns {
  const columns = new FlowColumns();
  for (const one of flows) columns.append(one, 0);
  return columns;
}

function classesOf(columns: FlowColumns, rows: Uint32Array, parts: readonly ClassPart[]) {
  const work = classifyRows(columns, rows, parts);
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

describe("classifyRows", () => {
  it("counts rows that agree in the wanted columns as one, with first and last time", () => {
    const columns = columnsOf([flow(0, 1, 80), flow(1, 2, 80), flow(2, 3, 443), flow(3, 4, 80)]);
    const found = classesOf(columns, Uint32Array.of(0, 1, 2, 3), [
      { paths: ["verdict", "l4.TCP.destination_port", "source"] },
    ]);
    expect(found.map(({ count, firstTime, lastTime }) => [count, firstTime, lastTime])).toEqual([
      [3, "2026-01-15T10:00:00Z", "2026-01-15T10:00:03Z"],
      [1, "2026-01-15T10:00:02Z", "2026-01-15T10:00:02Z"],
    ]);
    expect(found[0]?.flow).toEqual({
      verdict: "FORWARDED",
      l4: { TCP: { destination_port: 80 } },
      source: { labels: ["k8s:app=a"] },
    });
  });

  it("tells verdicts apart, and looks at the given rows only", () => {
    const columns = columnsOf([flow(0, 1, 80), flow(1, 1, 80, "DROPPED"), flow(2, 1, 80)]);
    const found = classesOf(columns, Uint32Array.of(1, 2), [{ paths: ["verdict"] }]);
    expect(found.map((one) => [one.flow.verdict, one.count])).toEqual([
      ["DROPPED", 1],
      ["FORWARDED", 1],
    ]);
  });

  it("takes rows as one whose columns give the same text, and keeps the first of them", () => {
    const columns = columnsOf([
      { ...flow(0, 1, 80), source: { pod_name: "a-1" } },
      { ...flow(1, 1, 80), source: { pod_name: "b-1" } },
      { ...flow(2, 1, 80), source: { pod_name: "a-2" } },
      { ...flow(3, 1, 443), source: { pod_name: "a-1" } },
      { ...flow(4, 1, 80), source: { pod_name: "a-3" } },
    ]);
    const found = classesOf(columns, Uint32Array.of(0, 1, 2, 3, 4), [
      { paths: ["l4.TCP.destination_port"] },
      { paths: ["source"], textOf: ({ source }) => source?.pod_name?.[0] ?? "" },
    ]);
    expect(
      found.map(({ flow: { source, l4 }, count, lastTime }) => [
        source?.pod_name,
        l4?.TCP?.destination_port,
        count,
        lastTime,
      ]),
    ).toEqual([
      ["a-1", 80, 3, "2026-01-15T10:00:04Z"],
      ["b-1", 80, 1, "2026-01-15T10:00:01Z"],
      ["a-1", 443, 1, "2026-01-15T10:00:03Z"],
    ]);
  });
});
