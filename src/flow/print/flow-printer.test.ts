import { describe, expect, it } from "vitest";
import type { ExportEvent } from "../model/flow.ts";
import { alignRows, FlowPrinter, type OutputFormat } from "./flow-printer.ts";
import { colored, plain } from "./palette.ts";
import { parseTime, timeFormat } from "./time-layout.ts";

function print(format: OutputFormat, events: ExportEvent[], options = {}) {
  let out = "";
  let err = "";
  const printer = new FlowPrinter({
    format,
    formatTime: timeFormat("StampMilli"),
    palette: plain,
    hasNames: true,
    hasPolicyNames: false,
    hasNodeName: false,
    isDebug: false,
    stdout: (text) => {
      out += text;
    },
    stderr: (text) => {
      err += text;
    },
    ...options,
  });
  for (const event of events) printer.write(event);
  printer.close();
  return { out, err };
}

const reply: ExportEvent = {
  flow: {
    time: "2026-01-05T10:00:00.157215688Z",
    verdict: "FORWARDED",
    IP: { source: "fd00::1", destination: "10.0.0.2" },
    l4: { UDP: { source_port: 53, destination_port: 4000 } },
    source: { identity: 1 },
    destination: { identity: 18721, namespace: "default", pod_name: "x" },
    is_reply: true,
    event_type: { type: 5 },
    traffic_direction: "INGRESS",
    policy_match_type: 2,
    ingress_allowed_by: [{ name: "rule1", kind: "CiliumNetworkPolicy" }],
    Summary: "UDP",
  },
};

describe("FlowPrinter", () => {
  it("turns replies around, puts IPv6 in brackets, names reserved identities", () => {
    expect(print("compact", [reply]).out).toBe(
      "Jan  5 10:00:00.157: default/x:4000 (ID:18721) <- [fd00::1]:53 (host) policy-verdict:L3-L4 INGRESS ALLOWED (UDP)\n",
    );
    const options = { hasPolicyNames: true, hasNames: false, palette: colored };
    expect(print("compact", [reply], options).out).toContain(
      "\u001b[36m10.0.0.2:\u001b[33m4000\u001b[0m\u001b[0m",
    );
    expect(print("compact", [reply], options).out).toContain(
      "ALLOWED BY rule1 (CiliumNetworkPolicy)\u001b[0m (UDP)",
    );
  });

  it("shows the control characters of a flow instead of sending them", () => {
    const flow = { Summary: "a\u001b[2Jb\r", is_reply: false };
    expect(print("compact", [{ flow }]).out).toBe(
      "N/A:  (unknown) ->  (unknown) UNKNOWN VERDICT_UNKNOWN (a^[[2Jb\\r)\n",
    );
  });

  it("names the policies of the flow's direction that have a name and a kind", () => {
    const options = { hasPolicyNames: true };
    const policies = [{ name: "p", kind: "K" }, { name: "no kind" }, { name: "q", kind: "K" }];
    const shown = (flow: NonNullable<ExportEvent["flow"]>) =>
      print("compact", [{ flow: { event_type: { type: 5 }, ...flow } }], options).out;
    const egress = { traffic_direction: "EGRESS", egress_denied_by: policies } as const;
    expect(shown({ ...egress, verdict: "DROPPED" })).toContain(" DENIED BY p (K), q (K) (");
    expect(shown({ ...egress, verdict: "AUDIT" })).toContain(" AUDITED BY p (K), q (K) (");
    expect(shown({ ...egress, verdict: "FORWARDED" })).toContain(" ALLOWED (");
    expect(shown({ verdict: "DROPPED", egress_denied_by: policies })).toContain(" DENIED (");
  });

  it("names a socket's translation by the event's sub-type, and the authentication", () => {
    const flow = { event_type: { type: 7, sub_type: 2 }, auth_type: "SPIRE" } as const;
    expect(print("compact", [{ flow }]).out).toContain(
      "post-xlate-fwd VERDICT_UNKNOWN (; Auth: SPIRE)",
    );
  });

  it("tells between which times events were lost only where both are known", () => {
    const first = "2026-01-05T10:00:00Z";
    const lost = (span: object, format: OutputFormat) =>
      print(format, [{ node_name: "n", lost_events: { cpu: 1, ...span } }], { hasNodeName: true })
        .out;
    expect(lost({ first }, "compact")).toBe(
      "N/A EVENTS LOST: UNKNOWN_LOST_EVENT_SOURCE CPU(1) 0\n",
    );
    expect(lost({ first, last: first }, "dict")).toContain(
      "CPU(1) - 0 (first: Jan  5 10:00:00.000, last: Jan  5 10:00:00.000)",
    );
  });

  it("prints the flow alone where the old form of JSON is asked for", () => {
    const lost = { lost_events: { num_events_lost: "3" }, node_name: "n" };
    const events = [{ flow: { uuid: "u" }, node_name: "n" }, lost];
    expect(print("flow-json", events).out).toBe('{"uuid":"u"}\n{"num_events_lost":"3"}\n');
  });

  it("makes columns as wide as their widest cell", () => {
    const short: ExportEvent = { flow: { verdict: "ERROR" } };
    const lost: ExportEvent = {
      lost_events: { source: "PERF_EVENT_RING_BUFFER", num_events_lost: "3" },
    };
    expect(print("table", [short, lost]).out).toBe(
      [
        "TIMESTAMP   SOURCE                   DESTINATION   TYPE          VERDICT   SUMMARY",
        "N/A                                                UNKNOWN       ERROR     ",
        "N/A         PERF_EVENT_RING_BUFFER   -             EVENTS LOST   -         CPU(0) - 3",
        "",
      ].join("\n"),
    );
    expect(print("table", []).out).toBe("");
  });

  it("counts a column's width anew after a row without it", () => {
    const rows = [["NAME", "X"], ["a"], ["longest", "b"], ["c", "d"]];
    expect(alignRows(rows)).toBe("NAME   X\na\nlongest   b\nc         d\n");
  });

  it("tells the trouble of nodes on the error output, the rest only when debugging", () => {
    const event = (state_change: "NODE_ERROR" | "NODE_CONNECTED"): ExportEvent => ({
      node_status: { state_change, node_names: ["a", "b"], message: "hi" },
    });
    expect(print("compact", [event("NODE_CONNECTED")])).toEqual({ out: "", err: "" });
    expect(print("compact", [event("NODE_ERROR")]).err).toBe(
      'N/A []: Error "hi" on 2 nodes: a, b\n',
    );
    expect(print("dict", [event("NODE_CONNECTED")], { isDebug: true }).err).toContain("STATE");
  });
});

describe("times", () => {
  it("are read as durations back from now and in every layout", () => {
    const now = Date.UTC(2026, 0, 15, 12);
    function check(text: string, want: string): void {
      expect(timeFormat("RFC3339Nano")(parseTime(text, now)), text).toBe(want);
    }
    check("1h30m", "2026-01-15T10:30:00Z");
    check("1.5s", "2026-01-15T11:59:58.5Z");
    check("2026-01-15", "2026-01-15T00:00:00Z");
    check("2026-01-15T10+01:00", "2026-01-15T09:00:00Z");
    check("2026-01-15T10:20Z", "2026-01-15T10:20:00Z");
    check("2026-01-15T10:20:30.123456789Z", "2026-01-15T10:20:30.123456789Z");
    check("Thu, 15 Jan 2026 10:00:00 +0100", "2026-01-15T09:00:00Z");
    const none = ["yesterday", "2026-02-30", "2026-01-15T24:00:00Z", "2026-01-15T10:00:60Z"];
    for (const text of [...none, "Foo, 15 Jan 2026 10:00:00 +0100", "99999999999h"]) {
      expect(() => parseTime(text, now), text).toThrow(`failed to convert ${text} to time`);
    }
  });
});
