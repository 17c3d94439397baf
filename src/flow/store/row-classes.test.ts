import { describe, expect, it } from "vitest";
import type { Flow } from "../model/flow.ts";
import { FlowColumns } from "./flow-columns.ts";
import { classifyRows } from "./row-classes.ts";

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

describe("classifyRows", () => {
  it("counts rows that agree in the wanted columns as one, with first and last time", () => {
    const columns = columnsOf([flow(0, 1, 80), flow(1, 2, 80), flow(2, 3, 443), flow(3, 4, 80)]);
    const found = classifyRows(columns, Uint32Array.of(0, 1, 2, 3), [
      "verdict",
      "l4.TCP.destination_port",
      "source",
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
    const found = classifyRows(columns, Uint32Array.of(1, 2), ["verdict"]);
    expect(found.map((one) => [one.flow.verdict, one.count])).toEqual([
      ["DROPPED", 1],
      ["FORWARDED", 1],
    ]);
  });
});
