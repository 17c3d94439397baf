import { describe, expect, it } from "vitest";
import { ParseError } from "../../base/errors.ts";
import { parseFilterLine } from "./filter-line.ts";

describe("parseFilterLine", () => {
  it.each([
    ["", { allow: [], deny: [] }],
    [
      "--verdict DROPPED --to-pod default/deathstar",
      { allow: [{ verdict: ["DROPPED"], destination_pod: ["default/deathstar"] }], deny: [] },
    ],
    ["--verdict=dropped,audit", { allow: [{ verdict: ["DROPPED", "AUDIT"] }], deny: [] }],
    ["dropped http", { allow: [{ verdict: ["DROPPED"], protocol: ["http"] }], deny: [] }],
    [
      "--not --from-label k8s:app=probe",
      { allow: [], deny: [{ source_label: ["k8s:app=probe"] }] },
    ],
    [`--http-url '/a b\\d+'`, { allow: [{ http_url: ["/a b\\d+"] }], deny: [] }],
    ["-t l7 --ipv4", { allow: [{ event_type: [{ type: 129 }], ip_version: ["IPv4"] }], deny: [] }],
    [
      "10.0.0.0/8",
      { allow: [{ source_ip: ["10.0.0.0/8"] }, { destination_ip: ["10.0.0.0/8"] }], deny: [] },
    ],
    ["xwing", { allow: [{ source_pod: ["/xwing"] }, { destination_pod: ["/xwing"] }], deny: [] }],
  ])("reads %s", (line, lists) => {
    expect(parseFilterLine(line)).toEqual(lists);
  });

  it.each([
    ["--verdct DROPPED", 0, 8, "there is no filter --verdct; did you mean --verdict?"],
    ["--verdict NONE", 10, 14, "invalid --verdict value: NONE"],
    [
      "--namespace default --to-ip",
      20,
      27,
      "--to-ip needs a value: flows to this address or prefix",
    ],
    ["--http-url 'x", 11, 13, "a quote is opened here and not closed"],
    ["dropped --not", 8, 13, "trailing --not found in the arguments"],
    [
      "--pod a --from-pod b dropped",
      8,
      20,
      "filters --from-pod and --pod cannot be combined: --pod a stands before it, at character 1",
    ],
    [
      "http --not --ip=10.0.0.1 --pod a 10.0.0.2",
      33,
      41,
      "filters --ip and --pod cannot be combined: --pod a stands before it, at character 26",
    ],
    [
      "--encrypted dropped --unencrypted",
      20,
      33,
      "filters --encrypted and --unencrypted cannot be combined: --encrypted stands before it, at character 1",
    ],
  ])("refuses %s with its place", (line, start, end, message) => {
    try {
      parseFilterLine(line);
      expect.unreachable();
    } catch (thrown) {
      expect(thrown).toBeInstanceOf(ParseError);
      const { start: from, end: to, message: why } = thrown as ParseError;
      expect([from, to, why]).toEqual([start, end, message]);
    }
  });
});
