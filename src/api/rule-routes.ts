/**
 * /api/v1/rules, alerts and alertmanagers. What rules there are comes through `RulesView`; filters,
 * paging and their errors are Prometheus'. Without a view the answers are truthfully empty.
 */

import { createHash } from "node:crypto";
import { labelsFromObject, quoteString } from "../model/labels.ts";
import type { Matcher } from "../model/matcher.ts";
import { success } from "./answers.ts";
import type { ApiSources } from "./api-sources.ts";
import { invalidParameter, matcherSets, type Parameters } from "./parameters.ts";
import type { RuleGroupAnswer } from "./wire/rules.ts";

/** Texts that Go's ParseBool takes, lower case. */
const trueTexts: readonly string[] = ["1", "t", "true"];
const falseTexts: readonly string[] = ["0", "f", "false"];

/** GET /api/v1/rules */
export function rulesRoute(sources: ApiSources, parameters: Parameters): Response {
  const sets = matcherSets(parameters);
  const type = (parameters.get("type") ?? "").toLowerCase();
  if (type !== "" && type !== "alert" && type !== "record") {
    throw invalidParameter("type", `not supported value ${quoteString(type)}`);
  }
  const excludesAlerts = readExcludeAlerts(parameters);
  const { groupsMax, token } = readPage(parameters);
  const names = new Set(parameters.getAll("rule_name[]"));
  const groupNames = new Set(parameters.getAll("rule_group[]"));
  const files = new Set(parameters.getAll("file[]"));
  const all = sources.rules?.groups() ?? [];
  const from = token === "" ? 0 : all.findIndex((group) => tokenOf(group) === token);
  if (from < 0) {
    throw invalidParameter(
      "group_next_token",
      `invalid group_next_token '${token}'. were rule groups changed?`,
    );
  }
  const isWanted = (rule: RuleGroupAnswer["rules"][number]) =>
    (names.size === 0 || names.has(rule.name)) &&
    (type === "" || (type === "alert") === (rule.type === "alerting")) &&
    matchesAny(sets, rule.labels);
  const wanted = all
    .slice(from)
    .filter((group) => groupNames.size === 0 || groupNames.has(group.name))
    .filter((group) => files.size === 0 || files.has(group.file))
    .map((group) => ({ ...group, rules: group.rules.filter(isWanted) }))
    .filter((group) => group.rules.length > 0);
  const page = groupsMax > 0 ? wanted.slice(0, groupsMax) : wanted;
  const next = wanted[page.length];
  return success({
    groups: excludesAlerts ? page.map(withoutAlerts) : page,
    ...(next === undefined ? {} : { groupNextToken: tokenOf(next) }),
  });
}

/** GET /api/v1/alerts */
export function alertsRoute(sources: ApiSources): Response {
  return success({ alerts: sources.rules?.alerts() ?? [] });
}

/** GET /api/v1/alertmanagers */
export function alertmanagersRoute(sources: ApiSources): Response {
  const { active = [], dropped = [] } = sources.rules?.alertmanagers() ?? {};
  return success({
    activeAlertmanagers: active.map((url) => ({ url })),
    droppedAlertmanagers: dropped.map((url) => ({ url })),
  });
}

function readExcludeAlerts(parameters: Parameters): boolean {
  const text = (parameters.get("exclude_alerts") ?? "").toLowerCase();
  if (text === "" || falseTexts.includes(text)) return false;
  if (trueTexts.includes(text)) return true;
  const why = `strconv.ParseBool: parsing ${quoteString(text)}: invalid syntax`;
  throw invalidParameter("exclude_alerts", `error converting exclude_alerts: ${why}`);
}

function readPage(parameters: Parameters): { groupsMax: number; token: string } {
  const limit = parameters.get("group_limit") ?? "";
  const token = parameters.get("group_next_token") ?? "";
  if (limit === "") {
    if (token === "") return { groupsMax: -1, token };
    throw invalidParameter(
      "group_next_token",
      "group_limit needs to be present in order to paginate over the groups",
    );
  }
  const groupsMax = /^[+-]?\d+$/.test(limit) ? Number(limit) : Number.NaN;
  const isTooLarge = groupsMax > 2 ** 31 - 1 || groupsMax < -(2 ** 31);
  if (Number.isNaN(groupsMax) || isTooLarge) {
    const reason = isTooLarge ? "value out of range" : "invalid syntax";
    const why = `strconv.ParseInt: parsing ${quoteString(limit)}: ${reason}`;
    throw invalidParameter("group_limit", `group_limit needs to be a valid number: ${why}`);
  }
  if (groupsMax <= 0)
    throw invalidParameter("group_limit", "group_limit needs to be greater than 0");
  return { groupsMax, token };
}

function matchesAny(
  sets: readonly (readonly Matcher[])[],
  labels: Readonly<Record<string, string>>,
): boolean {
  if (sets.length === 0) return true;
  const own = labelsFromObject(labels);
  return sets.some((set) => set.every((matcher) => matcher.matches(own.get(matcher.name))));
}

/** Names a group to the next page's request. */
function tokenOf(group: RuleGroupAnswer): string {
  return createHash("sha256").update(`${group.file};${group.name}`).digest("hex");
}

function withoutAlerts(group: RuleGroupAnswer): unknown {
  const rules = group.rules.map((rule) =>
    rule.type === "alerting" ? { ...rule, alerts: null } : rule,
  );
  return { ...group, rules };
}
