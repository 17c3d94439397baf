import { describe, expect, it } from "vitest";
import type { GetFlowsResponse } from "../model/generated/messages.ts";
import { findRecords } from "./delimited-records.ts";
import { FlowDecoder } from "./flow-decoder.ts";
import { LazyFlow } from "./lazy-flow.ts";
import { MessageDecoder } from "./message-decoder.ts";
import { MessageEncoder } from "./message-encoder.ts";

const response: GetFlowsResponse = {
  flow: {
    time: "2026-01-15T10:00:00.000000019Z",
    uuid: "7c71f907",
    verdict: "DROPPED",
    drop_reason: 133,
    IP: { source: "10.0.0.1", destination: "fd00::1", ipVersion: "IPv6", encrypted: true },
    l4: { TCP: { source_port: 70, destination_port: 80, flags: { SYN: true, ACK: true } } },
    source: { ID: 7, identity: 300, labels: ["k8s:a=ü", "k8s:b=c"], workloads: [{ name: "w" }] },
    destination: {},
    Type: "L7",
    node_name: "c/n",
    node_labels: ["x=y"],
    l7: { type: "REQUEST", latency_ns: "18446744073709551615", http: { code: 200, url: "/" } },
    event_type: { type: 129, sub_type: -1 },
    traffic_direction: 9,
    is_reply: false,
    drop_reason_desc: "POLICY_DENIED",
    Summary: "sum",
    egress_denied_by: [{ name: "p", labels: ["l"], revision: "9007199254740993" }],
    extensions: { "@type": "type.googleapis.com/flow.UDP", source_port: 5 },
  },
  node_name: "c/n",
  time: "0001-01-01T00:00:00Z",
};

const encode = (message: GetFlowsResponse) =>
  new MessageEncoder().encode("observer.GetFlowsResponse", message);
const decode = (bytes: Buffer) => ({
  fast: new FlowDecoder().response(bytes),
  general: new MessageDecoder().decode("observer.GetFlowsResponse", bytes),
});

describe("protobuf of flows", () => {
  it("comes back as it went, by the quick and by the general decoder", () => {
    const { fast, general } = decode(encode(response));
    expect(general).toEqual(response);
    expect(fast).toEqual(response);
  });

  it("is Go's: numbers ascending, those of a oneof last, defaults left out", () => {
    const hex = (message: GetFlowsResponse) => encode(message).toString("hex");
    expect(hex({ flow: { verdict: "FORWARDED" }, node_name: "n" })).toBe("c23e016e" + "0a021001");
    expect(hex({ flow: { verdict: "VERDICT_UNKNOWN", uuid: "", reply: false } })).toBe("0a00");
    expect(hex({ flow: { is_reply: false } })).toBe("0a03d20100");
    expect(hex({ flow: { Summary: "x".repeat(200) } })).toBe(`0acd0182ea30c801${"78".repeat(200)}`);
  });

  it("gives the lazy reader what it gives the others", () => {
    const lazy = new LazyFlow();
    expect(lazy.resetResponse(encode(response))).toBe(true);
    const flow = response.flow as Record<string, unknown>;
    for (const name of Object.keys(flow)) {
      expect((lazy as unknown as Record<string, unknown>)[name], name).toEqual(flow[name]);
    }
    expect(lazy.toFlow()).toEqual(flow);
    expect(lazy.resetResponse(encode({ flow: {} }))).toBe(true);
    for (const name of Object.keys(flow)) {
      expect((lazy as unknown as Record<string, unknown>)[name], name).toBeUndefined();
    }
    expect(lazy.resetResponse(encode({ lost_events: { num_events_lost: "1" } }))).toBe(false);
  });

  it("puts a message together that comes in two parts, and leaves shared ones alone", () => {
    // flow.source twice: identity 5, then label "a"; then the same bytes as one flow alone.
    const twice = Buffer.from("42021005" + "4203220161", "hex");
    const once = Buffer.from("42021005", "hex");
    const decoder = new FlowDecoder();
    expect(decoder.flow(once)).toEqual({ source: { identity: 5 } });
    expect(decoder.flow(twice)).toEqual({ source: { identity: 5, labels: ["a"] } });
    expect(decoder.flow(once)).toEqual({ source: { identity: 5 } });
    const lazy = new LazyFlow();
    lazy.reset(twice);
    expect(lazy.source).toEqual({ identity: 5, labels: ["a"] });
  });

  it("keeps the last member of a oneof", () => {
    const bytes = Buffer.concat([
      encode({ flow: { uuid: "a" } }),
      encode({ lost_events: { num_events_lost: "2" } }),
    ]);
    const { fast, general } = decode(bytes);
    expect(general).toEqual({ lost_events: { num_events_lost: "2" } });
    expect(fast).toEqual(general);
  });

  it("passes over unknown fields and counts them; keeps enum numbers without a name", () => {
    const decoder = new FlowDecoder();
    // Field 99 (varint), verdict 77, field 98 (4 bytes).
    expect(decoder.flow(Buffer.from("980601" + "104d" + "950600000000", "hex"))).toEqual({
      verdict: 77,
    });
    expect(decoder.unknownFields).toBe(2);
  });

  it("refuses bytes that are none: cut off, overlong numbers, groups, endless depth", () => {
    const bytes = encode(response);
    for (const end of [1, 5, 25, 60, bytes.length - 1]) {
      expect(() => new FlowDecoder().response(bytes.subarray(0, end)), String(end)).toThrow(
        "cannot parse protobuf",
      );
    }
    expect(() => new FlowDecoder().flow(Buffer.from("10ffffffffffffffffffff01", "hex"))).toThrow(
      "more than ten bytes",
    );
    expect(() => new FlowDecoder().flow(Buffer.from("0b", "hex"))).toThrow("wire type 3");
    expect(() => new FlowDecoder().flow(Buffer.from("0a0708ffffffffff7f", "hex"))).toThrow(
      "no time",
    );
  });

  it("refuses texts that are no UTF-8, naming the field; U+FFFD itself is one", () => {
    // 0xff is in no UTF-8.
    const broken = (message: GetFlowsResponse): Buffer => {
      const bytes = encode(message);
      for (let at = bytes.indexOf("@@"); at >= 0; at = bytes.indexOf("@@")) bytes[at] = 0xff;
      return bytes;
    };
    const long = "x".repeat(200);
    const cases: [string, GetFlowsResponse][] = [
      ["flow.Flow.node_name", { flow: { node_name: "c/@@" } }],
      ["flow.Flow.uuid", { flow: { uuid: "@@" } }],
      ["flow.Flow.Summary", { flow: { Summary: `${long}@@` } }],
      ["flow.Flow.node_labels", { flow: { node_labels: ["ok", "@@"] } }],
      ["flow.IP.destination", { flow: { IP: { source: "ü", destination: "@@" } } }],
      ["flow.Endpoint.labels", { flow: { source: { labels: [`${long}ü@@`] } } }],
      ["flow.HTTP.url", { flow: { l7: { http: { url: "/@@" } } } }],
      ["observer.GetFlowsResponse.node_name", { node_name: "@@" }],
    ];
    const fast = new FlowDecoder();
    for (const [name, message] of cases) {
      const wanted = `the string field ${name} contains invalid UTF-8`;
      expect(() => fast.response(broken(message)), name).toThrow(wanted);
      expect(() =>
        new MessageDecoder().decode("observer.GetFlowsResponse", broken(message)),
      ).toThrow(wanted);
    }
    const lazy = new LazyFlow();
    lazy.resetResponse(broken({ flow: { uuid: "@@", node_name: "c/@@" } }));
    expect(() => lazy.uuid).toThrow("flow.Flow.uuid");
    expect(() => lazy.node_name).toThrow("flow.Flow.node_name");
    const replaced: GetFlowsResponse = { flow: { uuid: "\ufffd", Summary: `${long}\ufffd` } };
    expect(decode(encode(replaced))).toEqual({ fast: replaced, general: replaced });
  });

  it("reads on after any number of broken flows", () => {
    const decoder = new FlowDecoder();
    const bytes = encode({ flow: { source: { workloads: [{ name: "@@" }] } } });
    bytes.writeUInt8(0xff, bytes.indexOf("@@"));
    for (let i = 0; i < 150; i++)
      expect(() => decoder.response(bytes)).toThrow("flow.Workload.name");
    expect(decoder.response(encode(response))).toEqual(response);
  });

  it("finds the whole records of a file and leaves a cut-off one", () => {
    const record = encode(response);
    const head = Buffer.from([(record.length & 0x7f) | 0x80, record.length >> 7]);
    const file = Buffer.concat([head, record, head, record.subarray(0, 9)]);
    const { starts, ends, restAt } = findRecords(file);
    expect([starts, ends, restAt]).toEqual([[2], [2 + record.length], 2 + record.length]);
  });
});
