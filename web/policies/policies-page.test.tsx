// @vitest-environment jsdom
import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type {
  WireAppliedPolicy,
  WireDraft,
  WirePolicyList,
  WirePolicyRow,
  WireReplay,
} from "../../src/api/wire/policy.ts";
import { quietStatus, renderPage } from "../testing/render-page.tsx";
// The page is a part of its own: loaded here, so that no test waits for it.
import "./policies-page.tsx";

beforeEach(() => {
  window.localStorage.clear();
  // jsdom lays nothing out: CodeMirror measures empty boxes.
  Range.prototype.getClientRects = () => [] as unknown as DOMRectList;
});
afterEach(cleanup);

const own = "/api/ciliascope/v1/policy";
const window1h = {
  sinceMs: 0,
  untilMs: 3_600_000,
  flows: 171_204,
  skipped: 0,
  completeness: 0.934,
  tookMs: 1900,
};

function row(name: string, more: Partial<WirePolicyRow> = {}): WirePolicyRow {
  return {
    kind: "CiliumNetworkPolicy",
    namespace: "default",
    name,
    state: "enforced",
    error: null,
    directions: ["ingress"],
    endpoints: 2,
    rules: 1,
    unusedRules: 0,
    allowed: 14_000,
    denied: 231,
    subject: "class=deathstar",
    ...more,
  };
}

const list: WirePolicyList = {
  clusterName: "default",
  clusters: ["default"],
  revision: 1,
  window: window1h,
  score: { compared: 10_000, equal: 9_997 },
  policies: [
    row("rule1"),
    row("legacy", {
      state: "not-imported",
      error: { line: 9, path: "spec", message: "unknown field fromEndpoint", mend: "" },
    }),
    row("<img src=x onerror=alert(1)>", { state: "unused", namespace: "shop" }),
  ],
};
const yaml = "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata:\n  name: rule1\n";
const applied: WireAppliedPolicy = {
  policy: row("rule1"),
  yaml,
  window: window1h,
  hits: [{ line: 2, part: "rule", title: "ingress[0]", allowed: 12, denied: 0 }],
  notes: [{ line: 3, kind: "info", text: "Turns default deny on for ingress" }],
};
const draft: WireDraft = {
  id: "d1",
  title: "default/rule1",
  yaml: `${yaml}spec: {}\n`,
  basedOn: "CiliumNetworkPolicy default/rule1",
  updatedMs: 1,
};
const replay: WireReplay = {
  sentence: "3 workloads would lose 41 flows. 1 would gain 4 812.",
  window: window1h,
  same: 166_351,
  lost: 41,
  gained: 4812,
  unexplained: 0,
  lostGroups: [
    {
      source: "default/lander",
      destination: "default/deathstar",
      service: "TCP/80",
      direction: "ingress",
      policy: "CiliumNetworkPolicy default/rule1",
      line: 5,
      reason: "lander has no label ship",
      requests: [],
      flows: 33,
      lastTime: "",
    },
  ],
  gainedGroups: [],
  rules: [{ title: "ingress[0] TCP/80", line: 5, flows: 12_290, before: 12_324 }],
  moreGroups: 0,
};
const answers = {
  [`${own}/list`]: list,
  [`${own}/applied`]: applied,
  [`${own}/drafts`]: [draft],
  [`${own}/check`]: { findings: [], policies: [] },
  [`${own}/replay`]: replay,
};

describe("the policies page", () => {
  it("lists policies with state and fault, and hostile names as text", async () => {
    renderPage("/policies", answers);
    const pane = await screen.findByRole("region", { name: "List of policies" });
    expect(within(pane).getByText("default/rule1")).toBeTruthy();
    expect(within(pane).getByText("CNP, line 9: unknown field fromEndpoint")).toBeTruthy();
    expect(within(pane).getByText("shop/<img src=x onerror=alert(1)>")).toBeTruthy();
    expect(document.querySelector("img")).toBeNull();
    expect(within(pane).getByText("99.97 %")).toBeTruthy();
    expect(await screen.findByLabelText("Policy in force")).toBeTruthy();
    expect(await screen.findByText("Turns default deny on for ingress")).toBeTruthy();
  });

  it("does not say that all is allowed where no cluster is watched", async () => {
    renderPage("/policies", {
      ...answers,
      "/api/ciliascope/v1/status": { ...quietStatus, isClusterWatched: false },
      [`${own}/list`]: { ...list, policies: [], score: { compared: 0, equal: 0 } },
      [`${own}/drafts`]: [],
    });
    expect(await screen.findByText("No cluster is watched.")).toBeTruthy();
    expect(screen.queryByText(/Everything may talk/)).toBeNull();
    expect(screen.getByText("Simulator score: no verdict to compare yet")).toBeTruthy();
  });

  it("filters by the address and says what found nothing", async () => {
    const { router } = renderPage("/policies?show=errors", answers);
    await screen.findByText("default/legacy");
    const pane = screen.getByRole("region", { name: "List of policies" });
    expect(within(pane).queryByText("default/rule1")).toBeNull();
    fireEvent.change(screen.getByLabelText("Search policies"), { target: { value: "nothing" } });
    expect(await screen.findByText("No policy matches.")).toBeTruthy();
    expect(router.location.params.get("q")).toBe("nothing");
  });

  it("restores a draft and its replay from a link: the sentence first, then reasons", async () => {
    renderPage(
      "/policies/CiliumNetworkPolicy/default/rule1?view=draft&draft=d1&replay=now-1h",
      answers,
    );
    expect(await screen.findByText(replay.sentence)).toBeTruthy();
    expect(screen.getByText(/6.6 % of flows in this window were never seen/)).toBeTruthy();
    expect(screen.getByText("default/lander → deathstar :80")).toBeTruthy();
    expect(screen.getByText("−34")).toBeTruthy();
    const link = screen.getByRole("link", { name: /of default\/lander to default\/deathstar/ });
    expect(new URL(link.getAttribute("href") ?? "", location.href).searchParams.get("q")).toBe(
      "--from-pod default/lander --to-pod default/deathstar --to-port 80 --protocol tcp",
    );
    expect(screen.getByLabelText("Draft of the policy").textContent).toContain("spec");
  });

  it("says that the YAML was copied", async () => {
    const writeText = vi.fn(async () => {});
    vi.stubGlobal(
      "navigator",
      Object.assign(Object.create(navigator), { clipboard: { writeText } }),
    );
    renderPage("/policies/CiliumNetworkPolicy/default/rule1", answers);
    await screen.findByLabelText("Policy in force");
    fireEvent.click(screen.getByRole("button", { name: "Copy YAML" }));
    expect(await screen.findByText("YAML copied")).toBeTruthy();
    expect(writeText).toHaveBeenCalledOnce();
    vi.unstubAllGlobals();
  });

  it("keeps what is typed in the browser when the server is gone", async () => {
    const { router } = renderPage("/policies", {
      ...answers,
      [`${own}/drafts/`]: () => new Response("gone", { status: 503 }),
    });
    fireEvent.click(await screen.findByRole("button", { name: /New policy/ }));
    fireEvent.click(await screen.findByRole("button", { name: "Empty policy" }));
    await screen.findByLabelText("Draft of the policy");
    const id = router.location.params.get("draft") ?? "";
    expect(window.localStorage.getItem(`ciliascope.draft.${id}`)).toContain("new-policy");
    await waitFor(
      () => expect(screen.getByText(/Your draft is kept in this browser/)).toBeTruthy(),
      { timeout: 5000 },
    );
  });
});
