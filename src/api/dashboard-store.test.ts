import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import { openDashboardStore } from "./dashboard-store.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "dashboards-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const clock = new FakeClock(1_000_000);
const open = () =>
  openDashboardStore({
    shippedDir: join(dir, "none"),
    importedDir: join(dir, "own"),
    provisionedDir: join(dir),
    clock,
    logger: silentLogger,
  });
const board = (title: string, uid = "b") => ({ uid, title, panels: [] });

describe("the dashboards' store", () => {
  it("saves versions, finds them again after a restart, and removes all of them", () => {
    const store = open();
    store.importText(JSON.stringify(board("One")), "f.json");
    expect(store.save("b", { dashboard: board("Two"), message: "second", baseVersion: 1 })).toEqual(
      { uid: "b", version: 2 },
    );
    const again = open();
    expect(again.get("b")?.summary).toMatchObject({ title: "Two", version: 2 });
    expect(again.versions("b").map(({ version, message }) => `${version} ${message}`)).toEqual([
      "2 second",
      "1 imported from f.json",
    ]);
    expect(again.version("b", 1)).toMatchObject({ title: "One" });
    expect(again.remove("b")).toBe(true);
    expect(readdirSync(join(dir, "own", "history"))).toEqual([]);
  });

  it("refuses to save over a version that was not seen, and what is no dashboard", () => {
    const store = open();
    store.importText(JSON.stringify(board("One")), "f.json");
    store.save("b", { dashboard: board("Two"), message: "" });
    const late = () => store.save("b", { dashboard: board("Three"), message: "", baseVersion: 1 });
    expect(late).toThrow(/version 2 was saved meanwhile/);
    expect(() => store.save("b", { dashboard: { title: "x" }, message: "" })).toThrow(/neither/);
    expect(store.get("b")?.summary.title).toBe("Two");
  });

  it("shows a provisioned folder read only and follows its changes", async () => {
    const store = open();
    writeFileSync(join(dir, "team board.json"), JSON.stringify({ title: "P", panels: [] }));
    await clock.advance(3000);
    expect(store.get("team-board")?.summary).toMatchObject({ title: "P", source: "provisioned" });
    expect(() => store.save("team-board", { dashboard: board("x"), message: "" })).toThrow(
      /provisioned from a folder/,
    );
    rmSync(join(dir, "team board.json"));
    await clock.advance(3000);
    expect(store.get("team-board")).toBeUndefined();
  });

  it("cannot be led out of its folder by a uid", () => {
    expect(open().versions("../../etc")).toEqual([]);
    expect(open().version("..", 1)).toBeUndefined();
  });
});
