import { describe, expect, it } from "vitest";
import type { Flow } from "../../../flow/model/flow.ts";
import { runHandlerContract, seriesOf } from "../../handler.contract.ts";
import { kafkaHandler } from "./handler.ts";

const request: Flow = {
  traffic_direction: "EGRESS",
  l7: {
    type: "REQUEST",
    latency_ns: "2500000000",
    kafka: { topic: "t", api_key: "produce", error_code: -1 },
  },
};

describe("kafka", () => {
  runHandlerContract(kafkaHandler, request);

  it("counts requests only and measures the latency they carry", () => {
    const response: Flow = { ...request, l7: { ...request.l7, type: "RESPONSE" } };
    const lines = seriesOf("kafka", request, response);
    expect(lines).toContain(
      'hubble_kafka_request_duration_seconds_sum{api_key="produce",reporter="client",topic="t"} 2.5',
    );
    expect(lines.at(-1)).toBe(
      'hubble_kafka_requests_total{api_key="produce",error_code="-1",reporter="client",topic="t"} 1',
    );
  });
});
