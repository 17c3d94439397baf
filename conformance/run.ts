/**
 * `npm run conformance -- [suite] [--data DIR] [--verbose] [--write-docs]`: runs the recorded answers of real systems
 * against ours. Prints a row a suite and last `N passed, N failed`, a listed failure counted as
 * failed. Exit: 0 as expected, 1 an unlisted failure, an unlisted pass, a wrong number of cases or a
 * suite that could not run to its end (the others run on), 2 misuse, 3 no data.
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { suites } from "./registry.ts";
import type { Suite } from "./suite.ts";

interface SuiteResult {
  readonly suite: string;
  readonly found: number;
  readonly counted: number;
  readonly passed: readonly string[];
  readonly failed: ReadonlyMap<string, string>;
  readonly seconds: number;
  /** What ended the suite before its time: a file that is not there, or our own fault. */
  readonly broken?: string;
}

/** "suite case" → reason. */
type ExpectedFailures = ReadonlyMap<string, string>;

const projectDir = resolve(import.meta.dirname, "..");

function readExpectedFailures(): ExpectedFailures {
  const file = join(projectDir, "conformance", "expected-failures.txt");
  const expected = new Map<string, string>();
  for (const [index, line] of readFileSync(file, "utf8").split("\n").entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const match = /^(\S+) (.+?): (.+)$/.exec(line);
    if (match === null)
      throw new Error(`${file}:${index + 1}: want "suite case: reason", have ${line}`);
    expected.set(`${match[1]} ${match[2]}`, match[3] as string);
  }
  return expected;
}

function isSelected(suite: Suite, wanted: string | undefined): boolean {
  if (wanted === undefined) return true;
  const path = wanted.replace(/\/$/, "").replace(/\.(json|jsonl|test)$/, "");
  return suite.name === path || suite.name.startsWith(`${path}/`);
}

async function runSuite(suite: Suite, dataDir: string): Promise<SuiteResult> {
  const startedMs = performance.now();
  const passed: string[] = [];
  const failed = new Map<string, string>();
  let counted = 0;
  let broken: string | undefined;
  try {
    counted = await suite.countCases(dataDir);
    await suite.run(dataDir, {
      pass: (name) => passed.push(name),
      fail: (name, difference) => failed.set(name, difference),
    });
  } catch (thrown) {
    broken = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  }
  return {
    suite: suite.name,
    found: passed.length + failed.size,
    counted,
    passed,
    failed,
    seconds: (performance.now() - startedMs) / 1000,
    ...(broken === undefined ? {} : { broken }),
  };
}

/** Lines that break the build: unlisted failures, unlisted passes, cases lost. */
function unexpected(result: SuiteResult, expected: ExpectedFailures): string[] {
  const lines: string[] = [];
  if (result.broken !== undefined) {
    lines.push(`${result.suite}: ended after ${result.found} cases: ${result.broken}`);
  } else if (result.found !== result.counted) {
    lines.push(`${result.suite}: ran ${result.found} cases, the files hold ${result.counted}`);
  }
  for (const name of result.failed.keys()) {
    if (!expected.has(`${result.suite} ${name}`))
      lines.push(`unlisted failure: ${result.suite} ${name}`);
  }
  for (const name of result.passed) {
    if (expected.has(`${result.suite} ${name}`))
      lines.push(`listed but passes: ${result.suite} ${name}`);
  }
  return lines;
}

function countListed(result: SuiteResult, expected: ExpectedFailures): number {
  return [...result.failed.keys()].filter((name) => expected.has(`${result.suite} ${name}`)).length;
}

function printRow(result: SuiteResult, expected: ExpectedFailures): void {
  const listed = countListed(result, expected);
  console.log(
    `${result.suite.padEnd(24)} ${String(result.found).padStart(5)} cases  ${String(result.passed.length).padStart(5)} passed  ` +
      `${String(result.failed.size).padStart(4)} failed  ${String(listed).padStart(4)} listed  ${result.seconds.toFixed(1)} s`,
  );
}

function writeDocs(results: readonly SuiteResult[], expected: ExpectedFailures): void {
  const rows = results.map(
    (result) =>
      `| ${result.suite} | ${result.found} | ${result.passed.length} | ${result.failed.size} | ${countListed(result, expected)} |`,
  );
  const reasons = new Map<string, number>();
  for (const result of results) {
    for (const name of result.failed.keys()) {
      const reason = `${result.suite}: ${expected.get(`${result.suite} ${name}`) ?? "not listed"}`;
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
  }
  const text = [
    "# Conformance",
    "",
    "Written by `npm run conformance -- --write-docs`; nobody edits it by hand. Each case is an answer recorded from the",
    "real system (Prometheus 3.14, Cilium 1.19-dev, Grafana's packages…); a listed failure counts as failed.",
    "",
    "| suite | cases | passed | failed | of these listed |",
    "|---|---|---|---|---|",
    ...rows,
    "",
    ...(reasons.size === 0
      ? []
      : ["## Why cases fail", "", "| suite and reason | cases |", "|---|---|"]),
    ...[...reasons].map(([reason, count]) => `| ${reason.replaceAll("|", "\\|")} | ${count} |`),
    ...(reasons.size === 0 ? [] : [""]),
  ].join("\n");
  writeFileSync(join(projectDir, "docs", "CONFORMANCE.md"), text);
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      data: { type: "string" },
      verbose: { type: "boolean", default: false },
      "write-docs": { type: "boolean", default: false },
    },
  });
  const dataDir = resolve(values.data ?? join(projectDir, "..", "shared", "conformance"));
  if (!existsSync(dataDir)) {
    console.log(`SKIPPED: no data at ${values.data ?? "../shared/conformance"}`);
    return 3;
  }
  const selected = suites.filter((suite) => isSelected(suite, positionals[0]));
  if (selected.length === 0) {
    console.error(
      `no suite is called ${positionals[0]}; there are: ${suites.map((s) => s.name).join(", ")}`,
    );
    return 2;
  }
  const expected = readExpectedFailures();
  const results: SuiteResult[] = [];
  const broken: string[] = [];
  for (const suite of selected) {
    const result = await runSuite(suite, dataDir);
    printRow(result, expected);
    if (values.verbose)
      for (const [name, text] of result.failed) console.log(`--- ${suite.name} ${name}\n${text}`);
    results.push(result);
    broken.push(...unexpected(result, expected));
  }
  if (values["write-docs"]) writeDocs(results, expected);
  for (const line of broken) console.log(line);
  const passed = results.reduce((sum, result) => sum + result.passed.length, 0);
  const failed = results.reduce((sum, result) => sum + result.failed.size, 0);
  console.log(`${passed} passed, ${failed} failed`);
  return broken.length === 0 ? 0 : 1;
}

process.exitCode = await main();
