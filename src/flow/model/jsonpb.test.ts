import { describe, expect, it } from "vitest";
import { ParseError } from "../../base/errors.ts";
import { formatTimestamp } from "./flow.ts";
import {
  formatEventLine,
  formatFlowLine,
  type KnownTexts,
  parseEventLine,
  parseFlowLine,
} from "./jsonpb.ts";

const line =
  '{"flow":{"time":"2026-01-15T10:00:00.157215688Z","verdict":"DROPPED","IP":{"source":"10.0.1.11","ipVersion":"IPv4"},' +
  '"l4":{"TCP":{"destination_port":80,"flags":{"SYN":true}}},"Type":"L3_L4","event_type":{"type":1,"sub_type":133},' +
  '"drop_reason_desc":"POLICY_DENIED","is_reply":false,"Summary":"TCP Flags: SYN"},"node_name":"a/b","time":"2026-01-15T10:00:00.157215688Z"}';

describe("flow lines", () => {
  it("print back byte for byte", () => {
    expect(formatEventLine(parseEventLine(line))).toBe(line);
  });

  it("print fields in declaration order and leave defaults out", () => {
    const text = formatFlowLine({
      Summary: "",
      node_labels: [],
      verdict: "VERDICT_UNKNOWN",
      auth_type: 0,
      uuid: "u",
      time: "t",
      reply: false,
      l7: { latency_ns: "0", http: {} },
      is_reply: false,
    });
    expect(text).toBe('{"flow":{"time":"t","uuid":"u","l7":{"http":{}},"is_reply":false}}');
  });

  it("write a frozen part once for all lines, in its own form", () => {
    const known: KnownTexts = new WeakMap();
    const source = Object.freeze({ ID: 7, labels: ["a=<b>"] });
    const lineOf = () => formatFlowLine({ source, destination: { ID: 8 } }, "", "", known);
    const wanted =
      '{"flow":{"source":{"ID":7,"labels":["a=\\u003cb\\u003e"]},"destination":{"ID":8}}}';
    expect([lineOf(), lineOf()]).toEqual([wanted, wanted]);
    expect(known.has(source)).toBe(true);
  });

  it("escape what Go's JSON encoder escapes", () => {
    expect(formatFlowLine({ Summary: "a<b>&\u2028\n" })).toBe(
      '{"flow":{"Summary":"a\\u003cb\\u003e\\u0026\\u2028\\n"}}',
    );
  });

  it("keep enum numbers without a name and name those with one", () => {
    const flow = parseFlowLine('{"flow":{"verdict":99,"traffic_direction":1,"Type":"NO_SUCH"}}');
    expect(flow).toEqual({ verdict: 99, traffic_direction: "INGRESS" });
  });

  it("take lowerCamelCase names, numbers as text, and drop unknown fields and nulls", () => {
    const flow = parseFlowLine(
      '{"flow":{"nodeName":"n","drop_reason":"133","l7":{"latencyNs":5},"future":1,"uuid":null}}',
    );
    expect(flow).toEqual({ node_name: "n", drop_reason: 133, l7: { latency_ns: "5" } });
  });

  it("bring times into the form in which they are written", () => {
    const flow = parseFlowLine('{"flow":{"time":"2026-01-15T12:00:00.5+02:00"}}');
    expect(flow).toEqual({ time: "2026-01-15T10:00:00.500Z" });
  });

  it("refuse what protobuf refuses", () => {
    const bad = [
      '{"flow":{"time":"yesterday"}}',
      '{"flow":{"l4":{"TCP":{},"UDP":{}}}}',
      '{"flow":{"drop_reason":" 1"}}',
      '{"flow":{"drop_reason":"0x1"}}',
      '{"flow":{"l7":{"latency_ns":"-1"}}}',
      '{"flow":{"l7":{"latency_ns":"18446744073709551616"}}}',
    ];
    for (const text of bad) expect(() => parseFlowLine(text), text).toThrow(ParseError);
  });

  it("give undefined for a line with another kind of event", () => {
    const lost = '{"lost_events":{"num_events_lost":"17","cpu":0},"node_name":"n"}';
    expect(parseFlowLine(lost)).toBeUndefined();
    expect(formatEventLine(parseEventLine(lost))).toBe(lost);
  });

  it("refuse broken JSON and values of the wrong kind", () => {
    const bad = ["", "{not json}", "[]", '{"flow":1}', '{"flow":{"uuid":1}}'];
    bad.push('{"flow":{"proxy_port":4294967296}}', '{"flow":{"source_names":"a"}}');
    for (const text of bad) expect(() => parseEventLine(text), text).toThrow(ParseError);
  });
});

describe("formatTimestamp", () => {
  it("writes 0, 3, 6 or 9 digits of a second", () => {
    expect(formatTimestamp(1000)).toBe("1970-01-01T00:00:01Z");
    expect(formatTimestamp(1050)).toBe("1970-01-01T00:00:01.050Z");
    expect(formatTimestamp(1050, 1000)).toBe("1970-01-01T00:00:01.050001Z");
    expect(formatTimestamp(1050, 7)).toBe("1970-01-01T00:00:01.050000007Z");
  });
});
