import { describe, expect, it } from "vitest";
import { cssColor, withOpacity } from "./chart-theme.ts";

describe("chart colours", () => {
  it("maps Grafana's names and their shades to tokens, and leaves the rest", () => {
    expect(cssColor("semi-dark-red")).toBe("var(--crit)");
    expect(cssColor("super-light-blue")).toBe("var(--s1)");
    expect(cssColor("--dropped")).toBe("var(--dropped)");
    expect(cssColor("#73BF69")).toBe("#73BF69");
    expect(cssColor("rgba(1, 2, 3, 0.5)")).toBe("rgba(1, 2, 3, 0.5)");
  });

  it("gives colours an alpha", () => {
    expect(withOpacity("#f00", 0.5)).toBe("rgba(255, 0, 0, 0.5)");
    expect(withOpacity("#70acfb", 0.13)).toBe("rgba(112, 172, 251, 0.13)");
    expect(withOpacity("rgba(1, 2, 3, 0.5)", 0.5)).toBe("rgba(1, 2, 3, 0.25)");
    expect(withOpacity("teal", 0.5)).toBe("color-mix(in srgb, teal 50%, transparent)");
  });
});
