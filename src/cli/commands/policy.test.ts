import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { CliContext } from "../command.ts";
import { runMain } from "../main.ts";

const folder = mkdtempSync(join(tmpdir(), "ciliascope-policy-"));
const page = readFileSync(join(import.meta.dirname, "../../../docs/policy.md"), "utf8");
/** Arguments that name a file or folder of the page's examples. */
const names = new Set<string>();

afterAll(() => rmSync(folder, { recursive: true }));

for (const [, file = "", text = ""] of page.matchAll(/```\w+ file=(\S+)\n(.*?)```/gs)) {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
  names.add(file).add(dirname(file));
}

async function run(line: string): Promise<{ out: string; exitCode: number }> {
  let out = "";
  const context: CliContext = {
    stdout: (text) => {
      out += text;
    },
    stdoutBytes: () => undefined,
    stderr: () => undefined,
    env: {},
    untilStopped: async () => undefined,
    onReload: () => undefined,
  };
  const argv = line.split(" ").map((word) => (names.has(word) ? join(folder, word) : word));
  const exitCode = await runMain(argv, context);
  return { out: out.replaceAll(`${folder}/`, ""), exitCode };
}

describe("docs/policy.md", () => {
  for (const [, line = "", wanted = ""] of page.matchAll(
    /```console\n\$ ciliascope (.*?)\n(.*?)```/gs,
  )) {
    it(`shows what ${line} prints`, async () => {
      expect((await run(line)).out).toBe(wanted);
    });
  }

  it("names every code of the linter", () => {
    const sources = ["policy-lint.ts", "l7-lint.ts"].map((file) =>
      readFileSync(join(import.meta.dirname, "../../policy/review", file), "utf8"),
    );
    const codes = sources.flatMap((text) =>
      [...text.matchAll(/(?:"(?:warning|note)",\s*|code: )"([a-z0-9-]+)"/g)].map(
        ([, code]) => code,
      ),
    );
    expect(codes.length).toBeGreaterThan(15);
    for (const code of codes) expect(page).toContain(`\`${code}\``);
  });
});

describe("ciliascope policy", () => {
  it("exits with 1 for faults, failed tests and denied traces, with 0 for warnings unless strict", async () => {
    const exitCodeOf = async (line: string) => (await run(line)).exitCode;
    expect(await exitCodeOf("policy check broken")).toBe(1);
    expect(await exitCodeOf("policy check regret")).toBe(0);
    expect(await exitCodeOf("policy check regret --strict")).toBe(1);
    expect(await exitCodeOf("policy test deathstar.test.yaml")).toBe(1);
    expect(await exitCodeOf("policy replay policies --flows flows.jsonl --fail")).toBe(1);
    expect(await exitCodeOf("policy propose --flows flows.jsonl")).toBe(0);
    expect(await exitCodeOf("policy check nowhere")).toBe(1);
    expect(await exitCodeOf("policy test policies")).toBe(2);
    expect(await exitCodeOf("policy replay policies")).toBe(2);
  });

  it("writes TAP, JUnit and SARIF", async () => {
    const tap = (await run("policy test deathstar.test.yaml --output tap")).out;
    expect(tap).toMatch(/^TAP version 14\nok 1 - empire ships land/);
    expect(tap).toMatch(/not ok 5 - .*\n {2}---\n {2}at: "deathstar\.test\.yaml:22"/);
    expect(tap).toMatch(/\n1\.\.5\n$/);
    const junit = (await run("policy test deathstar.test.yaml --output junit")).out;
    expect(junit).toContain('<testsuites tests="5" failures="1">');
    const sarif = JSON.parse((await run("policy check regret broken --output sarif")).out);
    expect(sarif.version).toBe("2.1.0");
    expect(sarif.runs[0].results.map((one: { ruleId: string }) => one.ruleId)).toContain(
      "deny-only",
    );
    expect(sarif.runs[0].results[0].locations[0].physicalLocation.region.startLine).toBe(12);
  });

  it("checks its own proposal by a replay of the same flows", async () => {
    const { out } = await run("policy propose --flows flows.jsonl");
    mkdirSync(join(folder, "made"), { recursive: true });
    writeFileSync(join(folder, "made/p.yaml"), out);
    names.add("made");
    const replay = await run("policy replay made --flows flows.jsonl --output json");
    expect(JSON.parse(replay.out)).toMatchObject({
      wouldDrop: [],
      wouldAllow: [],
      unchangedCount: 2,
    });
  });
});
