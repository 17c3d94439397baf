/** What the Hubble suites share: recorded flows, the log as recorded, exemplars as recorded. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { LogFields, Logger } from "../src/base/logger.ts";
import { noFlow } from "../src/flow/filter/flow-filter.ts";
import type { Flow } from "../src/flow/model/flow.ts";
import { parseFlowLine } from "../src/flow/model/jsonpb.ts";

/** The flows of one recorded file, in order; read once. */
export class FlowFiles {
  readonly #dir: string;
  readonly #byPath = new Map<string, readonly Flow[]>();

  constructor(dir: string) {
    this.#dir = dir;
  }

  read(path: string, limit: number | undefined): readonly Flow[] {
    let flows = this.#byPath.get(path);
    if (flows === undefined) {
      const lines = readFileSync(join(this.#dir, path), "utf8").split("\n");
      flows = lines.filter((line) => line !== "").map((line) => parseFlowLine(line) ?? noFlow);
      this.#byPath.set(path, flows);
    }
    return limit === undefined ? flows : flows.slice(0, limit);
  }
}

/** A logger that writes lines as the recordings have them: "WARN: message key=value". */
export function recordingLogger(lines: string[]): Logger {
  const write = (level: string) => (fields: LogFields, message: string) => {
    const extra = Object.entries(fields).map(([key, value]) => ` ${key}=${String(value)}`);
    lines.push(`${level}: ${message}${extra.join("")}`);
  };
  const logger: Logger = {
    debug() {},
    info() {},
    warn: write("WARN"),
    error: write("ERROR"),
    child: () => logger,
  };
  return logger;
}

/** The recordings have no timestamps in exemplars. */
export function withoutExemplarTimes(text: string): string {
  return text.replace(/( # \{.*\} \S+) \S+$/gm, "$1");
}
