import { describe, expect, it } from "vitest";
import type { Flow } from "../../../flow/model/flow.ts";
import { runHandlerContract, seriesOf } from "../../handler.contract.ts";
import { flowsToWorldHandler } from "./handler.ts";

const toWorld: Flow = {
  event_type: { type: 4 },
  verdict: "FORWARDED",
  l4: { TCP: { destination_port: 443, flags: { SYN: true } } },
  destination: { labels: ["reserved:world"] },
};
const dropped: Flow = { ...toWorld, verdict: "DROPPED", drop_reason_desc: "TTL_EXCEEDED" };

describe("flows-to-world", () => {
  runHandlerContract(flowsToWorldHandler, toWorld);

  it("goes by the label, not by the identity", () => {
    const byIdentity: Flow = { ...toWorld, destination: { identity: 2 } };
    expect(seriesOf("flows-to-world", byIdentity)).toEqual([]);
    const v6: Flow = { ...toWorld, destination: { labels: ["reserved:world-ipv6"] } };
    expect(seriesOf("flows-to-world:port", v6)).toEqual([
      'hubble_flows_to_world_total{port="443",protocol="TCP",verdict="FORWARDED"} 1',
    ]);
  });

  it("counts only policy drops unless any-drop is given", () => {
    expect(seriesOf("flows-to-world", dropped)).toEqual([]);
    expect(seriesOf("flows-to-world:any-drop", dropped).length).toBe(1);
    const denied: Flow = { ...dropped, drop_reason_desc: "POLICY_DENIED" };
    expect(seriesOf("flows-to-world", denied).length).toBe(1);
  });

  it("counts with syn-only nothing but SYN packets that are no replies", () => {
    const udp: Flow = { ...toWorld, l4: { UDP: {} } };
    const reply: Flow = { ...toWorld, is_reply: true };
    expect(seriesOf("flows-to-world:syn-only", udp, reply)).toEqual([]);
    expect(seriesOf("flows-to-world:syn-only", toWorld).length).toBe(1);
  });
});
