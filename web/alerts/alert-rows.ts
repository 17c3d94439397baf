/** Alerts and rules as the page lists them: active alerts, then alerting rules that rest; filtered and grouped. Pure. */

import type {
  AlertAnswer,
  AlertingRuleAnswer,
  RecordingRuleAnswer,
  RuleGroupAnswer,
} from "../../src/api/wire/rules.ts";
import type { QuerySeries } from "../api/query-series.ts";

/** State of a row. */
export type AlertState = "firing" | "pending" | "normal";

/** An active alert, or an alerting rule without any. */
export interface AlertRow {
  readonly key: string;
  readonly state: AlertState;
  readonly name: string;
  /** Labels but the name, and those of the rule where it rests. */
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** As Prometheus prints it; "" where it rests. */
  readonly value: string;
  /** ms; undefined where it rests. */
  readonly activeMs: number | undefined;
  readonly isCritical: boolean;
  /** Undefined where the server names the alert and no rule for it. */
  readonly rule: AlertingRuleAnswer | undefined;
  readonly group: RuleGroupAnswer | undefined;
}

/** What the address says. */
export interface AlertFilter {
  /** "all" or states. */
  readonly state: "all" | AlertState;
  readonly text: string;
  /** A label's name, "group" or "". */
  readonly by: string;
}

/** Reads the query string. */
export function readAlertFilter(params: URLSearchParams): AlertFilter {
  const state = params.get("state");
  return {
    state: state === "firing" || state === "pending" || state === "normal" ? state : "all",
    text: params.get("q") ?? "",
    by: params.get("group") ?? "",
  };
}

const rank: Readonly<Record<AlertState, number>> = { firing: 0, pending: 1, normal: 2 };

/** All rows, firing ones first, critical before others, the longest first. */
export function alertRows(
  groups: readonly RuleGroupAnswer[],
  alerts: readonly AlertAnswer[],
): readonly AlertRow[] {
  const rules = groups.flatMap((group) =>
    group.rules.flatMap((rule) => (rule.type === "alerting" ? [{ rule, group }] : [])),
  );
  const rows = alerts.map((alert) => activeRow(alert, rules));
  for (const { rule, group } of rules) {
    if (rule.state !== "inactive" || rule.alerts.length > 0) continue;
    rows.push({
      key: `${group.file} ${group.name} ${rule.name} ${JSON.stringify(rule.labels)}`,
      state: "normal",
      name: rule.name,
      labels: rule.labels,
      annotations: {},
      value: "",
      activeMs: undefined,
      isCritical: false,
      rule,
      group,
    });
  }
  return rows.sort(
    (a, b) =>
      rank[a.state] - rank[b.state] ||
      Number(b.isCritical) - Number(a.isCritical) ||
      (a.activeMs ?? 0) - (b.activeMs ?? 0) ||
      (a.name < b.name ? -1 : 1),
  );
}

function activeRow(
  alert: AlertAnswer,
  rules: readonly { readonly rule: AlertingRuleAnswer; readonly group: RuleGroupAnswer }[],
): AlertRow {
  const { alertname = "", ...labels } = alert.labels;
  const text = JSON.stringify(alert.labels);
  const of = rules.find(
    ({ rule }) =>
      rule.name === alertname && rule.alerts.some((one) => JSON.stringify(one.labels) === text),
  );
  const activeMs = Date.parse(alert.activeAt ?? "");
  return {
    key: text,
    state: alert.state,
    name: alertname === "" ? "alert" : alertname,
    labels,
    annotations: alert.annotations,
    value: alert.value,
    activeMs: Number.isNaN(activeMs) ? undefined : activeMs,
    isCritical: /^(?:critical|page|error)$/.test(labels["severity"] ?? ""),
    rule: of?.rule ?? rules.find(({ rule }) => rule.name === alertname)?.rule,
    group: of?.group,
  };
}

/** Rows that pass, in groups by a label or the rule group; one group "" without `by`. */
export function groupRows(
  rows: readonly AlertRow[],
  filter: AlertFilter,
): readonly { readonly name: string; readonly rows: readonly AlertRow[] }[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  const groups = new Map<string, AlertRow[]>();
  for (const row of rows) {
    if (filter.state !== "all" && row.state !== filter.state) continue;
    const haystack = [
      row.name,
      ...Object.entries(row.labels).map(([name, value]) => `${name}=${value}`),
      ...Object.values(row.annotations),
    ]
      .join(" ")
      .toLowerCase();
    if (!words.every((word) => haystack.includes(word))) continue;
    const name = filter.by === "" ? "" : groupName(row, filter.by);
    const group = groups.get(name) ?? [];
    group.push(row);
    groups.set(name, group);
  }
  return [...groups].map(([name, found]) => ({ name, rows: found }));
}

function groupName(row: AlertRow, by: string): string {
  if (by === "group") return row.group?.name ?? "without a group";
  return row.labels[by] ?? `without ${by}`;
}

/** Labels that tell rows apart, for the choice of groups. */
export function groupLabels(rows: readonly AlertRow[]): readonly string[] {
  const names = new Set(rows.flatMap((row) => Object.keys(row.labels)));
  return [...names].sort();
}

/** Stretches in which an alert was active, as shares of the window; from series of ALERTS. */
export function alertHistory(
  row: AlertRow,
  series: readonly QuerySeries[],
  window: { readonly fromMs: number; readonly toMs: number; readonly stepMs: number },
): readonly { readonly from: number; readonly to: number; readonly isFiring: boolean }[] {
  const spans: { from: number; to: number; isFiring: boolean }[] = [];
  const share = (atMs: number) =>
    Math.min(1, Math.max(0, (atMs - window.fromMs) / (window.toMs - window.fromMs)));
  for (const { labels, timesMs } of series) {
    if (labels["alertname"] !== row.name) continue;
    if (!Object.entries(row.labels).every(([name, value]) => labels[name] === value)) continue;
    const isFiring = labels["alertstate"] === "firing";
    let startMs: number | undefined;
    let lastMs = Number.NEGATIVE_INFINITY;
    const close = () => {
      if (startMs !== undefined)
        spans.push({ from: share(startMs - window.stepMs), to: share(lastMs), isFiring });
    };
    for (const atMs of timesMs) {
      if (atMs - lastMs > window.stepMs * 1.5) {
        close();
        startMs = atMs;
      }
      lastMs = atMs;
    }
    close();
  }
  return spans;
}

/** Why a group's rules are late or broken; undefined where all is well. */
export function groupTrouble(group: RuleGroupAnswer, nowMs: number): string | undefined {
  const broken = group.rules.find(({ health }) => health === "err");
  if (broken !== undefined)
    return `${broken.name}: ${broken.lastError ?? "it cannot be evaluated"}`;
  const lastMs = Date.parse(group.lastEvaluation);
  if (Number.isNaN(lastMs) || lastMs <= 0) return "It was not evaluated yet.";
  if (nowMs - lastMs > Math.max(3 * group.interval * 1000, 30_000)) {
    return `It was not evaluated since ${new Date(lastMs).toISOString()}.`;
  }
  return undefined;
}

/** A rule of either kind with its group. */
export interface ListedRule {
  readonly rule: AlertingRuleAnswer | RecordingRuleAnswer;
  readonly group: RuleGroupAnswer;
}

/** Files that `rule_files` of the configuration names; empty where it names none. */
export function ruleFilesOf(configYaml: string): readonly string[] {
  const list = /^rule_files:[ \t]*\n((?:[ \t]*- .*\n?)+)/m.exec(configYaml)?.[1] ?? "";
  return list
    .split("\n")
    .map((line) =>
      line
        .replace(/^\s*- /, "")
        .trim()
        .replace(/^(["'])(.*)\1$/, "$2"),
    )
    .filter((line) => line !== "");
}

/** The address of a run-book where it is one that a browser may open; labels are others' text. */
export function safeLink(text: string | undefined): string | undefined {
  return text !== undefined && /^https?:\/\//i.test(text) && URL.canParse(text) ? text : undefined;
}
