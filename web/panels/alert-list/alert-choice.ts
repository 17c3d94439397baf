/** Which alerts an alert list shows and in which order: state, name, matchers of labels. Pure. */

import type { AlertAnswer } from "../../../src/api/wire/rules.ts";
import { asBoolean, asNumber, asObject, asString } from "../../../src/dashboard/json-reader.ts";
import { compileAnchoredRegexp } from "../../../src/model/regexp.ts";

const matcherPattern = /([\w.-]+)\s*(=~|!~|!=|=)\s*"?([^",}]*)"?/g;

/** The alerts of the panel's options (new and old spelling), sorted. */
export function chooseAlerts(
  alerts: readonly AlertAnswer[],
  options: Readonly<Record<string, unknown>>,
  interpolate: (text: string) => string,
): readonly AlertAnswer[] {
  const states = asObject(options["stateFilter"]);
  const isShown = (state: AlertAnswer["state"]) => asBoolean(states[state], true);
  const name = interpolate(asString(options["alertName"]) || asString(options["alertNameFilter"]));
  const matchers = readMatchers(
    interpolate(asString(options["alertInstanceLabelFilter"]) || asString(options["tagFilter"])),
  );
  const chosen = alerts.filter(
    ({ labels, state }) =>
      isShown(state) &&
      (labels["alertname"] ?? "").toLowerCase().includes(name.toLowerCase()) &&
      matchers.every((matches) => matches(labels)),
  );
  return [...chosen].sort(orderOf(asNumber(options["sortOrder"]) ?? 1));
}

type LabelMatch = (labels: Readonly<Record<string, string>>) => boolean;

function readMatchers(text: string): readonly LabelMatch[] {
  return [...text.matchAll(matcherPattern)].map(([, name = "", operator, value = ""]) => {
    const isRegexp = operator === "=~" || operator === "!~";
    const isWanted = operator === "=" || operator === "=~";
    const matches = isRegexp ? anchored(value) : (actual: string) => actual === value;
    return (labels) => matches(labels[name] ?? "") === isWanted;
  });
}

/** A pattern of the file that is none matches nothing. */
function anchored(pattern: string): (text: string) => boolean {
  try {
    return compileAnchoredRegexp(pattern).matches;
  } catch {
    return () => false;
  }
}

/** Grafana's 1 and 2: by name; 3: by importance; 4 and 5: by time. */
function orderOf(order: number): (a: AlertAnswer, b: AlertAnswer) => number {
  const nameOf = (alert: AlertAnswer) => alert.labels["alertname"] ?? "";
  const byName = (a: AlertAnswer, b: AlertAnswer) =>
    nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0;
  const byTime = (a: AlertAnswer, b: AlertAnswer) =>
    (a.activeAt ?? "").localeCompare(b.activeAt ?? "");
  const weight = (alert: AlertAnswer) => (alert.state === "firing" ? 0 : 1);
  switch (order) {
    case 2:
      return (a, b) => byName(b, a);
    case 3:
      return (a, b) => weight(a) - weight(b) || byName(a, b);
    case 4:
      return byTime;
    case 5:
      return (a, b) => byTime(b, a);
    default:
      return byName;
  }
}
