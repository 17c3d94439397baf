import { expect, it } from "vitest";
import type { Clock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import { HubbleInternals } from "../flowmetrics/hubble-internals.ts";
import { Registry } from "../metrics/registry.ts";
import { listenForScrapes } from "./flow-metrics-page.ts";

it("counts how long a scrape took with the making of its page", async () => {
  let nowMs = 0;
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    after: () => () => {},
  };
  const page = new Registry();
  page.onCollect(() => {
    nowMs += 3000;
  });
  const internals = new HubbleInternals(page);
  const listener = await listenForScrapes({
    listen: "127.0.0.1:0",
    page,
    internals,
    clock,
    logger: silentLogger,
  });
  const url = `http://127.0.0.1:${listener?.address.port}/metrics`;
  await (await fetch(url)).text();
  const text = await (await fetch(url)).text();
  await listener?.close();
  expect(text).toContain('hubble_metrics_http_handler_requests_total{code="200"} 1\n');
  expect(text).toContain(
    'hubble_metrics_http_handler_request_duration_seconds_sum{code="200"} 3\n',
  );
});
