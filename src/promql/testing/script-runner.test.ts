import { describe, expect, it } from "vitest";
import { labelsFromObject } from "../../model/labels.ts";
import type { QueryResult, QueryValue } from "../engine/query-result.ts";
import { parseScript } from "./promql-script.ts";
import { runScript, type ScriptEngine } from "./script-runner.ts";
import { parseSeriesLine, type SeriesPoint } from "./series-notation.ts";

function toText(point: SeriesPoint): string {
  if (point.kind === "float") return String(point.value);
  return point.kind === "histogram" ? `${JSON.stringify(point.base)}*${point.times}` : point.kind;
}

const pointsOf = (line: string) => parseSeriesLine(line).points.map(toText).join(" ");

describe("series notation", () => {
  const check = (line: string, want: string) => expect(pointsOf(line)).toBe(want);

  it("expands steps, repetitions and gaps", () => {
    check("up 1+2x3 5x1 10-5x1", "1 3 5 7 5 5 10 5");
    check("up _ _x2 stale 0", "omitted omitted omitted stale 0");
    check("up -1.5e1 NaN +Inf -Inf .5", "-15 NaN Infinity -Infinity 0.5");
  });

  it("reads native histograms", () => {
    check(
      "h {{schema:1 sum:-3 buckets:[5 10]}} {{}}x1",
      '{"schema":1,"sum":-3,"buckets":[5,10]}*0 {}*0 {}*0',
    );
    check("h {{count:1}}+{{count:2}}x2", '{"count":1}*0 {"count":1}*1 {"count":1}*2');
  });

  it("reads labels with anything in quotes", () => {
    expect(parseSeriesLine('{"a.b", c="} 1"} 2').labels.toObject()).toEqual({
      __name__: "a.b",
      c: "} 1",
    });
  });

  it("refuses what is no point", () => {
    expect(() => parseSeriesLine("up 1+2")).toThrow("unexpected series value");
    expect(() => parseSeriesLine('up{a=~"b"} 1')).toThrow("cannot have the matcher");
  });
});

const plain = { warnings: [], infos: [], stats: {} as QueryResult["stats"] };

/** Answers every query with the same value. */
function engineOf(value: number): ScriptEngine {
  const labels = labelsFromObject({ a: "b" });
  const answer = (result: QueryValue): Promise<QueryResult> =>
    Promise.resolve({ ...plain, value: result });
  return {
    instantQuery: (_storage, _query, timestampMs) =>
      answer({ type: "vector", samples: [{ labels, timestampMs, value }] }),
    rangeQuery: (_storage, _query, { startMs, endMs, stepMs }) => {
      const count = Math.floor((endMs - startMs) / stepMs) + 1;
      const timestampsMs = Float64Array.from({ length: count }, (_, i) => startMs + i * stepMs);
      const values = new Float64Array(count).fill(value);
      return answer({ type: "matrix", series: [{ labels, timestampsMs, values }] });
    },
  };
}

async function differences(script: string, engine: ScriptEngine): Promise<(string | undefined)[]> {
  return (await runScript(script, engine)).map((outcome) => outcome.difference);
}

describe("runScript", () => {
  it("passes what answers as expected, within the tolerance", async () => {
    const script = `
# a comment
eval instant at 1m x
  {a="b"} 2.0000001

eval range from 0 to 1m step 30s x
  {a="b"} 2x2
`;
    expect(await differences(script, engineOf(2))).toEqual([undefined, undefined]);
  });

  it("tells what differs", async () => {
    const script = 'eval instant at 0 x\n  {a="c"} 2\n\neval instant at 0 x\n  {a="b"} 3\n';
    const [unexpected, wrong] = await differences(script, engineOf(2));
    expect(unexpected).toContain('unexpected {a="b"} 2');
    expect(wrong).toContain('want {a="b"} 3, have 2');
  });

  it("wants failures, warnings and infos that are announced", async () => {
    const script = `
eval instant at 0 x
  expect fail msg: boom

eval_fail instant at 0 x
  expected_fail_regexp bo+m

eval instant at 0 x
  expect fail regex: other
`;
    const failing: ScriptEngine = {
      instantQuery: () => Promise.reject(new Error("boom")),
      rangeQuery: () => Promise.reject(new Error("boom")),
    };
    const [exact, old, other] = await differences(script, failing);
    expect([exact, old]).toEqual([undefined, undefined]);
    expect(other).toContain("want the error /other/, have boom");
    const [warned] = await differences(
      'eval instant at 0 x\n  expect warn\n  {a="b"} 2\n',
      engineOf(2),
    );
    expect(warned).toContain("want the warning");
  });

  it("pins selectors by @ and evaluates at other times too", async () => {
    const seen: string[] = [];
    const engine = engineOf(2);
    const recording: ScriptEngine = {
      ...engine,
      instantQuery: (storage, query, timeMs) => {
        seen.push(`${query} ${timeMs}`);
        return engine.instantQuery(storage, query, timeMs);
      },
    };
    await runScript('eval instant at 10s x\n  {a="b"} 2\n', recording);
    expect(seen[0]).toBe("x 10000");
    expect(seen).toContain("x @ 10.000 100000");
  });
});

describe("loads", () => {
  const load = (text: string) => {
    const [command] = parseScript(text);
    return command?.kind === "load" ? command.series : [];
  };

  it("take a series that is written twice as it was written last", () => {
    const series = load('load 1m\n  a{b="1"} 1 2 3\n  c 1\n  a{b="1"} 4');
    expect(series.map(({ points }) => points.length)).toEqual([1, 1]);
  });

  it("refuse start timestamps that do not go with the samples", () => {
    expect(() => load("load 1m\n  a@st -1mx3\n  a 1 2")).toThrow("has 4 values, not 2");
    expect(() => load("load 1m\n  a@st -1m")).toThrow("has no line of samples");
  });
});
