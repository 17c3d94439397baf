/** hubble/jsonpb: every recorded line of the exporter must read in and print back byte for byte. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { formatEventLine, parseEventLine } from "../../src/flow/model/jsonpb.ts";
import { firstDifference } from "../difference.ts";
import { reportCase, type Suite } from "../suite.ts";

/** Lines of mixed-events.jsonl that the original cannot print back either. */
const expectedText: ReadonlyMap<string, string> = new Map([
  // An unknown field is read and dropped.
  [
    '{"flow":{"verdict":"FORWARDED","some_future_field":1},"node_name":"n"}',
    '{"flow":{"verdict":"FORWARDED"},"node_name":"n"}',
  ],
]);
/** No JSON: the original skips the line with a warning. */
const brokenLines: ReadonlySet<string> = new Set(["", "{not json}"]);

function readLines(dataDir: string): { readonly name: string; readonly line: string }[] {
  const dir = join(dataDir, "hubble", "flows");
  return readdirSync(dir).flatMap((file) => {
    const lines = readFileSync(join(dir, file), "utf8").split("\n").slice(0, -1);
    return lines.map((line, index) => ({ name: `${file}:${index + 1}`, line }));
  });
}

function checkLine(line: string): string | undefined {
  if (brokenLines.has(line)) {
    try {
      parseEventLine(line);
    } catch {
      return undefined;
    }
    return "a broken line was accepted";
  }
  const want = expectedText.get(line) ?? line;
  return firstDifference("line", want, formatEventLine(parseEventLine(line)));
}

/** The suite hubble/jsonpb. */
export const hubbleJsonpb: Suite = {
  name: "hubble/jsonpb",
  countCases: async (dataDir) => readLines(dataDir).length,
  async run(dataDir, reporter) {
    for (const { name, line } of readLines(dataDir)) {
      await reportCase(reporter, name, () => checkLine(line));
    }
  },
};
