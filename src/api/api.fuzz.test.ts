/**
 * Seeded fuzz of the HTTP API: any query, any parameter, any path. Each answer is Prometheus' envelope
 * with a status and an error kind of Prometheus', and never an internal error. Hostile regular
 * expressions take time bound by their length. `FUZZ_SEED=n FUZZ_ROUNDS=n` look elsewhere.
 */

import { describe, expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { Engine } from "../promql/engine/engine.ts";
import { QueryGenerator } from "../promql/testing/query-generator.ts";
import { openTestApp, testSources } from "./testing/test-app.ts";

const firstSeed = Number(process.env["FUZZ_SEED"] ?? 1);
const rounds = Number(process.env["FUZZ_ROUNDS"] ?? 600);
const kindOfStatus: Readonly<Record<number, string>> = {
  400: "bad_data",
  422: "execution",
  503: "timeout",
};

const parserOptions = {
  enableExperimentalFunctions: true,
  enableExtendedRangeSelectors: true,
  enableBinopFillModifiers: true,
};
const engine = new Engine({
  clock: new FakeClock(0),
  parser: parserOptions,
  maxSamples: 20_000,
  yieldNow: async () => {},
});
const app = openTestApp({ engine, parserOptions });

const oddValues = [
  "",
  "0",
  "-1",
  "1e400",
  "NaN",
  "Inf",
  "9223372036854775808",
  "2026-13-40T00:00:00Z",
  "1y",
  "\0",
  "💥",
  "%zz",
  "a".repeat(5000),
  "-0",
  "0x10",
  "5m",
  "60",
];
const parameterNames = [
  "query",
  "time",
  "start",
  "end",
  "step",
  "timeout",
  "limit",
  "lookback_delta",
  "stats",
  "match[]",
  "metric",
  "limit_per_metric",
  "match_target",
  "type",
  "state",
];
const paths = [
  "query",
  "query_range",
  "query_exemplars",
  "format_query",
  "parse_query",
  "series",
  "labels",
  "label/job/values",
  "label/U___/values",
  "metadata",
  "targets",
  "targets/metadata",
  "rules",
  "status/tsdb",
];

async function check(path: string, parameters: URLSearchParams, what: string): Promise<number> {
  const answer = await app.request(`/api/v1/${path}?${parameters}`);
  const text = await answer.text();
  const body = JSON.parse(text) as { status: string; errorType?: string; error?: string };
  const say = `${what}: /api/v1/${path}?${parameters} -> ${answer.status} ${text.slice(0, 300)}`;
  if (answer.status === 200) expect(body.status, say).toBe("success");
  else {
    expect(body.errorType, say).toBe(kindOfStatus[answer.status]);
    expect(body.error, say).not.toBe("");
  }
  return answer.status;
}

describe("the API under fuzz", () => {
  it("answers any expression with a result or an error of Prometheus' kinds", async () => {
    let answered = 0;
    for (let seed = firstSeed; seed < firstSeed + rounds; seed++) {
      const generator = new QueryGenerator(seed);
      const query = generator.expression(3);
      const instant = new URLSearchParams({ query, time: "200" });
      if ((await check("query", instant, `seed ${seed}`)) === 200) answered++;
      const range = new URLSearchParams({ query, start: "0", end: "300", step: "30" });
      await check("query_range", range, `seed ${seed}`);
      const mutated = new URLSearchParams({ query: generator.mutate(query), time: "200" });
      await check("query", mutated, `seed ${seed}`);
    }
    expect(answered).toBeGreaterThan(rounds / 50);
  });

  it("answers any parameter of any route", async () => {
    for (let seed = firstSeed; seed < firstSeed + rounds; seed++) {
      const generator = new QueryGenerator(seed);
      const pick = <T>(items: readonly T[]) => items[generator.below(items.length)] as T;
      const parameters = new URLSearchParams({ query: "up" });
      for (let count = generator.below(5); count > 0; count--) {
        const value = generator.below(3) === 0 ? generator.expression(1) : pick(oddValues);
        parameters.append(pick(parameterNames), value);
      }
      await check(pick(paths), parameters, `seed ${seed}`);
    }
  });

  it("takes hostile regular expressions in time bound by their length, or refuses them", async () => {
    const hostile = [
      "(a+)+$",
      "(a|a)*b",
      "(.*)*(.*)*(.*)*x",
      "(a{1000}){1000}",
      "((a{100}){10}){10}",
      `${"(".repeat(2000)}a${")".repeat(2000)}`,
      `${"a?".repeat(3000)}${"a".repeat(3000)}`,
      "[[:foo:]]",
      "\\pZ{",
      "(?P<n>a)(?P=n)",
      "a**",
      "(?i)ſ+K+",
      `(${"x|".repeat(20_000)}y)+z`,
    ];
    for (const regexp of hostile) {
      const startedMs = performance.now();
      const query = `up{job=~${JSON.stringify(regexp)}}`;
      const status = await check("query", new URLSearchParams({ query, time: "200" }), regexp);
      expect([200, 400], regexp).toContain(status);
      expect(performance.now() - startedMs, regexp.slice(0, 40)).toBeLessThan(3000);
    }
  });

  it("says which limit a query met and how to raise it", async () => {
    const small = new Engine({ clock: new FakeClock(0), maxSamples: 10 });
    const strict = openTestApp({ engine: small });
    const path = "/api/v1/query_range?query=up&start=0&end=290&step=10";
    const answer = await strict.request(path);
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({
      errorType: "execution",
      error: expect.stringMatching(/too many samples.*limit 10:.*--query\.max-samples/),
    });
    const { clock } = testSources();
    let nowMs = 0;
    const slow = new Engine({
      clock: { ...clock, monotonicMs: () => (nowMs += 40), nowMs: () => 0, after: () => () => {} },
      timeoutMs: 50,
    });
    const late = await openTestApp({ engine: slow }).request(path);
    expect(late.status).toBe(503);
    expect(await late.text()).toMatch(/timed out.*limit 50ms.*--query\.timeout/);
  });
});
