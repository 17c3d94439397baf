import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { labelsFromObject } from "../model/labels.ts";
import { MemoryStorage } from "../storage/memory-storage.ts";
import { openTestApp } from "./testing/test-app.ts";
import type { RuleGroupAnswer } from "./wire/rules.ts";

const group = (name: string): RuleGroupAnswer => ({
  name,
  file: "r.yml",
  interval: 60,
  limit: 0,
  evaluationTime: 0,
  lastEvaluation: "2026-01-01T00:00:00Z",
  rules: [
    {
      name: `${name}:rate`,
      query: "rate(x[5m])",
      labels: { team: name },
      health: "ok",
      evaluationTime: 0,
      lastEvaluation: "2026-01-01T00:00:00Z",
      type: "recording",
    },
  ],
});

interface RulesBody {
  readonly data: { readonly groups: RuleGroupAnswer[]; readonly groupNextToken?: string };
}

describe("the application", () => {
  it("says which methods a route takes", async () => {
    const app = openTestApp();
    const head = await app.request("/api/v1/query?query=1", { method: "HEAD" });
    expect([head.status, head.headers.get("allow")]).toEqual([405, "GET, OPTIONS, POST"]);
    const options = await app.request("/api/v1/query", { method: "OPTIONS" });
    expect(options.status).toBe(204);
    expect((await app.request("/-/ready", { method: "HEAD" })).status).toBe(200);
  });

  it("leads doubled slashes to the path that was meant", async () => {
    const answer = await openTestApp().request("http://localhost//api//v1/query?query=1");
    expect([answer.status, answer.headers.get("location")]).toEqual([307, "/api/v1/query?query=1"]);
  });

  it("is out of time at once for a query that may take none", async () => {
    const answer = await openTestApp().request("/api/v1/query?query=up&timeout=0s");
    expect([answer.status, await answer.json()]).toEqual([
      400,
      {
        status: "error",
        errorType: "bad_data",
        error: 'invalid parameter "query": context deadline exceeded',
      },
    ]);
  });

  it("federates names in the way that the reader asks for", async () => {
    const storage = new MemoryStorage();
    const appender = storage.appender();
    const labels = labelsFromObject({ __name__: "größe", "a b": 'q"\\\n\u200b', instance: "i" });
    appender.append(0, labels, 299_000, 1);
    appender.commit();
    const app = openTestApp({ queryable: storage });
    const federate = async (accept: string) => {
      const answer = await app.request('/federate?match[]={"größe"}', { headers: { accept } });
      return [answer.headers.get("content-type")?.replace(/.*escaping=/, ""), await answer.text()];
    };
    const value = '"q\\"\\\\\\n\u200b"';
    expect(await federate("*/*")).toEqual([
      "underscores",
      `# TYPE gr__e untyped\ngr__e{a_b=${value},instance="i"} 1 299000\n`,
    ]);
    expect(await federate("text/plain;escaping=allow-utf-8")).toEqual([
      "allow-utf-8",
      `# TYPE "größe" untyped\n{"größe","a b"=${value},instance="i"} 1 299000\n`,
    ]);
  });

  it("takes no more rule groups than 32 bits count", async () => {
    const answer = await openTestApp().request("/api/v1/rules?group_limit=2147483648");
    expect([answer.status, await answer.text()]).toEqual([
      400,
      expect.stringContaining("value out of range"),
    ]);
  });

  it("lets other origins read only where they were named", async () => {
    const headers = { origin: "https://grafana.example" };
    const closed = await openTestApp().request("/api/v1/labels", { headers });
    expect(closed.headers.get("access-control-allow-origin")).toBeNull();
    const app = openTestApp({}, { corsOrigin: "https://.+\\.example" });
    const open = await app.request("/api/v1/labels", { headers });
    expect(open.headers.get("access-control-allow-origin")).toBe(headers.origin);
    expect(open.headers.get("vary")).toContain("Origin");
    const other = await app.request("/api/v1/labels", { headers: { origin: "https://evil.test" } });
    expect(other.headers.get("access-control-allow-origin")).toBeNull();
  });

  it("answers 304 where the client has the answer already", async () => {
    const app = openTestApp();
    const first = await app.request("/api/v1/metadata");
    const tag = first.headers.get("etag") ?? "";
    const second = await app.request("/api/v1/metadata", { headers: { "if-none-match": tag } });
    expect([first.status, second.status, await second.text()]).toEqual([200, 304, ""]);
  });

  it("serves the page with a tag, compressed or not", async () => {
    const webDir = mkdtempSync(join(tmpdir(), "web-"));
    writeFileSync(join(webDir, "index.html"), `<title>${"page ".repeat(500)}</title>`);
    const app = openTestApp({}, { webDir });
    const first = await app.request("/explore", { headers: { "accept-encoding": "gzip" } });
    const tag = first.headers.get("etag") ?? "";
    expect([first.headers.get("content-encoding"), tag.slice(0, 3)]).toEqual(["gzip", 'W/"']);
    const second = await app.request("/", { headers: { "if-none-match": tag } });
    expect([second.status, await second.text()]).toEqual([304, ""]);
  });

  it("shows, filters and pages rules that a view gives", async () => {
    const rules = {
      groups: () => [group("a"), group("b"), group("c")],
      alerts: () => [],
      alertmanagers: () => ({ active: ["http://am/api/v2/alerts"], dropped: [] }),
    };
    const app = openTestApp({ rules });
    const ask = async (search: string) =>
      ((await (await app.request(`/api/v1/rules?${search}`)).json()) as RulesBody).data;
    expect((await ask("")).groups).toHaveLength(3);
    expect((await ask("match[]={team=%22b%22}")).groups.map(({ name }) => name)).toEqual(["b"]);
    expect((await ask("type=alert")).groups).toEqual([]);
    const page = await ask("group_limit=2");
    expect(page.groups.map(({ name }) => name)).toEqual(["a", "b"]);
    const rest = await ask(`group_limit=2&group_next_token=${page.groupNextToken}`);
    expect(rest.groups.map(({ name }) => name)).toEqual(["c"]);
    expect(rest.groupNextToken).toBeUndefined();
    const managers = await (await app.request("/api/v1/alertmanagers")).json();
    expect(managers).toMatchObject({
      data: { activeAlertmanagers: [{ url: "http://am/api/v2/alerts" }] },
    });
  });

  it("tells samples by step where the switch is on", async () => {
    const path = "/api/v1/query_range?query=sum(up)&start=0&end=30&step=15&stats=all";
    const on = await (await openTestApp().request(path)).json();
    expect(on).toMatchObject({
      data: {
        stats: {
          samples: {
            totalQueryableSamplesPerStep: [
              [0, 2],
              [15, 2],
              [30, 2],
            ],
            totalQueryableSamples: 6,
            samplesReadPerStep: [
              [0, 2],
              [15, 2],
              [30, 2],
            ],
            samplesRead: 6,
          },
        },
      },
    });
    const off = await (await openTestApp({ hasStepStats: false }).request(path)).text();
    expect(off).not.toContain("PerStep");
  });

  it("tells what each part of a query cost", async () => {
    const path = "/api/ciliascope/v1/query-nodes?query=sum(rate(up%5B1m%5D))&time=120";
    const { nodes } = (await (await openTestApp().request(path)).json()) as {
      nodes: { start: number; end: number; seriesCount: number }[];
    };
    expect(nodes.map(({ start, end, seriesCount }) => [start, end, seriesCount])).toEqual([
      [0, 17, 1],
      [4, 16, 2],
      [9, 15, 2],
    ]);
  });
});
