/**
 * studio/invalid: every metrics string of hubble/invalid gets a finding of the Metrics studio with its
 * place; what the agent refuses or panics on is said to be refused, and what it takes is not. Mends that
 * the studio offers as a replacement are applied: none may be refused afterwards for the same reason.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  checkMetricsList,
  isRefusal,
  type SpecFinding,
} from "../../src/flowmetrics/studio/spec-check.ts";
import { reportCase, type Suite } from "../suite.ts";

interface InvalidCase {
  readonly metrics: readonly string[];
  readonly accepted: boolean;
  readonly panic?: boolean;
  readonly error?: string;
}

function readCases(dataDir: string): readonly InvalidCase[] {
  return JSON.parse(readFileSync(join(dataDir, "hubble", "invalid.json"), "utf8"));
}

function checkCase({ metrics, accepted, panic, error }: InvalidCase): string | undefined {
  const findings = checkMetricsList(metrics);
  if (findings.length === 0) return "no finding";
  for (const { item, start, end, mend } of findings) {
    const length = metrics[item]?.length ?? 0;
    if (start < 0 || end > length || start > end)
      return `${start} to ${end} is outside of entry ${item}`;
    if (start === end && length > 0) return `no place in entry ${item}`;
    if (mend === "") return "no mend";
  }
  const refusals = findings.filter(isRefusal);
  if (accepted)
    return refusals.length === 0 ? undefined : `refused by the studio: ${said(refusals)}`;
  if (refusals.length === 0) return `the agent says ${error}; the studio: ${said(findings)}`;
  if (panic === true && !refusals.some(({ effect }) => effect === "panics")) {
    return `the agent panics; the studio: ${said(refusals)}`;
  }
  return checkMends(metrics, findings);
}

function checkMends(
  metrics: readonly string[],
  findings: readonly SpecFinding[],
): string | undefined {
  for (const finding of findings) {
    if (finding.replacement === undefined) continue;
    const { item, start, end, replacement, message } = finding;
    const mended = metrics.map((text, index) =>
      index === item ? text.slice(0, start) + replacement + text.slice(end) : text,
    );
    const again = checkMetricsList(mended).filter((one) => one.message === message);
    if (again.length > 0) return `${mended.join(" ")}: still ${message}`;
  }
  return undefined;
}

function said(findings: readonly SpecFinding[]): string {
  return findings.map(({ effect, message }) => `${effect}: ${message}`).join("; ");
}

/** The suite studio/invalid. */
export const studioInvalid: Suite = {
  name: "studio/invalid",
  countCases: async (dataDir) => readCases(dataDir).length,
  async run(dataDir, reporter) {
    for (const [index, recorded] of readCases(dataDir).entries()) {
      await reportCase(reporter, `invalid-${index + 1}`, () => checkCase(recorded));
    }
  },
};
