import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { systemClock } from "../../base/clock.ts";
import { Engine } from "../engine/engine.ts";
import { runScript, scriptParserOptions } from "./script-runner.ts";

const folder = join(import.meta.dirname, "..", "testdata");

describe("our own PromQL scripts", () => {
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".test"))) {
    it(`${name} gives what it says`, async () => {
      const engine = new Engine({
        clock: systemClock,
        parser: scriptParserOptions,
        enableStartTimestamps: true,
      });
      const outcomes = await runScript(readFileSync(join(folder, name), "utf8"), engine);
      const failed = outcomes.flatMap(({ command, difference }) =>
        difference === undefined ? [] : [`${name}:${command.line} ${difference}`],
      );
      expect(failed).toEqual([]);
      expect(outcomes.length).toBeGreaterThan(0);
    });
  }
});
