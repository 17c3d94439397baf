import { describe, expect, it } from "vitest";
import type { Flow } from "../../src/flow/model/flow.ts";
import { endFilter, timeText } from "./flow-columns.tsx";
import { endText, flowFields, policyText, portText, summaryText } from "./flow-words.ts";

const http: Flow = {
  verdict: "FORWARDED",
  l4: { TCP: { destination_port: 80 } },
  l7: {
    type: "RESPONSE",
    latency_ns: "7300000",
    http: { method: "POST", url: "http://deathstar/v1/request-landing", code: 200 },
  },
};

describe("a flow in words", () => {
  it("sums up requests, lookups and TCP flags", () => {
    expect(summaryText(http)).toBe("POST 200 /v1/request-landing, 7.3 ms");
    expect(summaryText({ l4: { TCP: { flags: { SYN: true, ACK: true } } } })).toBe("SYN ACK");
    const dns = { query: "a.b.", qtypes: ["A"], rcode: 3 };
    expect(summaryText({ l7: { type: "RESPONSE", dns } })).toBe("A a.b → NXDOMAIN");
    expect(portText(http)).toBe("HTTP 80");
  });

  it("names ends by pod, domain name, reserved identity or address, with the filter that means them", () => {
    const pod: Flow = { source: { namespace: "default", pod_name: "xwing" } };
    expect([endText(pod, "source"), endFilter(pod, "source")]).toEqual([
      "default/xwing",
      "--from-pod default/xwing",
    ]);
    const world: Flow = {
      destination: { labels: ["reserved:world"] },
      IP: { destination: "1.1.1.1" },
    };
    expect([endText(world, "destination"), endFilter(world, "destination")]).toEqual([
      "1.1.1.1",
      "--to-ip 1.1.1.1",
    ]);
    const host: Flow = { source: { labels: ["reserved:host"] }, IP: { source: "10.0.0.1" } };
    expect(endFilter(host, "source")).toBe("--from-identity host");
  });

  it("says default deny where a drop names no policy", () => {
    expect(policyText({ verdict: "DROPPED", drop_reason_desc: "POLICY_DENIED" })).toBe(
      "default deny",
    );
    const named: Flow = { verdict: "DROPPED", ingress_denied_by: [{ name: "p", namespace: "n" }] };
    expect(policyText(named)).toBe("n/p");
  });

  it("lists every field with its path", () => {
    expect(flowFields({ a: { b: 1 }, c: ["x"], d: null })).toEqual([
      { path: "a.b", value: "1" },
      { path: "c[0]", value: "x" },
    ]);
  });

  it("writes times to the millisecond", () => {
    expect(timeText(Date.parse("2026-01-15T17:41:07.432Z"), "utc")).toBe("17:41:07.432");
    expect(timeText(Date.parse("2026-01-15T17:41:07Z"), "utc")).toBe("17:41:07.000");
  });
});
