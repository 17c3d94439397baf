import { describe, expect, it } from "vitest";
import { createFrame, type Frame } from "../../src/dashboard/frame.ts";
import { framesCsv } from "./frames-csv.ts";

function series(pod: string, times: number[], values: number[]): Frame {
  return createFrame(
    [
      { name: "Time", type: "time", config: {}, values: times },
      { name: "Value", type: "number", labels: { pod }, config: {}, values },
    ],
    { refId: "A" },
  );
}

describe("framesCsv", () => {
  it("puts series side by side over all their times", () => {
    const csv = framesCsv([series("a", [0, 1000], [1, 2]), series("b", [1000], [3])]);
    expect(csv.trimEnd().split("\r\n")).toEqual([
      "Time,a,b",
      "1970-01-01T00:00:00.000Z,1,",
      "1970-01-01T00:00:01.000Z,2,3",
    ]);
  });

  it("keeps a table as it is, with texts that a spreadsheet would run made harmless", () => {
    const cells = { name: "pod", type: "string", config: {}, values: ["=1+1", 'a "b"'] } as const;
    expect(framesCsv([createFrame([cells], {})])).toBe('pod\r\n\'=1+1\r\n"a ""b"""\r\n');
  });
});
