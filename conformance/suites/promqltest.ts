/**
 * prom/promqltest: Prometheus' own PromQL test scripts. A case is one eval; each instant eval is also
 * run pinned by `@` and as a range query (src/promql/testing/script-runner.ts).
 */

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { Engine } from "../../src/promql/engine/engine.ts";
import { runScript, scriptParserOptions } from "../../src/promql/testing/script-runner.ts";
import type { Suite } from "../suite.ts";

interface ScriptFile {
  readonly name: string;
  readonly text: string;
}

async function readScripts(dataDir: string): Promise<readonly ScriptFile[]> {
  const folder = join(dataDir, "prom", "promqltest");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".test")).sort();
  return Promise.all(
    names.map(async (name) => ({ name, text: await readFile(join(folder, name), "utf8") })),
  );
}

/** The suite. */
export const promqltestSuite: Suite = {
  name: "prom/promqltest",

  async countCases(dataDir) {
    const scripts = await readScripts(dataDir);
    return scripts.reduce((sum, { text }) => sum + (text.match(/^\s*eval/gm)?.length ?? 0), 0);
  },

  async run(dataDir, reporter) {
    const engine = new Engine({
      clock: systemClock,
      parser: scriptParserOptions,
      enableDelayedNameRemoval: true,
      enableStartTimestamps: true,
    });
    for (const { name, text } of await readScripts(dataDir)) {
      for (const { command, difference } of await runScript(text, engine)) {
        const caseName = `${name}:${command.line}`;
        if (difference === undefined) reporter.pass(caseName);
        else reporter.fail(caseName, difference);
      }
    }
  },
};
