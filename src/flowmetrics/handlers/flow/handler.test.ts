import { describe, expect, it } from "vitest";
import { runHandlerContract, seriesOf } from "../../handler.contract.ts";
import { flowHandler } from "./handler.ts";

describe("flow", () => {
  runHandlerContract(flowHandler, { event_type: { type: 4 } });

  it("names the observation point of a trace, its number cut to 8 bits", () => {
    const trace = { verdict: "FORWARDED", l4: { UDP: {} } } as const;
    expect(
      seriesOf(
        "flow",
        { ...trace, event_type: { type: 4, sub_type: 3 } },
        { ...trace, event_type: { type: 4, sub_type: 256 } },
        { ...trace, event_type: { type: 4, sub_type: 99 } },
      ),
    ).toEqual([
      'hubble_flows_processed_total{protocol="UDP",subtype="",type="Trace",verdict="FORWARDED"} 1',
      'hubble_flows_processed_total{protocol="UDP",subtype="to-endpoint",type="Trace",verdict="FORWARDED"} 1',
      'hubble_flows_processed_total{protocol="UDP",subtype="to-stack",type="Trace",verdict="FORWARDED"} 1',
    ]);
  });

  it("calls events that it does not know Unknown, with their number", () => {
    expect(seriesOf("flow", { event_type: { type: 130 }, verdict: 99 })).toEqual([
      'hubble_flows_processed_total{protocol="Unknown flow",subtype="130",type="Unknown",verdict="99"} 1',
    ]);
  });
});
