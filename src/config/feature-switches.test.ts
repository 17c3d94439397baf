import { describe, expect, it } from "vitest";
import { readFeatureSwitches } from "./feature-switches.ts";

describe("readFeatureSwitches", () => {
  it("takes lists with commas and repeated flags", () => {
    const features = readFeatureSwitches([
      "promql-per-step-stats,,use-start-timestamps",
      "promql-experimental-functions",
    ]);
    expect(features.has("promql-per-step-stats")).toBe(true);
    expect(features.has("promql-experimental-functions")).toBe(true);
    expect(features.has("promql-delayed-name-removal")).toBe(false);
    expect(features.notes.map((note) => note.level)).toEqual(["info", "info", "info"]);
  });

  it("warns of unknown, settled and ineffective names, and goes on", () => {
    const { notes } = readFeatureSwitches(["promql-per-step-stat,promql-duration-expr,old-ui"]);
    expect(notes.map(({ level, message, option }) => `${level} ${option}: ${message}`)).toEqual([
      'warn promql-per-step-stat: Unknown option for --enable-feature; did you mean "promql-per-step-stats"?',
      "warn promql-duration-expr: This option for --enable-feature is now permanently enabled and therefore a no-op.",
      "warn old-ui: This option for --enable-feature is a no-op. This server has a page of its own.",
    ]);
  });
});
