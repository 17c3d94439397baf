import { describe, expect, it } from "vitest";
import { buildHref, HistoryRouter, type RouterWindow, updateParams } from "./history-router.ts";

function fakeWindow(start: string): RouterWindow & { entries: string[] } {
  const entries = [start];
  const url = () => new URL(entries.at(-1) ?? "/", "http://here");
  return {
    entries,
    location: {
      get pathname() {
        return url().pathname;
      },
      get search() {
        return url().search;
      },
    },
    history: {
      pushState: (_data: unknown, _title: string, href?: string | URL | null) =>
        void entries.push(String(href)),
      replaceState: (_data: unknown, _title: string, href?: string | URL | null) => {
        entries[entries.length - 1] = String(href);
      },
      back: () => void entries.pop(),
    },
    addEventListener: () => {},
  };
}

describe("HistoryRouter", () => {
  it("keeps relative times and label values readable in the address", () => {
    const params = updateParams(new URLSearchParams("from=now-5m"), {
      "var-pod": ["a/b", "c:1"],
      from: "now-1h",
    });
    expect(buildHref("/d/x", params)).toBe("/d/x?from=now-1h&var-pod=a/b&var-pod=c:1");
  });

  it("survives plus, ampersand and hash in a query", () => {
    const href = buildHref("/explore", new URLSearchParams({ q: 'a{b=~"x.+&#y"} + 1' }));
    const back = new URL(href, "http://here");
    expect(back.searchParams.get("q")).toBe('a{b=~"x.+&#y"} + 1');
    expect(back.hash).toBe("");
  });

  it("gives the same snapshot until the address changes", () => {
    const router = new HistoryRouter(fakeWindow("/explore?q=up"));
    const before = router.location;
    expect(router.location).toBe(before);
    let calls = 0;
    const stop = router.subscribe(() => calls++);
    router.setParams({ q: null, view: "table" });
    expect(router.location).not.toBe(before);
    expect(router.location.params.toString()).toBe("view=table");
    stop();
    router.setParams({ view: "graph" });
    expect(calls).toBe(1);
  });

  it("replaces the present entry for typing, adds one otherwise", () => {
    const window = fakeWindow("/explore");
    const router = new HistoryRouter(window);
    router.setParams({ q: "u" }, { replace: true });
    router.setParams({ q: "up" }, { replace: true });
    expect(window.entries).toEqual(["/explore?q=up"]);
    router.navigate("/targets");
    expect(window.entries).toHaveLength(2);
  });
});
