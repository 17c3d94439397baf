import { describe, expect, it } from "vitest";
import { errorMessage } from "../../base/errors.ts";
import { FilterFlags } from "./filter-flags.ts";

function lists(...flags: [string, string][]) {
  const filters = new FilterFlags();
  for (const [name, value] of flags) filters.set(name, value);
  return filters.lists();
}

function refusal(...flags: [string, string][]): string {
  try {
    lists(...flags);
    return "accepted";
  } catch (thrown) {
    return errorMessage(thrown);
  }
}

describe("FilterFlags", () => {
  it("make one filter of flags for one end, two of flags for either end", () => {
    expect(lists(["from-pod", "a"], ["verdict", "DROPPED"], ["verdict", "AUDIT"]).allow).toEqual([
      { source_pod: ["a"], verdict: ["DROPPED", "AUDIT"] },
    ]);
    expect(lists(["pod", "a"], ["port", "80"]).allow).toEqual([
      { source_pod: ["a"], source_port: ["80"] },
      { destination_pod: ["a"], destination_port: ["80"] },
    ]);
    expect(lists()).toEqual({ allow: [], deny: [] });
  });

  it("send the one flag after --not to the deny list", () => {
    expect(lists(["not", "true"], ["protocol", "udp"], ["protocol", "tcp"])).toEqual({
      allow: [{ protocol: ["tcp"] }],
      deny: [{ protocol: ["udp"] }],
    });
    expect(refusal(["not", "true"])).toBe("trailing --not found in the arguments");
    expect(refusal(["not", "true"], ["not", "true"])).toBe("consecutive --not statements");
  });

  it("take identities by their reserved names or as Go writes numbers", () => {
    const identity = (value: string) => lists(["from-identity", value]).allow;
    expect(identity("host")).toEqual([{ source_identity: [1] }]);
    expect(identity("0x10")).toEqual([{ source_identity: [16] }]);
    for (const text of ["unknown", "World", "reserved:host", "4294967296", "-1"]) {
      expect(refusal(["identity", text]), text).toContain("invalid security identity");
    }
  });

  it("tell replies from what they answer", () => {
    expect(lists(["reply", "true"]).allow).toEqual([{ reply: [true] }]);
    expect(lists(["not-reply", "true"]).allow).toEqual([{ reply: [false] }]);
    expect(refusal(["reply", "true"], ["not-reply", "true"])).toBe(
      "filters --reply and --not-reply cannot be combined",
    );
  });

  it("put namespaces before the names of pods and services", () => {
    expect(lists(["namespace", "shop"]).allow).toEqual([
      { source_pod: ["shop/"] },
      { destination_pod: ["shop/"] },
    ]);
    expect(lists(["to-namespace", "x"], ["to-service", "cart"]).allow).toEqual([
      { destination_service: ["x/cart"] },
    ]);
    expect(refusal(["to-namespace", "x"], ["to-pod", "y/cart"])).toBe(
      'namespace conflict: "x" does not contain "y/cart"',
    );
  });

  it("refuse flags that exclude each other", () => {
    expect(refusal(["label", "a"], ["to-label", "b"])).toBe(
      "filters --label and --to-label cannot be combined",
    );
    expect(refusal(["from-pod", "a"], ["ip", "1.1.1.1"])).toBe(
      "filters --ip and --from-pod cannot be combined",
    );
  });

  it("read types, identities, workloads, headers and flags", () => {
    expect(
      lists(["type", "trace:to-proxy"], ["type", "7"], ["type", "agent:message"]).allow[0],
    ).toEqual({
      event_type: [
        { type: 4, match_sub_type: true, sub_type: 1 },
        { type: 7 },
        { type: 130, match_sub_type: true, sub_type: 1 },
      ],
    });
    expect(lists(["from-identity", "kube-apiserver"], ["tcp-flags", "syn,ACK"]).allow).toEqual([
      { source_identity: [7], tcp_flags: [{ SYN: true, ACK: true }] },
    ]);
    expect(lists(["to-workload", "Deployment/web"], ["http-header", "a:b:c"]).allow).toEqual([
      {
        destination_workload: [{ kind: "Deployment", name: "web" }],
        http_header: [{ key: "a", value: "b:c" }],
      },
    ]);
    expect(refusal(["type", "trace:x"])).toContain("unable to parse event sub-type 'x'");
    expect(refusal(["identity", "x"])).toContain("expected one of [host world");
    expect(refusal(["tcp-flags", "SYM"])).toBe("unknown tcp flag: SYM");
    expect(refusal(["http-header", "x"])).toContain("expected name:value");
    expect(refusal(["traffic-direction", "up"])).toContain("up: invalid traffic direction");
  });
});
