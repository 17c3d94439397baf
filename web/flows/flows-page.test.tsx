// @vitest-environment jsdom
import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FlowsAnswer } from "../../src/api/wire/flows.ts";
import type { Flow } from "../../src/flow/model/flow.ts";
import { renderPage } from "../testing/render-page.tsx";
// The page is a part of its own: loaded here, so that no test waits for it.
import "./flows-page.tsx";

const base = "/api/ciliascope/v1/flows";

beforeEach(() => {
  // The virtual table asks for its height.
  Object.defineProperty(HTMLElement.prototype, "clientHeight", { configurable: true, value: 600 });
});
afterEach(() => {
  cleanup();
  window.localStorage.clear();
});

function flow(index: number, pod: string, verdict: "DROPPED" | "FORWARDED"): Flow {
  return {
    uuid: `uuid-${index}`,
    time: `2026-01-15T17:41:0${index}.432Z`,
    verdict,
    source: { namespace: "default", pod_name: pod, identity: 22112 },
    destination: { namespace: "default", pod_name: "deathstar-7848d6c4d5-97lrn" },
    l4: { TCP: { source_port: 1, destination_port: 80, flags: { SYN: true } } },
    ...(verdict === "DROPPED" ? { drop_reason_desc: "POLICY_DENIED", drop_reason: 133 } : {}),
  };
}
const flows = [flow(3, "xwing", "DROPPED"), flow(2, "<img src=x>", "FORWARDED")];
const buckets = { startMs: 0, stepMs: 1000, count: 3 };

function answers(list: readonly Flow[] = flows, total = 88_412) {
  const found: FlowsAnswer = { flows: list, cursor: null, matched: list.length, total, tookMs: 38 };
  return {
    [base]: found,
    [`${base}/check`]: (url: URL) =>
      url.searchParams.get("q")?.includes("--verdct") === true
        ? {
            fault: {
              error: "there is no filter --verdct; did you mean --verdict?",
              start: 0,
              end: 8,
            },
          }
        : { fault: null },
    [`${base}/fields`]: {
      fields: ["verdict", "source-pod", "destination-pod"],
      flags: [
        { flag: "--verdict", help: "one of FORWARDED, DROPPED", isBare: false },
        { flag: "--from-pod", help: "flows from pods", isBare: false },
      ],
    },
    [`${base}/values`]: (url: URL) => ({
      field: url.searchParams.get("field"),
      values: [{ value: "default/xwing", flows: 41 }],
      valueCount: 1,
    }),
    [`${base}/timeline`]: {
      buckets,
      byVerdict: { FORWARDED: [4, 5, 6], DROPPED: [0, 1, 0] },
      off: [],
      oldestMs: 1,
      newestMs: 2,
      tookMs: 1,
    },
    [`${base}/completeness`]: {
      seen: 934,
      lost: 66,
      share: 0.934,
      nodes: [{ node: "n1", seen: 934, lost: {}, share: 0.934, mend: "raise it" }],
      off: [],
    },
    [`${base}/groups`]: {
      fields: ["verdict", "source", "destination"],
      groups: [
        {
          values: ["DROPPED", "default/xwing", "default/deathstar"],
          flows: 4812,
          perSecond: 2.12,
          firstMs: 0,
          lastMs: 1,
          history: [1, 2],
          filter: "--verdict DROPPED --from-pod default/xwing --to-pod default/deathstar",
        },
      ],
      matched: 4812,
      groupCount: 1,
      other: 0,
      buckets,
      tookMs: 1,
    },
    [`${base}/explain`]: {
      silence: null,
      sides: [
        {
          direction: "ingress",
          subject: "default/deathstar",
          peer: "default/xwing",
          isDenied: true,
          isObserved: true,
          steps: [
            {
              state: "misses",
              title: "rule1, ingress[0]: does not match",
              text: "It wants org=empire; xwing has org=alliance.",
              place: {
                kind: "CiliumNetworkPolicy",
                namespace: "default",
                name: "rule1",
                section: "ingress",
                index: 0,
                line: 2,
              },
              line: 2,
              note: "xwing has org=alliance",
            },
          ],
        },
      ],
      agrees: true,
      revision: 14,
      policies: [
        {
          kind: "CiliumNetworkPolicy",
          namespace: "default",
          name: "rule1",
          section: "ingress",
          index: 0,
          line: 2,
          text: "spec:\n  org: empire\n",
          marks: [{ line: 2, state: "misses", note: "xwing has org=alliance" }],
        },
      ],
      faults: [],
    },
  };
}

const past = "from=1768498860000&to=1768498900000&refresh=off";

describe("Flows", () => {
  it("lists flows, hostile names as text, and says how much was seen", async () => {
    renderPage(`/flows?${past}`, answers());
    const grid = await screen.findByRole("grid", { name: /Flows of the window/ });
    expect(await within(grid).findByText("<img src=x>")).toBeTruthy();
    expect(within(grid).getByText("Dropped")).toBeTruthy();
    expect(within(grid).getByText("default deny")).toBeTruthy();
    expect(screen.getByText(/93.4 % of flows seen/)).toBeTruthy();
    expect(screen.getByText(/at least/)).toBeTruthy();
    expect(screen.getByRole("img", { name: /^16 flows from/ })).toBeTruthy();
  });

  it("opens a flow with Enter and explains its verdict by policy, rule and line", async () => {
    const { router } = renderPage(`/flows?${past}`, answers());
    const grid = await screen.findByRole("grid", { name: /Flows of the window/ });
    await within(grid).findByText("Dropped");
    fireEvent.keyDown(grid, { key: "ArrowDown" });
    fireEvent.keyDown(grid, { key: "Enter" });
    expect(router.location.params.get("flow")).toBe("uuid-3");
    const drawer = await screen.findByRole("complementary", { name: "Flow" });
    expect(
      await within(drawer).findByText("It wants org=empire; xwing has org=alliance."),
    ).toBeTruthy();
    expect(within(drawer).getByText("xwing has org=alliance")).toBeTruthy();
    const link = within(drawer).getByRole("link", { name: "default/rule1, line 2" });
    expect(link.getAttribute("href")).toContain("/policies/CiliumNetworkPolicy/default/rule1?");
    fireEvent.click(within(drawer).getByRole("tab", { name: /Fields/ }));
    fireEvent.click(await within(drawer).findByRole("button", { name: "not --verdict DROPPED" }));
    expect(router.location.params.getAll("not")).toEqual(["--verdict DROPPED"]);
  });

  it("underlines a wrong filter with its place and mend, and keeps the rows", async () => {
    const { router, asked } = renderPage(`/flows?${past}`, answers());
    const box = await screen.findByRole("combobox", { name: "Filter flows" });
    await screen.findByText("<img src=x>");
    fireEvent.change(box, { target: { value: "--verdct DROPPED" } });
    fireEvent.keyDown(box, { key: "Escape" });
    expect(await screen.findByText(/Column 1: there is no filter --verdct/)).toBeTruthy();
    expect(box.getAttribute("aria-invalid")).toBe("true");
    expect(screen.getByText("<img src=x>")).toBeTruthy();
    expect(asked.filter((url) => url.includes("verdct") && !url.includes("/check"))).toEqual([]);
    fireEvent.click(screen.getByRole("button", { name: "Use --verdict" }));
    expect(router.location.params.get("q")).toBe("--verdict DROPPED");
  });

  it("completes flags with their meaning and values with their counts", async () => {
    renderPage(`/flows?${past}`, answers());
    const box = await screen.findByRole<HTMLInputElement>("combobox", { name: "Filter flows" });
    await screen.findByText("<img src=x>");
    fireEvent.change(box, { target: { value: "--from" } });
    const option = await screen.findByRole("option", { name: /--from-pod/ });
    expect(option.textContent).toContain("flows from pods");
    fireEvent.keyDown(box, { key: "Enter" });
    expect(box.value).toBe("--from-pod ");
    const value = await screen.findByRole("option", { name: /default\/xwing/ });
    expect(value.textContent).toContain("41 flows");
    fireEvent.click(value);
    expect(box.value).toBe("--from-pod default/xwing ");
  });

  it("puts toggles into the address and hides by lines of the same grammar", async () => {
    const { router, asked } = renderPage(`/flows?${past}`, answers());
    fireEvent.click(await screen.findByRole("button", { name: /Hide kube-system/ }));
    expect(router.location.params.get("hide")).toBe("kube-system");
    await waitFor(() =>
      expect(asked.some((url) => url.includes("hide=--namespace+kube-system"))).toBe(true),
    );
  });

  it("shows groups with count, rate and their newest flows", async () => {
    const { asked } = renderPage(`/flows?${past}&group=verdict,source,destination`, answers());
    expect(await screen.findByText("2.12 /s")).toBeTruthy();
    expect(screen.getByRole("button", { name: /4.812 flows of DROPPED/ })).toBeTruthy();
    expect(await screen.findByText(/4.810 more/)).toBeTruthy();
    expect(asked.some((url) => url.includes("in=%7B%22verdict%22%3A%22DROPPED%22"))).toBe(true);
  });

  it("says which condition removes all flows, and what was meant", async () => {
    const none = {
      ...answers([]),
      [base]: (url: URL): FlowsAnswer => {
        const isBlamed = url.searchParams.get("q")?.includes("x-wing") === true;
        const matched = isBlamed ? 0 : 27_971;
        return { flows: [], cursor: null, matched, total: 88_412, tookMs: 1 };
      },
    };
    const { router } = renderPage(
      `/flows?${past}&q=${encodeURIComponent("--verdict DROPPED --from-pod default/x-wing")}`,
      none,
    );
    expect(await screen.findByText("--from-pod default/x-wing", { selector: "code" })).toBeTruthy();
    fireEvent.click(await screen.findByRole("button", { name: "Use default/xwing" }));
    expect(router.location.params.get("q")).toBe("--verdict DROPPED --from-pod default/xwing");
  });

  it("keeps what was loaded while the server is gone", async () => {
    let isGone = false;
    const all = Object.fromEntries(
      Object.entries({
        ...answers(),
        "/api/ciliascope/v1/status": { version: "0", mode: "demo", warnings: [] },
      }).map(([path, answer]) => [
        path,
        (url: URL) =>
          isGone
            ? new Response("<html>", { status: 502 })
            : typeof answer === "function"
              ? answer(url)
              : answer,
      ]),
    );
    const { router } = renderPage(`/flows?${past}`, all);
    await screen.findByText("<img src=x>");
    isGone = true;
    router.setParams({ q: "--verdict DROPPED" });
    await waitFor(() => expect(screen.getByText("<img src=x>")).toBeTruthy());
  });
});
