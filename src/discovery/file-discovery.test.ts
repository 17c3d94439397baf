import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { type Logger, silentLogger } from "../base/logger.ts";
import { fileDiscovery, parseTargetFile } from "./file-discovery.ts";
import type { TargetGroup } from "./target-group.ts";

function show(groups: readonly TargetGroup[]): string[] {
  return groups.map(
    (group) =>
      `${group.targets.map((target) => target.get("__address__")).join(",")} ${group.labels.get("env")}`,
  );
}

/** A discoverer over `*.yml` and `*.json` of a fresh folder. */
function start() {
  const dir = mkdtempSync(join(tmpdir(), "file-sd-"));
  const clock = new FakeClock();
  const errors: string[] = [];
  const logger: Logger = {
    ...silentLogger,
    error: (fields) => errors.push(String(fields["error"])),
  };
  const files = [join(dir, "*.yml"), join(dir, "*.json")];
  const entries = [fileDiscovery.schema.parse({ files, refresh_interval: "30s" })];
  const make = fileDiscovery.compile(entries, { document: undefined, path: [] });
  const emitted: string[][] = [];
  const stop = new AbortController();
  const write = (name: string, text: string) => writeFileSync(join(dir, name), text);
  const run = () =>
    make({ clock, logger }).run((groups) => emitted.push(show(groups)), stop.signal);
  return { dir, clock, errors, emitted, stop, write, run };
}

describe("file discovery", () => {
  it("reads YAML and JSON at once and again at each refresh interval", async () => {
    const { clock, emitted, stop, write, run } = start();
    write("a.yml", "- targets: [h:1, h:2]\n  labels: {env: prod}\n");
    write("b.json", '[{"targets": ["h:3"]}]');
    const done = run();
    expect(emitted).toEqual([["h:1,h:2 prod", "h:3 "]]);
    write("a.yml", "- targets: [h:9]\n");
    await clock.advance(30_000);
    expect(emitted.at(-1)).toEqual(["h:9 ", "h:3 "]);
    stop.abort();
    await done;
    const count = emitted.length;
    await clock.advance(300_000);
    expect(emitted.length).toBe(count);
  });

  it("keeps the last good targets of a broken file and says where it is broken, once", async () => {
    const { dir, clock, errors, emitted, stop, write, run } = start();
    write("a.yml", "- targets: [h:1]\n");
    const done = run();
    write("a.yml", "- targets: [h:2]\n- target: [h:3]\n");
    await clock.advance(60_000);
    expect(emitted.at(-1)).toEqual(["h:1 "]);
    expect(errors).toEqual([`${dir}/a.yml:2: [1]: unknown key "target"; did you mean "targets"?`]);
    stop.abort();
    await done;
  });

  it("drops the targets of a file that is gone", async () => {
    const { dir, clock, emitted, stop, write, run } = start();
    write("a.yml", "- targets: [h:1]\n");
    const done = run();
    rmSync(join(dir, "a.yml"));
    await clock.advance(30_000);
    expect(emitted.at(-1)).toEqual([]);
    stop.abort();
    await done;
  });

  it("says which file a target came from", () => {
    const [group] = parseTargetFile("- targets: [h:1]\n", "/etc/t.yml");
    expect(group?.labels.get("__meta_filepath")).toBe("/etc/t.yml");
  });
});
