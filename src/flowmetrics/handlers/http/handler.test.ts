import { describe, expect, it } from "vitest";
import type { Flow } from "../../../flow/model/flow.ts";
import { runHandlerContract, seriesOf } from "../../handler.contract.ts";
import { httpHandler } from "./handler.ts";

const request: Flow = {
  traffic_direction: "INGRESS",
  source: { namespace: "client" },
  l7: { type: "REQUEST", http: { method: "GET", protocol: "HTTP/1.1" } },
};
const response: Flow = {
  traffic_direction: "INGRESS",
  source: { namespace: "server" },
  l7: {
    type: "RESPONSE",
    latency_ns: "5000000",
    http: { method: "GET", protocol: "HTTP/1.1", code: 200 },
  },
};

describe("http", () => {
  runHandlerContract(httpHandler, request);

  it("counts requests and responses apart, the ends as in the flow", () => {
    const lines = seriesOf("http:sourceContext=namespace", request, response);
    const labels = 'method="GET",protocol="HTTP/1.1",reporter="server",source';
    expect(lines).toContain(`hubble_http_requests_total{${labels}="client"} 1`);
    expect(lines).toContain(`hubble_http_responses_total{${labels}="server",status="200"} 1`);
  });

  it("leaves out samples and records of other protocols", () => {
    const sample: Flow = { ...request, l7: { ...request.l7, type: "SAMPLE" } };
    expect(seriesOf("http", sample, { l7: { type: "REQUEST", dns: {} } })).toEqual([]);
  });
});
