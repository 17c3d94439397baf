import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import { type Flow, formatTimestamp } from "../flow/model/flow.ts";
import { FlowStore } from "../flow/store/flow-store.ts";
import { FlowTally } from "../policy/traffic/flow-tally.ts";
import { PolicyTraffic } from "./policy-traffic.ts";

const startMs = Date.parse("2026-01-15T10:00:00Z");
const clock = new FakeClock(startMs + 600_000);
let dir = "";
let store: FlowStore;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "policy-traffic-"));
  const options = { dir, clock, logger: silentLogger, retentionMs: 1e12, retentionBytes: 1e12 };
  store = await FlowStore.open(options);
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true });
});

/** One of forty pods of two workloads, or of five addresses outside, asks a third workload. */
function flow(index: number): Flow {
  const workload = index % 2 === 0 ? "web" : "api";
  const isOutside = index % 7 === 0;
  const isReply = index % 3 === 0;
  const asked = index % 5 === 0 ? 443 : 80;
  return {
    time: formatTimestamp(startMs + index * 1000),
    verdict: index % 11 === 0 ? "DROPPED" : "FORWARDED",
    drop_reason_desc: index % 11 === 0 ? "POLICY_DENIED" : "DROP_REASON_UNKNOWN",
    IP: { source: isOutside ? `192.0.2.${index % 5}` : `10.0.0.${index % 40}` },
    l4: { TCP: { destination_port: isReply ? 40_000 + index : asked, flags: { SYN: true } } },
    source: isOutside
      ? { labels: ["reserved:world"] }
      : {
          namespace: "shop",
          pod_name: `${workload}-${index % 40}`,
          labels: [`k8s:app=${workload}`, "k8s:io.kubernetes.pod.namespace=shop"],
          workloads: [{ name: workload, kind: "Deployment" }],
        },
    destination: { labels: ["k8s:app=store", "k8s:io.kubernetes.pod.namespace=shop"] },
    traffic_direction: "INGRESS",
    is_reply: isReply,
  };
}

describe("PolicyTraffic", () => {
  it("gives the tally that the flows give one by one, over blocks on disk and in memory", async () => {
    const flows = Array.from({ length: 300 }, (_, index) => flow(index));
    store.append(flows.slice(0, 200));
    await store.seal();
    store.append(flows.slice(200));
    const wanted = new FlowTally();
    for (const one of flows) wanted.add(one);
    const traffic = new PolicyTraffic(store, clock);
    const span = { sinceMs: startMs, untilMs: startMs + 600_000 };
    const { signal } = new AbortController();
    const found = await traffic.tally(span, { signal, hasHeaders: false });
    expect(found.snapshot()).toEqual(wanted.snapshot());
    expect([...found.connections].length).toBeGreaterThan(8);
  });
});
