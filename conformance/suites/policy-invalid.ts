/**
 * policy/invalid: policies that Cilium or the API server refuses, and odd ones that they take. Compared:
 * who refuses, every text of theirs, and that each fault of ours names a line of the file.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PolicyError, type PolicyFault } from "../../src/policy/document/policy-fault.ts";
import { checkPolicies, parsePolicies } from "../../src/policy/document/policy-parse.ts";
import { PolicyEngine } from "../../src/policy/engine/policy-engine.ts";
import { reportCase, type Suite } from "../suite.ts";

interface InvalidCase {
  readonly file: string;
  readonly options?: Readonly<Record<string, string>>;
  /** "crd-schema+agent", "none", … */
  readonly rejectedBy: string;
  readonly schemaErrors?: readonly string[];
  readonly unknownFieldError?: string;
  /** Alternatives are joined by " || ". */
  readonly agentError?: string;
  readonly decodeError?: string;
}

export const policyInvalidSuite: Suite = {
  name: "policy/invalid",
  countCases: async (dataDir) => readCases(dataDir).length,
  async run(dataDir, reporter) {
    for (const recorded of readCases(dataDir)) {
      const name = recorded.file.replace(/^invalid\//, "").replace(/\.yaml$/, "");
      await reportCase(reporter, name, () => {
        const text = readFileSync(join(dataDir, "policy", recorded.file), "utf8");
        return runCase(text, recorded);
      });
    }
  },
};

function readCases(dataDir: string): InvalidCase[] {
  return JSON.parse(readFileSync(join(dataDir, "policy/invalid.json"), "utf8")) as InvalidCase[];
}

function runCase(text: string, recorded: InvalidCase): string | undefined {
  const options = {
    file: "case.yaml",
    hasExtendedProtocols: recorded.options?.["enable-extended-ip-protocols"] === "true",
  };
  const faults = checkPolicies(text, options);
  const lineCount = text.split("\n").length;
  const strayed = faults.find(({ line }) => line < 1 || line > lineCount);
  if (strayed !== undefined) return `line ${strayed.line} of ${lineCount}: ${strayed.reason}`;
  const thrown = refusal(() => new PolicyEngine(parsePolicies(text, options)));
  if (recorded.rejectedBy === "none") {
    return thrown === undefined ? undefined : `want it accepted, have: ${thrown.message}`;
  }
  if (thrown === undefined) return `want it refused by ${recorded.rejectedBy}`;
  const want = wantedOf(recorded);
  const have = haveOf(faults);
  for (const key of ["yaml", "schema", "unknown", "agent"] as const) {
    if (!isSame(want[key], have[key])) {
      return `${key}\n  want ${JSON.stringify(want[key])}\n  have ${JSON.stringify(have[key])}`;
    }
  }
  return undefined;
}

function refusal(read: () => unknown): PolicyError | undefined {
  try {
    read();
  } catch (thrown) {
    if (thrown instanceof PolicyError) return thrown;
    throw thrown;
  }
  return undefined;
}

type Complaints = Readonly<Record<"yaml" | "schema" | "unknown" | "agent", readonly string[]>>;

function wantedOf(recorded: InvalidCase): Complaints {
  return {
    // The YAML reader's own words are another library's; the line is the same.
    yaml: recorded.decodeError === undefined ? [] : [lineOf(recorded.decodeError)],
    schema: [...(recorded.schemaErrors ?? [])].sort(),
    unknown: extraFields(recorded.unknownFieldError ?? ""),
    // "Invalid … spec: " says which object and where; ours are the file, line and path.
    agent:
      recorded.agentError === undefined
        ? []
        : recorded.agentError.split(" || ").map((one) => sortPair(withoutPrefix(one))),
  };
}

/** "unknown fields found, extra:[a b]": a and b, sorted. */
function extraFields(text: string): string[] {
  const list = /extra:\[(.*)\]$/.exec(text)?.[1];
  return list === undefined ? [] : list.split(" ").sort();
}

function lineOf(text: string): string {
  return `line ${/line (\d+)/.exec(text)?.[1] ?? "?"}`;
}

function withoutPrefix(text: string): string {
  return text
    .replace(/^Invalid \w+ specs?(\(s\))?: /, "")
    .replace(/^panic: ("[^"]*" is not a CIDR): .*?(netip.*)$/, "$1: $2");
}

/** The agent goes through a Go map: "combining X and Y" comes in either order. */
function sortPair(text: string): string {
  return text.replace(/^combining (\w+) and (\w+)/, (_, a: string, b: string) =>
    a < b ? `combining ${a} and ${b}` : `combining ${b} and ${a}`,
  );
}

function haveOf(faults: readonly PolicyFault[]): Complaints {
  const of = (stage: PolicyFault["stage"]) => faults.filter((fault) => fault.stage === stage);
  const schema = of("schema").map(({ reason }) => reason);
  return {
    yaml: of("yaml").map(({ line }) => `line ${line}`),
    schema: schema.sort(),
    // Cilium's validator stops at the schema's complaints.
    unknown:
      schema.length > 0
        ? []
        : of("unknown-field")
            .flatMap(({ reason }) => extraFields(reason))
            .sort(),
    agent: of("agent").map(({ reason }) => sortPair(reason)),
  };
}

/** The agent stops at its first complaint, which may be one of several. */
function isSame(want: readonly string[], have: readonly string[]): boolean {
  const wanted = [...new Set(want)];
  return have.length === 1 && wanted.includes(have[0] ?? "")
    ? wanted.length === 1 || want.length > 1
    : JSON.stringify(wanted) === JSON.stringify([...new Set(have)]);
}
