import { describe, expect, it } from "vitest";
import { ConfigError } from "../../../base/errors.ts";
import type { Flow } from "../../../flow/model/flow.ts";
import {
  openMetricsSeriesOf,
  runHandlerContract,
  seriesOf,
  startMetrics,
} from "../../handler.contract.ts";
import { httpV2Handler } from "./handler.ts";

const response: Flow = {
  traffic_direction: "EGRESS",
  source: { namespace: "server" },
  destination: { namespace: "client" },
  trace_context: { parent: { trace_id: "abc" } },
  l7: {
    type: "RESPONSE",
    latency_ns: "5000000",
    http: { method: "GET", protocol: "HTTP/1.1", code: 403 },
  },
};

describe("httpV2", () => {
  runHandlerContract(httpV2Handler, response);

  it("counts responses only, with the ends of the request", () => {
    const request: Flow = { ...response, l7: { ...response.l7, type: "REQUEST" } };
    const lines = seriesOf(
      "httpV2:sourceContext=namespace;destinationContext=namespace;labelsContext=source_namespace",
      request,
      response,
    );
    expect(lines.at(-1)).toBe(
      'hubble_http_requests_total{destination="server",method="GET",protocol="HTTP/1.1",reporter="client",source="client",source_namespace="client",status="403"} 1',
    );
  });

  it("puts a latency on a bucket's bound into that bucket", () => {
    const lines = seriesOf("httpV2", response);
    expect(lines[0]).toBe(
      'hubble_http_request_duration_seconds_bucket{method="GET",reporter="client",le="0.005"} 1',
    );
  });

  it("attaches the trace id when exemplars is exactly true", () => {
    const withTrace = / # \{traceID="abc"\} 0\.005 /;
    expect(openMetricsSeriesOf("httpV2:exemplars=true", response)[0]).toMatch(withTrace);
    expect(openMetricsSeriesOf("httpV2:exemplars=True", response)[0]).not.toMatch(withTrace);
  });

  it("is refused beside http", () => {
    expect(() => startMetrics("http httpV2")).toThrow(ConfigError);
  });
});
