/** The tools on data directories: what they print, their exit codes, and that they change nothing. */

import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { CliContext } from "../command.ts";
import { runMain } from "../main.ts";

let dir = "";
let out = "";
let err = "";

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "cli-tsdb-"));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

async function run(...args: string[]): Promise<number> {
  out = "";
  err = "";
  const context: CliContext = {
    stdout(text) {
      out += text;
    },
    stderr(text) {
      err += text;
    },
    stdoutBytes() {},
    env: {},
    untilStopped: () => Promise.resolve(),
    onReload() {},
  };
  return await runMain(["tsdb", ...args], context);
}

/** Imports two series over two hours' boundary; returns the data directory. */
async function importSome(): Promise<string> {
  const text = join(dir, "text");
  const lines = [0, 1, 2].flatMap((i) => [`up{job="a\\"b"} ${i} ${7190 + i * 10}`]);
  writeFileSync(text, `# TYPE up gauge\n${lines.join("\n")}\nup{job="c"} 1e+09 7200.5\n# EOF\n`);
  const data = join(dir, "data");
  mkdirSync(data);
  expect(await run("import", text, data)).toBe(0);
  return data;
}

it("imports OpenMetrics into a block for every two hours, and dumps the same", async () => {
  const data = await importSome();
  expect(out.trim().split("\n")).toHaveLength(2);
  expect(await run("list", data)).toBe(0);
  expect(out).toMatch(/^BLOCK ULID +MIN TIME +MAX TIME +DURATION +NUM SAMPLES/);
  expect(await run("dump", data)).toBe(0);
  expect(out).toBe(
    [
      '{__name__="up", job="a\\"b"} 0 7190000',
      '{__name__="up", job="a\\"b"} 1 7200000',
      '{__name__="up", job="a\\"b"} 2 7210000',
      '{__name__="up", job="c"} 1e+09 7200500',
      "",
    ].join("\n"),
  );
  expect(await run("dump", data, "--match", '{job="c"}', "--max-time", "7200499")).toBe(0);
  expect(out).toBe("");
  expect(await run("dump-openmetrics", data, "--match", 'up{job!="c"}')).toBe(0);
  expect(out).toBe(
    'up{job="a\\"b"} 0 7190\nup{job="a\\"b"} 1 7200\nup{job="a\\"b"} 2 7210\n# EOF\n',
  );
});

it("analyzes a block and checks all, as text and JSON", async () => {
  const data = await importSome();
  expect(await run("analyze", data)).toBe(0);
  expect(out).toContain("Total Series: 2\nLabel names: 2\n");
  expect(out).toContain("Highest cardinality metric names:\n2 up\n");
  expect(await run("check", data, "--output", "json")).toBe(0);
  const { blocks } = JSON.parse(out) as { blocks: { sampleCount: number; faults: string[] }[] };
  expect(blocks.map(({ sampleCount, faults }) => [sampleCount, faults])).toEqual([
    [1, []],
    [3, []],
  ]);
});

it("names damage, ends with 1 and leaves every file as it is", async () => {
  const data = await importSome();
  const [first, second] = readdirSync(data).sort() as [string, string];
  const chunks = join(data, second, "chunks", "000001");
  const bytes = readFileSync(chunks);
  bytes[12] = (bytes[12] ?? 0) ^ 4;
  writeFileSync(chunks, bytes);
  writeFileSync(join(data, first, "index"), "no index");
  const sizes = (): string[] =>
    (readdirSync(data, { recursive: true }) as string[])
      .map((name) => `${name} ${statSync(join(data, name)).mtimeMs}`)
      .sort();
  const before = sizes();
  expect(await run("check", data)).toBe(1);
  expect(out).toMatch(new RegExp(`error ${second}[^]*its checksum is wrong`));
  expect(out).toContain(`error ${first}`);
  expect(await run("list", data)).toBe(1);
  expect(err).toContain(`block ${first}: `);
  expect(await run("dump", data)).toBe(1);
  expect(err).toContain("its checksum is wrong");
  expect(sizes()).toEqual(before);
});

it("refuses what is no data directory, no text with timestamps, no time", async () => {
  expect(await run("list", join(dir, "absent"))).toBe(2);
  expect(await run("dump", dir)).toBe(2);
  expect(err).toContain("is no data directory");
  const text = join(dir, "text");
  writeFileSync(text, "up 1\n# EOF\n");
  expect(await run("import", text, dir)).toBe(2);
  expect(err).toContain("up: the sample has no timestamp");
  writeFileSync(text, "up 1 20\nup 2 10\n# EOF\n");
  expect(await run("import", text, dir)).toBe(2);
  expect(err).toContain("10000 does not follow 20000");
  expect(readdirSync(dir)).toEqual(["text"]);
  expect(await run()).toBe(2);
});
