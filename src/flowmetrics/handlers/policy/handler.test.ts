import { describe, expect, it } from "vitest";
import type { Flow } from "../../../flow/model/flow.ts";
import { runHandlerContract, seriesOf } from "../../handler.contract.ts";
import { policyHandler } from "./handler.ts";

const verdict: Flow = {
  event_type: { type: 5 },
  verdict: "DROPPED",
  traffic_direction: "INGRESS",
};

describe("policy", () => {
  runHandlerContract(policyHandler, verdict);

  it("names the match of a verdict and the protocol of an L7 record", () => {
    const l7: Flow = { event_type: { type: 129 }, verdict: "FORWARDED", l7: { http: {} } };
    expect(
      seriesOf("policy", verdict, { ...verdict, policy_match_type: 2 }, l7, { ...l7, l7: {} }),
    ).toEqual([
      'hubble_policy_verdicts_total{action="dropped",direction="ingress",match="l3-l4"} 1',
      'hubble_policy_verdicts_total{action="dropped",direction="ingress",match="none"} 1',
      'hubble_policy_verdicts_total{action="forwarded",direction="traffic_direction_unknown",match="l7/"} 1',
      'hubble_policy_verdicts_total{action="forwarded",direction="traffic_direction_unknown",match="l7/http"} 1',
    ]);
  });

  it("leaves out what the node itself sends", () => {
    expect(seriesOf("policy", { ...verdict, source: { identity: 1 } })).toEqual([]);
  });
});
