import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { observeFlags } from "./observe-options.ts";
import { addRawFilters } from "./observe-raw-filters.ts";

const dropped = '{"verdict":["DROPPED"]}';
const replies = '{"reply":[true]}';
let dir = "";

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "observe-config-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

function read(config: string | undefined, env: Record<string, string> = {}, flag: string[] = []) {
  const { options } = observeFlags();
  options.allowList.push(...flag);
  if (config !== undefined) {
    options.configFile = join(dir, "config.yaml");
    writeFileSync(options.configFile, config);
  }
  addRawFilters(options, env);
  return { allow: options.allowList, deny: options.denyList };
}

it("takes the form that --print-raw-filters prints", () => {
  const config = `allowlist:\n    - '${dropped}'\n    - '${replies}'\ndenylist: '${replies}'\n`;
  expect(read(config)).toEqual({ allow: [dropped, replies], deny: [replies] });
  expect(read("server: localhost:4245\n")).toEqual({ allow: [], deny: [] });
  expect(read("")).toEqual({ allow: [], deny: [] });
});

it("prefers flags to variables, and these to the file", () => {
  const env = { HUBBLE_ALLOWLIST: dropped, HUBBLE_DENYLIST: dropped };
  const config = `allowlist: ['{}']\ndenylist: ['{}']\n`;
  expect(read(config, env, [replies])).toEqual({ allow: [replies], deny: [dropped] });
  expect(read(config, { HUBBLE_DENYLIST: "" })).toEqual({ allow: ["{}"], deny: ["{}"] });
});

it("says what is wrong with the file", () => {
  expect(() => read("allowlist: [{verdict: [DROPPED]}]\n")).toThrow("must be a list of texts");
  expect(() => read("text")).toThrow("holds no keys");
  const { options } = observeFlags();
  options.configFile = join(dir, "none.yaml");
  expect(() => addRawFilters(options, {})).toThrow("cannot read --config");
});
