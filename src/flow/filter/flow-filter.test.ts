import { describe, expect, it } from "vitest";
import { ConfigError, ParseError } from "../../base/errors.ts";
import type { Flow } from "../model/flow.ts";
import { compileFlowFilters, type FlowFilter, noFlow, parseFlowFilter } from "./flow-filter.ts";

const request: Flow = {
  verdict: "DROPPED",
  drop_reason_desc: "POLICY_DENIED",
  IP: { source: "10.0.1.12", destination: "fd00::21", source_xlated: "172.18.0.2" },
  l4: { TCP: { source_port: 41060, destination_port: 80, flags: { SYN: true } } },
  source: {
    namespace: "default",
    pod_name: "xwing-1",
    identity: 22112,
    labels: ["k8s:org=alliance", "k8s:app.kubernetes.io/name=xwing"],
    workloads: [{ name: "xwing", kind: "Deployment" }],
  },
  destination_names: ["api.github.com"],
  node_name: "kind-worker",
  l7: { type: "REQUEST", http: { method: "GET", url: "http://x/v1/a%20b?id=7" } },
  event_type: { type: 129 },
};

function check(filter: FlowFilter, want: boolean, flow: Flow = request): void {
  expect(compileFlowFilters([filter])(flow), JSON.stringify(filter)).toBe(want);
}

function refusal(filter: FlowFilter): string {
  try {
    compileFlowFilters([filter]);
  } catch (thrown) {
    if (thrown instanceof ConfigError) return thrown.message;
  }
  return "accepted";
}

describe("flow filters", () => {
  it("let everything through without lists, and nothing through an empty deny filter", () => {
    expect(compileFlowFilters([])(request)).toBe(true);
    expect(compileFlowFilters([], [{}])(request)).toBe(false);
    expect(compileFlowFilters([{ verdict: ["AUDIT"] }, { verdict: ["DROPPED"] }])({})).toBe(false);
  });

  it("need every field of a filter and any value of a field", () => {
    check({ verdict: ["AUDIT", "DROPPED"], protocol: ["TCP"] }, true);
    check({ verdict: ["DROPPED"], protocol: ["udp"] }, false);
    check({ source_pod: [] }, true);
  });

  it("compare addresses as text and prefixes by bits", () => {
    check({ source_ip: ["10.0.1.12"] }, true);
    check({ source_ip: ["10.0.1.99/24"] }, true);
    check({ source_ip: ["::ffff:10.0.1.0/120"] }, false);
    check({ destination_ip: ["fd00::/16"] }, true);
    check({ destination_ip: ["fd00:0::21"] }, false);
    check({ source_ip_xlated: ["172.16.0.0/12"] }, true);
  });

  it("take pod names as prefixes within a namespace", () => {
    for (const name of ["xwing", "default/", "/xw", "default/xwing-1"]) {
      check({ source_pod: [name] }, true);
    }
    check({ source_pod: ["shop/xwing"] }, false);
    check({ destination_pod: ["/"] }, false);
  });

  it("take Kubernetes' label selectors over Cilium's labels", () => {
    for (const selector of ["org=alliance", "k8s:org", "org in (empire,alliance),!class", "x!=1"]) {
      check({ source_label: [selector] }, true);
    }
    for (const selector of ["container:org=alliance", "org notin (alliance)", "org>5"]) {
      check({ source_label: [selector] }, false);
    }
    check({ node_labels: ["zone in (,a)"] }, true, { node_labels: ["zone="] });
  });

  it("look at the HTTP record", () => {
    check({ http_method: ["get"], http_path: ["a b$"], http_url: ["id=7"] }, true);
    check({ http_path: ["id=7"] }, false);
    check({ http_status_code: ["4+"] }, true, { l7: { http: { code: 403 } } });
    check({ http_status_code: ["40+"] }, false, { l7: { http: { code: 410 } } });
  });

  it("match names with stars without taking exponential time", () => {
    check({ destination_fqdn: ["*.GitHub.com."] }, true);
    check({ node_name: ["kind-*", "default/other"] }, true);
    check({ node_name: ["other/kind-*"] }, false);
    const name = "a".repeat(4000);
    check({ destination_fqdn: [`${"*a".repeat(30)}b`] }, false, { destination_names: [name] });
  });

  it("find an address with a zone in no prefix", () => {
    const zoned = { IP: { source: "fe80::1%eth0" } };
    check({ source_ip: ["::/0"] }, false, zoned);
    check({ source_ip: ["fe80::1%eth0"] }, true, zoned);
  });

  it("compare whole numbers of labels with 64 bits", () => {
    const numbered = { source: { labels: ["k8s:n=9223372036854775807"] } };
    check({ source_label: ["n > 9223372036854775806"] }, true, numbered);
    expect(refusal({ source_label: ["n > 9223372036854775808"] })).toContain("must be an integer");
  });

  it("take an empty list of a selector as the empty value", () => {
    check({ node_labels: ["zone in ()"] }, true, { node_labels: ["zone="] });
    check({ node_labels: ["zone in ()"] }, false, { node_labels: ["zone=a"] });
  });

  it("take a group's name twice in an expression", () => {
    check({ http_url: ["(?P<v>v1)/[(?P<x>]+(?P<v>.)"] }, false);
    check({ http_url: ["(?P<v>v1)/(?P<v>a)"] }, true);
  });

  it("match no event that is no flow by what every flow has", () => {
    check({ verdict: ["VERDICT_UNKNOWN"] }, true, {});
    check({ verdict: ["VERDICT_UNKNOWN"] }, false, noFlow);
    check({ ip_version: ["IP_NOT_USED"] }, false, noFlow);
    check({ encrypted: [false] }, true, noFlow);
  });

  it("treat a dropped flow without a direction as no reply", () => {
    check({ reply: [false] }, true);
    check({ reply: [false] }, false, { verdict: "FORWARDED" });
  });

  it("say what is wrong in Hubble's words", () => {
    expect(refusal({ source_ip: ["1.2.3"] })).toContain("IPv4 address too short");
    expect(refusal({ source_ip: ["1:2::3::4"] })).toContain('multiple :: in address (at ":4")');
    expect(refusal({ source_port: ["http"] })).toContain('parsing "http": invalid syntax');
    expect(refusal({ http_path: ["/"], event_type: [{ type: 1 }] })).toContain("'l7' events");
    expect(refusal({ source_fqdn: ["a\nb"] })).toBe("'\\n': invalid rune in pattern");
    expect(refusal({ source_fqdn: ["'"] })).toBe("'\\'': invalid rune in pattern");
    expect(refusal({ source_label: ["a in (,b-)"] })).toContain("values[1][any.a]");
    expect(refusal({ source_label: ["a in (b"] })).toContain("expected: ',' or ')'");
  });
});

describe("parseFlowFilter", () => {
  it("takes both spellings of names and numbers of enums", () => {
    expect(parseFlowFilter('{"sourcePod":["a"],"verdict":[2,"AUDIT"],"reply":null}')).toEqual({
      source_pod: ["a"],
      verdict: ["DROPPED", "AUDIT"],
    });
  });

  it("refuses with protojson's words and place", () => {
    function check(text: string, want: string): void {
      expect(() => parseFlowFilter(text), text).toThrow(ParseError);
      expect(() => parseFlowFilter(text), text).toThrow(want);
    }
    check('{"pods":[]}', 'proto: (line 1:2): unknown field "pods"');
    check('{"verdict":[],\n"verdict":[]}', 'proto: (line 2:1): duplicate field "verdict"');
    check('{"drop_reason_desc":["X"]}', 'invalid value for enum field dropReasonDesc: "X"');
    check('{"source_identity":[-1]}', "invalid value for uint32 field sourceIdentity: -1");
    check('{"source_pod":["a",]}', "proto: syntax error (line 1:20): unexpected token ]");
    check('{"source_pod" ["a"]}', 'unexpected character [, missing ":" after field name');
    check('{"source_pod":["a"]', "proto: unexpected EOF");
    check("", "proto: syntax error (line 1:1): unexpected token ");
    check("{x}", "proto: syntax error (line 1:2): invalid value x");
  });
});
