import { describe, expect, it } from "vitest";
import { resolveColor } from "./named-color.ts";

describe("resolveColor", () => {
  it("knows hues, names of the theme and names of CSS", () => {
    expect(resolveColor("red")).toBe("#F2495C");
    expect(resolveColor("red", "light")).toBe("#E02F44");
    expect(resolveColor("panel-bg", "light")).toBe("#ffffff");
    expect(resolveColor("tomato")).toBe("#ff6347");
  });

  it("leaves any other text as it is", () => {
    for (const name of ["var(--x)", "constructor", "__proto__"]) {
      expect(resolveColor(name)).toBe(name);
    }
  });
});
