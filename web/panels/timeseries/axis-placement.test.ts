import { describe, expect, it } from "vitest";
import { placeAxes } from "./axis-placement.ts";

const place = (...wishes: readonly [string, string][]) =>
  placeAxes(wishes.map(([placement, unit]) => ({ placement, unit }))).join(" ");

describe("placeAxes", () => {
  it("puts a second unit on the right", () => {
    expect(place(["auto", "s"], ["auto", "s"], ["auto", "bytes"])).toBe("left left right");
  });

  it("does as asked", () => {
    expect(place(["right", "s"], ["auto", "bytes"], ["left", "s"])).toBe("right left left");
    expect(place(["right", "s"], ["right", "s"])).toBe("right right");
  });
});
