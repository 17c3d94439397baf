import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import type { CliContext } from "../command.ts";
import { runMain } from "../main.ts";

const folder = mkdtempSync(join(tmpdir(), "ciliascope-metrics-"));
const page = readFileSync(join(import.meta.dirname, "../../../docs/studio.md"), "utf8");
const names = new Set<string>();

afterAll(() => rmSync(folder, { recursive: true }));

for (const [, file = "", text = ""] of page.matchAll(/```\w+ file=(\S+)\n(.*?)```/gs)) {
  writeFileSync(join(folder, file), text);
  names.add(file);
}

async function run(line: string): Promise<{ out: string; err: string; exitCode: number }> {
  let out = "";
  let err = "";
  const context: CliContext = {
    stdout: (text) => {
      out += text;
    },
    stdoutBytes: () => undefined,
    stderr: (text) => {
      err += text;
    },
    env: {},
    untilStopped: async () => undefined,
    onReload: () => undefined,
  };
  const argv = line.split(" ").map((word) => (names.has(word) ? join(folder, word) : word));
  const exitCode = await runMain(argv, context);
  return { out, err, exitCode };
}

describe("docs/studio.md", () => {
  for (const [, line = "", wanted = ""] of page.matchAll(
    /```console\n\$ ciliascope (.*?)\n(.*?)```/gs,
  )) {
    it(`shows what ${line} prints`, async () => {
      expect((await run(line)).out).toBe(wanted);
    });
  }
});

describe("ciliascope metrics", () => {
  it("counts a gzipped file as the plain one, and says what it could not read", async () => {
    const text = readFileSync(join(folder, "flows.jsonl"), "utf8");
    names.add("flows.jsonl.gz");
    writeFileSync(join(folder, "flows.jsonl.gz"), gzipSync(`${text}{broken\n`));
    const preview = async (file: string) => {
      const { out, err, exitCode } = await run(
        `metrics preview drop:labelsContext=source_pod --flows ${file} --output json`,
      );
      expect(exitCode).toBe(0);
      return { err, found: JSON.parse(out) as { series: number; agents: object } };
    };
    const plain = await preview("flows.jsonl");
    const packed = await preview("flows.jsonl.gz");
    expect(plain.found).toMatchObject({ series: 2, agents: { nodes: 2, series: 3 } });
    expect(packed.found.series).toBe(2);
    expect(packed.err).toMatch(/^ciliascope: 1 lines could not be read; the first: /);
  });

  it("backfills by default on the port that a server has by default", async () => {
    const { out: backfill } = await run("metrics backfill --help");
    const { out: server } = await run("server --help");
    const [, port] = /default: "127\.0\.0\.1:(\d+)"/.exec(server) ?? [];
    expect(backfill).toContain(`(default: "http://127.0.0.1:${port}")`);
  });

  it("exits with 1 for what the agent refuses, 2 for misuse", async () => {
    const exitCodeOf = async (line: string) => (await run(line)).exitCode;
    expect(await exitCodeOf("metrics check drop")).toBe(0);
    expect(await exitCodeOf("metrics check dns:query=false")).toBe(0);
    expect(await exitCodeOf("metrics check http httpV2")).toBe(1);
    expect(await exitCodeOf("metrics preview drop:sourceContext=x --flows flows.jsonl")).toBe(1);
    expect(await exitCodeOf("metrics preview drop --flows nowhere.jsonl")).toBe(2);
    expect(await exitCodeOf("metrics preview drop --flows flows.jsonl --price cheap")).toBe(2);
    expect(await exitCodeOf("metrics preview drop --flows flows.jsonl --output xml")).toBe(2);
    expect(await exitCodeOf("metrics")).toBe(2);
  });
});
