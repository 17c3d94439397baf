/** `ciliascope policy test`: runs policy tests, once or whenever a file changes. */

import { existsSync, statSync, watch } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { systemClock } from "../../base/clock.ts";
import { AppError, ConfigError, errorMessage } from "../../base/errors.ts";
import {
  isTestFile,
  runPolicyTests,
  type TestSuiteResult,
} from "../../policy/review/policy-test.ts";
import { formatJunit, formatTap, formatTestSarif } from "../../policy/review/report-format.ts";
import { type CliContext, exitCodes } from "../command.ts";
import { readPolicyFiles, type TextFile } from "../policy-files.ts";
import { readVersion } from "../version.ts";

/** Editors write a file in several steps: changes within this are one, ms. */
const settleMs = 100;

/** Runs the tests; 1 where one fails. */
export async function runTests(
  paths: readonly string[],
  flags: { readonly watch?: boolean; readonly output: string },
  context: CliContext,
): Promise<number> {
  if (flags.watch === true) return watchTests(paths, flags.output, context);
  return runOnce(paths, flags.output, context);
}

function runOnce(paths: readonly string[], output: string, context: CliContext): number {
  const given = new Set(paths);
  const files = readPolicyFiles(paths).filter(
    ({ file, text }) => given.has(file) || isTestFile(text, file),
  );
  if (files.length === 0) {
    throw new AppError(
      "usage",
      `there is no test in ${paths.join(", ")}; want YAML files with tests:`,
    );
  }
  const suites = files.map(runFile);
  context.stdout(formatSuites(suites, output));
  return suites.every(({ results }) => results.every(({ isPassed }) => isPassed))
    ? exitCodes.ok
    : exitCodes.trouble;
}

/** A file that cannot be read is one failed test, so that reports show it. */
function runFile({ file, text }: TextFile): TestSuiteResult {
  try {
    return runPolicyTests(text, {
      file,
      readPolicies: (pattern, at) => {
        const path = isAbsolute(pattern) ? pattern : join(dirname(file), pattern);
        if (!existsSync(path)) at.fail(`there is no file or folder ${path}`);
        return readPolicyFiles([path]);
      },
    });
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    const line = thrown.file === file ? (thrown.line ?? 1) : 1;
    const details = [errorMessage(thrown)];
    return { name: file, file, results: [{ name: "can be read", line, isPassed: false, details }] };
  }
}

function formatSuites(suites: readonly TestSuiteResult[], output: string): string {
  switch (output) {
    case "tap":
      return formatTap(suites);
    case "junit":
      return formatJunit(suites);
    case "sarif":
      return formatTestSarif(suites, readVersion());
    case "json":
      return `${JSON.stringify(suites, null, 2)}\n`;
    default:
      return formatText(suites);
  }
}

function formatText(suites: readonly TestSuiteResult[]): string {
  const lines: string[] = [];
  let failedCount = 0;
  for (const { file, name, results } of suites) {
    lines.push(name === file ? file : `${file}: ${name}`);
    for (const result of results) {
      lines.push(`  ${result.isPassed ? "ok  " : "FAIL"} ${result.name}`);
      if (result.isPassed) continue;
      failedCount++;
      lines.push(...result.details.map((detail) => `         ${detail}`));
    }
  }
  const count = suites.reduce((total, { results }) => total + results.length, 0);
  return `${[...lines, `${count} tests, ${failedCount} failed`].join("\n")}\n`;
}

async function watchTests(
  paths: readonly string[],
  output: string,
  context: CliContext,
): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const runAgain = (): void => {
    try {
      exitCode = runOnce(paths, output, context);
    } catch (thrown) {
      // A file half written: the next change runs it again.
      exitCode = exitCodes.trouble;
      context.stderr(`ciliascope: ${errorMessage(thrown)}\n`);
    }
  };
  runAgain();
  let cancel = (): void => {};
  const watchers = paths.map((path) => {
    // Policies lie beside their tests: the folder is watched, not the file.
    const folder = statSync(path).isDirectory() ? path : dirname(path);
    return watch(folder, { recursive: true }, () => {
      cancel();
      cancel = systemClock.after(settleMs, runAgain);
    });
  });
  await context.untilStopped();
  cancel();
  for (const watcher of watchers) watcher.close();
  return exitCode;
}
