import { describe, expect, it } from "vitest";
import type { Flow } from "../../../flow/model/flow.ts";
import { runHandlerContract, seriesOf } from "../../handler.contract.ts";
import { portDistributionHandler } from "./handler.ts";

const toPort80: Flow = {
  verdict: "FORWARDED",
  is_reply: false,
  l4: { TCP: { destination_port: 80 } },
};

describe("port-distribution", () => {
  runHandlerContract(portDistributionHandler, toPort80);

  it("counts by protocol and port; protocols without ports have 0", () => {
    expect(seriesOf("port-distribution", toPort80, { ...toPort80, l4: { ICMPv4: {} } })).toEqual([
      'hubble_port_distribution_total{port="0",protocol="ICMPv4"} 1',
      'hubble_port_distribution_total{port="80",protocol="TCP"} 1',
    ]);
  });

  it("leaves out replies, flows that may be replies, and drops", () => {
    const reply: Flow = { ...toPort80, is_reply: true };
    const unsure: Flow = { ...toPort80, is_reply: undefined };
    expect(
      seriesOf("port-distribution", reply, unsure, { ...toPort80, verdict: "DROPPED" }),
    ).toEqual([]);
  });
});
