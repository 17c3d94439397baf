import { describe, expect, it } from "vitest";
import { pageEntries } from "./page-entries.ts";
import { matchPath } from "./page-routes.tsx";

describe("page routes", () => {
  it("match whole addresses and give the named segments, decoded", () => {
    expect(matchPath("/d/:uid/:slug?", "/d/a%2Fb")).toEqual({ uid: "a/b" });
    expect(matchPath("/d/:uid/:slug?", "/d/x/any-title")).toEqual({ uid: "x", slug: "any-title" });
    expect(matchPath("/d/:uid/:slug?", "/d")).toBeUndefined();
    expect(matchPath("/", "/")).toEqual({});
    expect(matchPath("/", "/x")).toBeUndefined();
    expect(matchPath("/alerts/:view?", "/alerts")).toEqual({});
  });

  it("take a broken escape for no page", () => {
    expect(matchPath("/d/:uid", "/d/%E0%A4%A")).toBeUndefined();
  });

  it("give every page of the navigation a key of its own", () => {
    const keys = pageEntries.map((entry) => entry.keys);
    expect(new Set(keys).size).toBe(keys.length);
  });
});
