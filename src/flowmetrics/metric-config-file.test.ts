import { expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import { MetricConfigFile } from "./metric-config-file.ts";

it("reloads when the text changes, says once that there is no file, and stops when told", async () => {
  const clock = new FakeClock(0);
  const loaded: string[] = [];
  const errors: object[] = [];
  const logger: Logger = {
    debug() {},
    info() {},
    warn() {},
    error: (fields) => errors.push(fields),
    child: () => logger,
  };
  let text: string | undefined;
  const file = new MetricConfigFile({
    path: "metrics.yaml",
    clock,
    logger,
    reload: (yaml) => loaded.push(yaml) > 0,
    readFile: () => {
      if (text === undefined) throw new Error("no such file");
      return text;
    },
  });
  file.start();
  await clock.advance(10_000);
  text = "a";
  await clock.advance(20_000);
  text = "b";
  await clock.advance(10_000);
  file.stop();
  text = "c";
  await clock.advance(60_000);
  expect(loaded).toEqual(["a", "b"]);
  expect(errors).toEqual([{ error: "cannot read file 'metrics.yaml': no such file" }]);
});
