import { describe, expect, it } from "vitest";
import { readableColor } from "./readable-color.ts";

describe("readableColor", () => {
  it("leaves readable colours, names and tokens as they are", () => {
    expect(readableColor("#3b73ba", "light")).toBe("#3b73ba");
    expect(readableColor("red", "light")).toBe("red");
    expect(readableColor("--s1", "dark")).toBe("--s1");
  });

  it("darkens pale colours on white and lightens dark ones on the dark panel, keeping their hue", () => {
    expect(readableColor("#f9d9f9", "light")).toMatch(/^rgb\((\d+), (\d+), \1\)$/);
    expect(readableColor("#052B51", "dark")).not.toBe("#052B51");
    expect(readableColor("#052B51", "light")).toBe("#052B51");
  });
});
