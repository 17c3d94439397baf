import { describe, expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { openTestApp } from "./testing/test-app.ts";

const failed = { isSuccess: false, atMs: 0, failedAtMs: 5000 };
const notification = {
  text: "Configuration reload has failed.",
  date: "1970-01-01T00:00:05.000Z",
  active: true,
};

describe("notifications", () => {
  it("tell of a reload that failed, and of nothing else", async () => {
    const listOf = async (app: ReturnType<typeof openTestApp>) =>
      ((await (await app.request("/api/v1/notifications")).json()) as { data: unknown }).data;
    expect(await listOf(openTestApp())).toEqual([]);
    expect(await listOf(openTestApp({ lastConfigReload: () => failed }))).toEqual([notification]);
  });

  it("arrive live when they begin and when they end", async () => {
    const clock = new FakeClock(0);
    let reload: { isSuccess: boolean; atMs: number; failedAtMs?: number } = failed;
    const app = openTestApp({ clock, lastConfigReload: () => reload });
    const answer = await app.request("/api/v1/notifications/live");
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
    const reader = answer.body?.getReader();
    const next = async () => new TextDecoder().decode((await reader?.read())?.value);
    expect(await next()).toBe(`data: ${JSON.stringify(notification)}\n\n`);
    reload = { isSuccess: true, atMs: 6000 };
    await clock.advance(1000);
    expect(await next()).toBe(`data: ${JSON.stringify({ ...notification, active: false })}\n\n`);
    await reader?.cancel();
  });
});

describe("what Prometheus has beside queries", () => {
  const app = openTestApp();
  const ask = async (path: string) => {
    const answer = await app.request(`/api/v1/${path}`);
    return [answer.status, await answer.json()] as const;
  };

  it("says which features there are", async () => {
    const [, { data }] = (await ask("features")) as unknown as readonly [
      number,
      { data: Record<string, Record<string, boolean>> },
    ];
    expect(data["promql_functions"]).toMatchObject({ rate: true, info: false });
    expect(data["api"]).toMatchObject({ admin: false, search: false });
  });

  it("shows a pool's configuration and what its relabel configs do", async () => {
    expect(await ask("scrape_pools/config?scrapePool=agent")).toMatchObject([
      200,
      { data: { yaml: expect.stringContaining("job_name: agent") } },
    ]);
    const labels = encodeURIComponent('{"a":"1"}');
    expect(await ask(`targets/relabel_steps?scrapePool=agent&labels=${labels}`)).toMatchObject([
      200,
      {
        data: {
          steps: [
            {
              rule: { target_label: "b", action: "replace" },
              output: { a: "1", b: "1" },
              keep: true,
            },
            { rule: { action: "keep" }, output: {}, keep: false },
          ],
        },
      },
    ]);
    expect(await ask("scrape_pools/config?scrapePool=x")).toMatchObject([
      400,
      { error: 'error retrieving scrape config: scrape pool "x" not found' },
    ]);
    expect(await ask("targets/relabel_steps?scrapePool=agent&labels=[]")).toMatchObject([
      400,
      { error: "error parsing labels: want an object of strings" },
    ]);
  });

  it("refuses to search, as a Prometheus without that feature", async () => {
    expect(await ask("search/metric_names")).toEqual([
      500,
      { status: "error", errorType: "unavailable", error: "search API disabled" },
    ]);
  });
});
