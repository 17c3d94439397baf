/** hubble/filters: allow and deny lists against the flows that Hubble's own filters let through, or their errors. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { errorMessage } from "../../src/base/errors.ts";
import {
  compileFlowFilters,
  type FlowFilter,
  type FlowTest,
  parseFlowFilter,
} from "../../src/flow/filter/flow-filter.ts";
import { firstDifference } from "../difference.ts";
import { FlowFiles } from "../hubble-recordings.ts";
import { reportCase, type Suite } from "../suite.ts";

interface FilterCase {
  readonly name: string;
  readonly allow: readonly unknown[];
  readonly deny: readonly unknown[];
  readonly flows: string;
  readonly matches: readonly number[] | null;
  readonly error?: string;
}

function readCases(dataDir: string): readonly FilterCase[] {
  return JSON.parse(readFileSync(join(dataDir, "hubble", "filters.json"), "utf8"));
}

function parseAll(filters: readonly unknown[]): FlowFilter[] {
  return filters.map((filter) => {
    try {
      return parseFlowFilter(JSON.stringify(filter));
    } catch (thrown) {
      throw new Error(`json: ${errorMessage(thrown)}`);
    }
  });
}

function checkCase(recorded: FilterCase, files: FlowFiles): string | undefined {
  let passes: FlowTest;
  try {
    passes = compileFlowFilters(parseAll(recorded.allow), parseAll(recorded.deny));
  } catch (thrown) {
    return firstDifference("error", recorded.error ?? "", errorMessage(thrown));
  }
  if (recorded.error !== undefined) return `accepted, wanted the error: ${recorded.error}`;
  const matches: number[] = [];
  for (const [index, flow] of files.read(recorded.flows, undefined).entries()) {
    if (passes(flow)) matches.push(index);
  }
  return firstDifference("matches", JSON.stringify(recorded.matches), JSON.stringify(matches));
}

/** The suite hubble/filters. */
export const hubbleFilters: Suite = {
  name: "hubble/filters",
  countCases: async (dataDir) => readCases(dataDir).length,
  async run(dataDir, reporter) {
    const files = new FlowFiles(join(dataDir, "hubble"));
    for (const recorded of readCases(dataDir)) {
      await reportCase(reporter, recorded.name, () => checkCase(recorded, files));
    }
  },
};
