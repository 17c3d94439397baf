import { describe, expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import { matcherToString } from "../model/matcher.ts";
import { cleanTombstonesRoute, deleteSeriesRoute, snapshotRoute } from "./admin-routes.ts";
import type { ApiSources, StorageAdmin } from "./api-sources.ts";

/** Sources with an admin that writes down what it is told. */
function openSources(): { sources: ApiSources; told: string[] } {
  const told: string[] = [];
  const admin: StorageAdmin = {
    async deleteSeries(minMs, maxMs, matchers) {
      told.push(`delete ${minMs} ${maxMs} ${matchers.map(matcherToString).join(",")}`);
      return 1;
    },
    async cleanTombstones() {
      told.push("clean");
      return 0;
    },
    async snapshot(name, { skipsHead }) {
      told.push(`snapshot ${name} ${skipsHead}`);
    },
  };
  const clock = new FakeClock(Date.parse("2026-01-02T03:04:05.678Z"));
  return { sources: { clock, logger: silentLogger, admin } as unknown as ApiSources, told };
}

describe("the admin routes", () => {
  it("delete each selector's series in the window", async () => {
    const { sources, told } = openSources();
    const parameters = new URLSearchParams('match[]=up&match[]={job="a"}&start=1&end=2');
    expect((await deleteSeriesRoute(sources, parameters)).status).toBe(204);
    expect(told).toEqual(['delete 1000 2000 __name__="up"', 'delete 1000 2000 job="a"']);
  });

  it("refuse to delete without a selector", async () => {
    const { sources } = openSources();
    await expect(deleteSeriesRoute(sources, new URLSearchParams())).rejects.toThrow(
      "no match[] parameter provided",
    );
  });

  it("name a snapshot by its time", async () => {
    const { sources, told } = openSources();
    const answer = await snapshotRoute(sources, new URLSearchParams("skip_head=true"));
    const { data } = (await answer.json()) as { data: { name: string } };
    expect(data.name).toMatch(/^20260102T030405Z-[0-9a-f]{16}$/);
    expect(told).toEqual([`snapshot ${data.name} true`]);
    await expect(snapshotRoute(sources, new URLSearchParams("skip_head=maybe"))).rejects.toThrow(
      "skip_head",
    );
  });

  it("are closed unless they were opened", async () => {
    const closed = { clock: new FakeClock() } as unknown as ApiSources;
    await expect(cleanTombstonesRoute(closed)).rejects.toThrow("admin APIs disabled");
  });
});
