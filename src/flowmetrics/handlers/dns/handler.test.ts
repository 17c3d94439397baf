import { describe, expect, it } from "vitest";
import { ConfigError } from "../../../base/errors.ts";
import type { Flow } from "../../../flow/model/flow.ts";
import { runHandlerContract, seriesOf, startMetrics } from "../../handler.contract.ts";
import { dnsHandler } from "./handler.ts";

const query: Flow = {
  verdict: "FORWARDED",
  is_reply: false,
  l7: { dns: { query: "a.example.", qtypes: ["A"] } },
};
const answer: Flow = {
  verdict: "FORWARDED",
  is_reply: true,
  l7: { dns: { query: "a.example.", qtypes: ["A"], ips: ["1.1.1.1"], rrtypes: ["CNAME", "A"] } },
};

describe("dns", () => {
  runHandlerContract(dnsHandler, query);

  it("counts queries, responses and the types in a response", () => {
    expect(seriesOf("dns:query", query, answer)).toEqual([
      'hubble_dns_queries_total{ips_returned="0",qtypes="A",query="a.example.",rcode=""} 1',
      'hubble_dns_response_types_total{qtypes="A",query="a.example.",type="A"} 1',
      'hubble_dns_response_types_total{qtypes="A",query="a.example.",type="CNAME"} 1',
      'hubble_dns_responses_total{ips_returned="1",qtypes="A",query="a.example.",rcode="No Error"} 1',
    ]);
  });

  it("counts what was dropped, replies too, as a denied query", () => {
    expect(seriesOf("dns", { ...answer, verdict: "DROPPED" })).toEqual([
      'hubble_dns_queries_total{ips_returned="1",qtypes="A",rcode="Policy denied"} 1',
    ]);
  });

  it("ignores queries for exactly AAAA when told so", () => {
    const asked = (...qtypes: string[]): Flow => ({ ...query, l7: { dns: { qtypes } } });
    const lines = seriesOf("dns:ignoreAAAA", asked("AAAA"), asked("aaaa"), asked("AAAA", "A"));
    expect(lines.length).toBe(2);
  });

  it("leaves the return code empty where it has no name", () => {
    const odd: Flow = { ...answer, l7: { dns: { rcode: 99 } } };
    expect(seriesOf("dns", odd)).toEqual([
      'hubble_dns_responses_total{ips_returned="0",qtypes="",rcode=""} 1',
    ]);
  });

  it("has the return codes that the agent has, by its names", () => {
    const named = (rcode: number) =>
      seriesOf("dns", { ...answer, l7: { dns: { rcode } } }).join("\n");
    expect(named(9)).toContain('rcode="Not Authorized"');
    expect(named(11)).toContain('rcode="DSO-TYPE Not Implemented"');
    expect(named(12)).toContain('rcode=""');
  });

  it("names rcode type with 5 context labels, as the agent does", () => {
    const labels = "source_ip,source_pod,source_namespace,destination_ip,destination_pod";
    expect(seriesOf(`dns:labelsContext=${labels}`, query)[0]).toContain('type=""');
    expect(seriesOf(`dns:labelsContext=${labels},source_app`, query)[0]).toContain('rcode=""');
  });

  it("refuses query with 9 context labels, where the agent dies", () => {
    const ends = ["source", "destination"].flatMap((end) =>
      ["ip", "pod", "namespace", "app"].map((label) => `${end}_${label}`),
    );
    const metrics = `dns:query;labelsContext=${ends.join(",")},traffic_direction`;
    expect(() => startMetrics(metrics)).toThrow(ConfigError);
  });
});
