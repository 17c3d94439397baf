/** Results for other programs: TAP 14, JUnit XML, SARIF 2.1.0. Pure text, no files. */

import type { PolicyFault } from "../document/policy-fault.ts";
import { faultMessage } from "../document/policy-fault.ts";
import type { LintFinding } from "./lint-finding.ts";
import type { TestSuiteResult } from "./policy-test.ts";

/** TAP version 14: one line per expectation, failures with a YAML block. */
export function formatTap(suites: readonly TestSuiteResult[]): string {
  const lines = ["TAP version 14"];
  let number = 0;
  for (const { file, results } of suites) {
    for (const { name, line, isPassed, details } of results) {
      number++;
      lines.push(`${isPassed ? "ok" : "not ok"} ${number} - ${name.replaceAll("#", "\\#")}`);
      if (isPassed) continue;
      lines.push("  ---", `  at: ${JSON.stringify(`${file}:${line}`)}`, "  message: |");
      lines.push(...details.map((detail) => `    ${detail}`), "  ...");
    }
  }
  return `${[...lines, `1..${number}`].join("\n")}\n`;
}

/** JUnit XML: a testsuite per file. */
export function formatJunit(suites: readonly TestSuiteResult[]): string {
  const all = suites.flatMap(({ results }) => results);
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites tests="${all.length}" failures="${failureCount(all)}">`,
  ];
  for (const { name, file, results } of suites) {
    lines.push(
      `  <testsuite name="${escapeXml(name)}" tests="${results.length}" failures="${failureCount(results)}">`,
    );
    for (const { name: caseName, line, isPassed, details } of results) {
      const head = `    <testcase name="${escapeXml(caseName)}" classname="${escapeXml(name)}" file="${escapeXml(file)}" line="${line}"`;
      if (isPassed) lines.push(`${head}/>`);
      else {
        const message = escapeXml(details[0] ?? "failed");
        lines.push(
          `${head}>`,
          `      <failure message="${message}">${escapeXml(details.join("\n"))}</failure>`,
          "    </testcase>",
        );
      }
    }
    lines.push("  </testsuite>");
  }
  return `${[...lines, "</testsuites>"].join("\n")}\n`;
}

function failureCount(results: TestSuiteResult["results"]): number {
  return results.filter(({ isPassed }) => !isPassed).length;
}

function escapeXml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

interface SarifEntry {
  readonly ruleId: string;
  readonly level: "error" | "warning" | "note";
  readonly text: string;
  readonly file: string;
  readonly line: number;
}

/** SARIF of failed tests. */
export function formatTestSarif(suites: readonly TestSuiteResult[], version: string): string {
  const failures = suites.flatMap(({ file, results }) =>
    results
      .filter(({ isPassed }) => !isPassed)
      .map(({ name, line, details }): SarifEntry => {
        const text = `${name}: ${details.join("; ")}`;
        return { ruleId: "policy-test", level: "error", text, file, line };
      }),
  );
  return sarif(failures, version);
}

/** SARIF of faults and findings. */
export function formatCheckSarif(
  faults: readonly PolicyFault[],
  findings: readonly LintFinding[],
  version: string,
): string {
  return sarif(
    [
      ...faults.map((fault): SarifEntry => {
        const text =
          fault.path === "" ? faultMessage(fault) : `${fault.path}: ${faultMessage(fault)}`;
        const { stage, file, line } = fault;
        return { ruleId: `invalid-${stage}`, level: "error", text, file, line };
      }),
      ...findings.map(({ code, severity, message, policy, file, line }): SarifEntry => {
        return { ruleId: code, level: severity, text: `${policy}: ${message}`, file, line };
      }),
    ],
    version,
  );
}

function sarif(entries: readonly SarifEntry[], version: string): string {
  const ids = [...new Set(entries.map(({ ruleId }) => ruleId))].sort();
  const driver = { name: "ciliascope policy", version, rules: ids.map((id) => ({ id })) };
  const results = entries.map(({ ruleId, level, text, file, line }) => ({
    ruleId,
    level,
    message: { text },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: file },
          region: { startLine: Math.max(1, line) },
        },
      },
    ],
  }));
  const document = {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [{ tool: { driver }, results }],
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
