import { describe, expect, it } from "vitest";
import { runHandlerContract, seriesOf } from "../../handler.contract.ts";
import { dropHandler } from "./handler.ts";

describe("drop", () => {
  runHandlerContract(dropHandler, { verdict: "DROPPED", event_type: { type: 1 } });

  it("takes the reason from drop_reason_desc only", () => {
    const drop = { verdict: "DROPPED", event_type: { type: 1 }, l4: { TCP: {} } } as const;
    expect(
      seriesOf(
        "drop",
        { ...drop, drop_reason: 133 },
        { ...drop, drop_reason_desc: "POLICY_DENIED" },
      ),
    ).toEqual([
      'hubble_drop_total{protocol="TCP",reason="DROP_REASON_UNKNOWN"} 1',
      'hubble_drop_total{protocol="TCP",reason="POLICY_DENIED"} 1',
    ]);
  });

  it("counts L7 denials and nothing that was not dropped", () => {
    const http = { event_type: { type: 129 }, l7: { http: {} } };
    expect(
      seriesOf("drop", { ...http, verdict: "DROPPED" }, { ...http, verdict: "FORWARDED" }),
    ).toEqual(['hubble_drop_total{protocol="HTTP",reason="DROP_REASON_UNKNOWN"} 1']);
  });
});
