import { describe, expect, it } from "vitest";
import { parseHubbleMetrics } from "./lab-options.ts";

describe("parseHubbleMetrics", () => {
  it("takes handlers between blanks, with commas in their options", () => {
    expect(
      parseHubbleMetrics("dns:query;ignoreAAAA  drop:labelsContext=source_ip,destination_ip"),
    ).toEqual(["dns:query;ignoreAAAA", "drop:labelsContext=source_ip,destination_ip"]);
  });

  it("takes Helm's braces, where commas in options are escaped", () => {
    expect(parseHubbleMetrics("{dns,drop:labelsContext=source_ip\\,destination_ip, tcp}")).toEqual([
      "dns",
      "drop:labelsContext=source_ip,destination_ip",
      "tcp",
    ]);
  });

  it("refuses an empty list", () => {
    expect(() => parseHubbleMetrics("{}")).toThrow("want at least one handler");
  });
});
