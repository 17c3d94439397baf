import { expect, test } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import { StdinSource } from "../flow/source/file-source.ts";
import { FlowFeed } from "../flow/source/flow-feed.ts";
import { renderText } from "../metrics/exposition.ts";
import { Registry } from "../metrics/registry.ts";
import { registerSourceMetrics } from "./flow-source-metrics.ts";

test("what a source could not read is a series", async () => {
  async function* lines(): AsyncIterable<Uint8Array> {
    yield Buffer.from('{"flow":{"verdict":"FORWARDED"}}\nbroken\n{"flow":{"verdict":"NEW_ONE"}}\n');
  }
  const feed = new FlowFeed(silentLogger);
  const registry = new Registry();
  registerSourceMetrics(registry, feed);
  const clock = new FakeClock(0);
  const source = new StdinSource({ input: lines(), cluster: "c", clock, logger: silentLogger });
  feed.add(source);
  await source.ended;
  const page = renderText(registry);
  expect(page).toMatch(/flow_source_bad_records_total\{cluster="c",source="[^"]*"\} 1\n/);
  expect(page).toMatch(/flow_source_unknown_fields_total\{cluster="c",source="[^"]*"\} 1\n/);
  expect(page).toMatch(/flow_source_flows_total\{cluster="c",source="[^"]*"\} 2\n/);
  expect(renderText(registry)).toBe(page);
  await feed.close();
});
