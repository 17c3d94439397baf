// @vitest-environment jsdom
import { cleanup, fireEvent, screen, within } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { AlertAnswer, AlertingRuleAnswer, RuleGroupAnswer } from "../../src/api/wire/rules.ts";
import { renderPage } from "../testing/render-page.tsx";
// The page is a part of its own: loaded here, so that no test waits for it.
import "./alerts-page.tsx";

// jsdom has no canvas: charts are told by their summary alone.
vi.mock("../charts/time-chart.tsx", () => ({
  TimeChart: ({ summary }: { readonly summary: string }) => <div role="img" aria-label={summary} />,
}));

afterEach(cleanup);

const evaluated = { evaluationTime: 0.002, lastEvaluation: "2026-01-15T17:41:00Z" } as const;

function alert(source: string, state: "pending" | "firing"): AlertAnswer {
  return {
    labels: { alertname: "PolicyDropsUnusual", severity: "critical", source },
    annotations: {
      summary: `${source} is dropped`,
      runbook_url: source === "xwing" ? "https://runbooks.example/drops" : "javascript:alert(1)",
    },
    state,
    activeAt: "2026-01-15T17:02:00Z",
    value: "2.12e+00",
  };
}

const alerts = [alert("xwing", "firing"), alert("<b>probe</b>", "pending")];
const rule: AlertingRuleAnswer = {
  type: "alerting",
  name: "PolicyDropsUnusual",
  query: "sum by (source) (rate(hubble_drop_total[5m])) > 0.1",
  labels: { severity: "critical" },
  annotations: {},
  health: "ok",
  state: "firing",
  duration: 300,
  keepFiringFor: 0,
  alerts,
  ...evaluated,
};
const groups: readonly RuleGroupAnswer[] = [
  { name: "drops", file: "drops.yaml", rules: [rule], interval: 30, limit: 0, ...evaluated },
  {
    name: "capacity",
    file: "capacity.yaml",
    rules: [
      {
        ...rule,
        name: "MapFull",
        state: "inactive",
        health: "err",
        lastError: "no series of cilium_bpf_map_presure",
        alerts: [],
      },
    ],
    interval: 30,
    limit: 0,
    ...evaluated,
  },
];
const answers = {
  "/api/v1/rules": { status: "success", data: { groups } },
  "/api/v1/alerts": { status: "success", data: { alerts } },
};

describe("Alerts", () => {
  it("lists firing and pending alerts with what they say, hostile labels as text", async () => {
    renderPage("/alerts", answers);
    const table = await screen.findByRole("table", { name: "Alerts, firing ones first" });
    const rows = within(table).getAllByRole("row").slice(1);
    expect(rows.length).toBeGreaterThanOrEqual(2);
    expect(within(table).getByText("xwing is dropped")).toBeTruthy();
    expect(within(table).getByText("<b>probe</b> is dropped")).toBeTruthy();
    expect(within(table).getAllByText("2.12")).toHaveLength(2);
  });

  it("names the rule that could not be evaluated", async () => {
    renderPage("/alerts", answers);
    expect(await screen.findByText(/cilium_bpf_map_presure/)).toBeTruthy();
  });

  it("opens an alert with its rule and run-book, and moves to the next one by its key", async () => {
    const { router } = renderPage("/alerts", answers);
    const table = await screen.findByRole("table", { name: "Alerts, firing ones first" });
    fireEvent.click(
      within(table).getAllByRole("button", { name: "PolicyDropsUnusual" })[0] as Element,
    );
    const drawer = await screen.findByRole("complementary", { name: "Alert" });
    expect(within(drawer).getByText(rule.query)).toBeTruthy();
    expect(within(drawer).getByText("Fires after 5 min without a break.")).toBeTruthy();
    expect(within(drawer).getByRole("link", { name: "Run-book" }).getAttribute("href")).toBe(
      "https://runbooks.example/drops",
    );
    expect(router.location.params.get("sel")).not.toBeNull();
    fireEvent.keyDown(document.body, { key: "j" });
    // The other one's address would run a script: no link.
    expect(await within(drawer).findByText("<b>probe</b> is dropped")).toBeTruthy();
    expect(within(drawer).queryByRole("link", { name: "Run-book" })).toBeNull();
  });

  it("lists rules by group with what they found", async () => {
    renderPage("/alerts/rules", answers);
    const table = await screen.findByRole("table", { name: "Rules by group" });
    expect(within(table).getByText("drops.yaml, every 30 s")).toBeTruthy();
    expect(within(table).getByText("MapFull")).toBeTruthy();
  });

  it("says what an alert needs where there is no rule", async () => {
    renderPage("/alerts", {
      "/api/v1/rules": { status: "success", data: { groups: [] } },
      "/api/v1/alerts": { status: "success", data: { alerts: [] } },
      "/api/v1/status/config": { status: "success", data: { yaml: "global: {}" } },
    });
    expect(await screen.findByText("No rules are configured.")).toBeTruthy();
    expect(screen.getByRole("link", { name: "Open the overview" })).toBeTruthy();
  });
});
