import { describe, expect, it } from "vitest";
import type { AlertAnswer, RuleGroupAnswer } from "../../src/api/wire/rules.ts";
import {
  alertHistory,
  alertRows,
  groupRows,
  groupTrouble,
  ruleFilesOf,
  safeLink,
} from "./alert-rows.ts";

const alert: AlertAnswer = {
  labels: { alertname: "Drops", severity: "critical", team: "net" },
  annotations: { summary: "xwing is dropped" },
  state: "firing",
  activeAt: "2026-01-15T17:00:00Z",
  value: "2e+00",
};
const rule = {
  type: "alerting" as const,
  query: "up == 0",
  health: "ok" as const,
  evaluationTime: 0.001,
  lastEvaluation: "2026-01-15T17:41:00Z",
  duration: 60,
  keepFiringFor: 0,
  annotations: {},
  labels: {},
};
const group: RuleGroupAnswer = {
  name: "g",
  file: "r.yml",
  rules: [
    { ...rule, name: "Drops", state: "firing", alerts: [alert] },
    { ...rule, name: "Rest", state: "inactive", alerts: [] },
  ],
  interval: 15,
  limit: 0,
  evaluationTime: 0.002,
  lastEvaluation: "2026-01-15T17:41:00Z",
};
const all = { state: "all", text: "", by: "" } as const;

describe("alert rows", () => {
  it("list active alerts with their rule, then rules that rest", () => {
    const rows = alertRows([group], [alert]);
    expect(rows.map(({ name, state }) => `${name} ${state}`)).toEqual([
      "Drops firing",
      "Rest normal",
    ]);
    expect(rows[0]?.rule?.name).toBe("Drops");
    expect(rows[0]?.labels).toEqual({ severity: "critical", team: "net" });
  });

  it("filter by state and text, and group by a label", () => {
    const rows = alertRows([group], [alert]);
    expect(groupRows(rows, { ...all, state: "normal" })[0]?.rows[0]?.name).toBe("Rest");
    expect(groupRows(rows, { ...all, text: "xwing team=net" })).toHaveLength(1);
    expect(groupRows(rows, { ...all, by: "team" }).map(({ name }) => name)).toEqual([
      "net",
      "without team",
    ]);
  });

  it("tell when an alert was active within a window", () => {
    const [row] = alertRows([group], [alert]);
    if (row === undefined) throw new Error("no row");
    const series = {
      refId: "",
      labels: { __name__: "ALERTS", alertstate: "firing", ...alert.labels },
      timesMs: Float64Array.of(20, 30, 80),
      values: Float64Array.of(1, 1, 1),
      histogramCount: 0,
    };
    expect(alertHistory(row, [series], { fromMs: 0, toMs: 100, stepMs: 10 })).toEqual([
      { from: 0.1, to: 0.3, isFiring: true },
      { from: 0.7, to: 0.8, isFiring: true },
    ]);
  });

  it("name groups that are late or broken", () => {
    const nowMs = Date.parse("2026-01-15T17:41:10Z");
    expect(groupTrouble(group, nowMs)).toBeUndefined();
    expect(groupTrouble(group, nowMs + 120_000)).toContain("not evaluated since 2026-01-15T17:41");
    const broken = { ...group, rules: [{ ...group.rules[0], health: "err", lastError: "bad" }] };
    expect(groupTrouble(broken as RuleGroupAnswer, nowMs)).toBe("Drops: bad");
  });

  it("read rule_files of a configuration", () => {
    expect(
      ruleFilesOf('global: {}\nrule_files:\n- a.yml\n- "b/*.yml"\nscrape_configs: []\n'),
    ).toEqual(["a.yml", "b/*.yml"]);
    expect(ruleFilesOf("global: {}\n")).toEqual([]);
  });

  it("open web addresses only", () => {
    expect(safeLink("https://run.book/x")).toBe("https://run.book/x");
    expect(safeLink("javascript:alert(1)")).toBeUndefined();
  });
});
