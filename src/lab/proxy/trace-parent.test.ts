import { describe, expect, it } from "vitest";
import { seededRandom } from "../../base/seeded-random.ts";
import { newTraceParent, traceIdOf } from "./trace-parent.ts";

describe("traceparent", () => {
  const id = "4bf92f3577b34da6a3ce929d0e0e4736";

  it("gives its trace id", () => {
    expect(traceIdOf(`00-${id}-00f067aa0ba902b7-01`)).toBe(id);
    expect(traceIdOf(newTraceParent(seededRandom(1)))).toMatch(/^[\da-f]{32}$/);
  });

  it("that is malformed gives none", () => {
    for (const header of [
      undefined,
      "",
      id,
      `ff-${id}-00f067aa0ba902b7-01`,
      `00-${"0".repeat(32)}-00f067aa0ba902b7-01`,
      `00-${id}-${"0".repeat(16)}-01`,
      `00-${id.toUpperCase()}-00f067aa0ba902b7-01`,
    ]) {
      expect(traceIdOf(header)).toBeUndefined();
    }
  });
});
