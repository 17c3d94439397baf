/**
 * What needs somebody: findings built from the overview's data, the worst first, each with its reason
 * and a way on, and the sentence above them. Pure.
 */

import type { FlowCompletenessAnswer } from "../../src/api/wire/flows.ts";
import type { AlertAnswer } from "../../src/api/wire/rules.ts";
import { completeShare, lossName, shareText } from "../app/loss-text.ts";
import { groupThousands } from "../charts/plain-number.ts";
import { rateText } from "./figure-text.ts";

/** How much it matters: crit and warn need somebody, soon is coming up, info is worth a look. */
export type Severity = "crit" | "warn" | "soon" | "info";

/** One line of the list. */
export interface Finding {
  readonly key: string;
  readonly severity: Severity;
  /** The fact, with its full stop. */
  readonly title: string;
  /** Why, and what to do. */
  readonly reason: string;
  /** A few words for the sentence above: "drops of xwing". */
  readonly gist: string;
  /** ms; undefined where it is not known. */
  readonly sinceMs: number | undefined;
  readonly way: { readonly label: string; readonly path: string };
}

/** Dropped flows of one pair. */
export interface DroppedPair {
  readonly source: string;
  readonly destination: string;
  readonly port: string;
  readonly reason: string;
  /** HTTP, DNS…: a request that a proxy denied. */
  readonly isL7: boolean;
  readonly protocol: string;
  readonly flows: number;
  readonly perSecond: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly filter: string;
  /** By which policy, rule and line; undefined while unknown. */
  readonly because: string | undefined;
  /** It stopped a while before the window's end. */
  readonly isOver: boolean;
}

/** What findings are made of; undefined: not known (yet). */
export interface FindingInput {
  readonly pairs: readonly DroppedPair[];
  /** Drops a second now and as usual. */
  readonly drops: { readonly now: number | undefined; readonly usual: number | undefined };
  readonly dns: { readonly now: number | undefined; readonly usual: number | undefined };
  readonly importErrors: number | undefined;
  readonly completeness: FlowCompletenessAnswer | null | undefined;
  /** Nodes whose agent cannot reach `count` others. */
  readonly unreachable: readonly { readonly node: string; readonly count: number }[];
  readonly endpoints: readonly { readonly state: string; readonly count: number }[];
  readonly unmanaged: number | undefined;
  readonly targetsDown: readonly { readonly address: string; readonly error: string }[];
  readonly sources: readonly {
    readonly name: string;
    readonly cause: string;
    readonly mend: string;
    readonly sinceMs: number;
  }[];
  readonly alerts: readonly AlertAnswer[];
}

/** Pairs, and nodes, named one by one; the rest is counted. */
const namedMax = 4;
/** A rate this many times the usual one is unusual. */
const unusualFactor = 3;
/** Endpoint states that pass by themselves. */
const passingStates = /^(?:regenerating|waiting-to-regenerate|restoring|creating)$/;
const flowsFilter = (filter: string) => `/flows?q=${encodeURIComponent(filter)}`;

/** All findings, the worst first. */
export function findFindings(input: FindingInput): readonly Finding[] {
  const all = [
    ...input.alerts.filter(({ state }) => state === "firing").map(alertFinding),
    ...nodeFindings(input),
    ...pairFindings(input),
    ...policyFindings(input),
    ...completenessFindings(input),
    ...dnsFindings(input),
    ...endpointFindings(input),
    ...targetFindings(input),
    ...input.sources.map(sourceFinding),
    ...input.alerts.filter(({ state }) => state === "pending").map(alertFinding),
  ];
  const rank: Readonly<Record<Severity, number>> = { crit: 0, warn: 1, soon: 2, info: 3 };
  return all
    .map((finding, index) => ({ finding, index }))
    .sort((a, b) => rank[a.finding.severity] - rank[b.finding.severity] || a.index - b.index)
    .map(({ finding }) => finding);
}

function alertFinding(alert: AlertAnswer): Finding {
  const name = alert.labels["alertname"] ?? "An alert";
  const isFiring = alert.state === "firing";
  const isCritical = /^(?:critical|page|error)$/.test(alert.labels["severity"] ?? "");
  const sinceMs = Date.parse(alert.activeAt ?? "");
  return {
    key: `alert ${JSON.stringify(alert.labels)}`,
    severity: isFiring ? (isCritical ? "crit" : "warn") : "soon",
    title: `${name} ${isFiring ? "fires" : "is pending"}.`,
    reason: alert.annotations["summary"] ?? alert.annotations["description"] ?? "",
    gist: `${name} ${isFiring ? "firing" : "pending"}`,
    sinceMs: Number.isNaN(sinceMs) ? undefined : sinceMs,
    way: { label: "Open the alert", path: `/alerts?q=${encodeURIComponent(name)}` },
  };
}

/** Those that miss the most nodes first. */
function nodeFindings({ unreachable }: FindingInput): Finding[] {
  const worst = [...unreachable].sort((a, b) => b.count - a.count);
  const rest = worst.length - namedMax;
  const named = worst.slice(0, namedMax).map(({ node, count }) =>
    nodeFinding(node, {
      title: `${node} cannot reach ${count === 1 ? "one node" : `${count} nodes`}.`,
      gist: `${node} cannot reach ${count === 1 ? "a node" : `${count} nodes`}`,
    }),
  );
  if (rest <= 0) return named;
  const what = rest === 1 ? "1 more node" : `${rest} more nodes`;
  const title = `${what} cannot reach others.`;
  return [...named, nodeFinding("more", { title, gist: `${what} cannot reach others` })];
}

function nodeFinding(key: string, words: Pick<Finding, "title" | "gist">): Finding {
  return {
    key: `node ${key}`,
    severity: "crit",
    ...words,
    reason: "The last probes had no answer. Look at the tunnel, the route and the firewall.",
    sinceMs: undefined,
    way: { label: "Show the probes", path: exploreHref(["cilium_unreachable_nodes"]) },
  };
}

function pairFindings({ pairs, drops }: FindingInput): Finding[] {
  const live = pairs.filter((pair) => !pair.isOver);
  const isUnusual =
    drops.usual === undefined ||
    drops.now === undefined ||
    drops.now > Math.max(drops.usual * unusualFactor, 0.05);
  const named = live.slice(0, namedMax).map((pair) => pairFinding(pair, isUnusual));
  const rest = live.slice(namedMax);
  if (rest.length === 0) return named;
  const flows = rest.reduce((sum, pair) => sum + pair.flows, 0);
  return [
    ...named,
    {
      key: "more pairs",
      severity: "warn",
      title: `${rest.length} more pairs are dropped.`,
      reason: `${flows} flows in this window.`,
      gist: `${rest.length} more dropped pairs`,
      sinceMs: undefined,
      way: { label: "Show all drops", path: flowsFilter("--verdict DROPPED") },
    },
  ];
}

function pairFinding(pair: DroppedPair, isUnusual: boolean): Finding {
  const { source, destination, port } = pair;
  const to = `${shortName(destination)}${port === "" ? "" : ` :${port}`}`;
  const rate = `${rateText(pair.perSecond)}/s`;
  return {
    key: `pair ${source} ${destination} ${port} ${pair.reason} ${pair.protocol}`,
    severity: !pair.isL7 && isUnusual ? "crit" : "warn",
    title: pair.isL7
      ? `${shortName(source)} → ${to}: ${pair.protocol} requests are denied, ${rate}.`
      : `${shortName(source)} → ${to} is being dropped, ${rate}.`,
    reason: pair.because ?? reasonWords(pair.reason),
    gist: pair.isL7 ? `L7 denials of ${shortName(source)}` : `drops of ${shortName(source)}`,
    sinceMs: pair.firstMs,
    way: {
      label: pair.isL7 ? "Explain the denial" : "Explain the drop",
      path: flowsFilter(`--verdict DROPPED ${pair.filter}`),
    },
  };
}

/** "Policy denied." of POLICY_DENIED. */
export function reasonWords(reason: string): string {
  if (reason === "") return "A proxy's rule refused the request.";
  const words = reason.replaceAll("_", " ").toLowerCase();
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}.`;
}

/** `xwing` of `default/xwing`: namespaces are in the table below. */
export function shortName(name: string): string {
  return name.slice(name.indexOf("/") + 1);
}

function policyFindings({ importErrors }: FindingInput): Finding[] {
  if (importErrors === undefined || importErrors < 0.5) return [];
  const count = Math.max(1, Math.round(importErrors));
  return [
    {
      key: "import errors",
      severity: "crit",
      title: `${count === 1 ? "A policy" : `${count} changes of policies`} could not be imported.`,
      reason: "Agents go on with what they had. The policies page names the file and line.",
      gist: "a policy that was not imported",
      sinceMs: undefined,
      way: { label: "Open policies", path: "/policies?show=errors" },
    },
  ];
}

function completenessFindings({ completeness }: FindingInput): Finding[] {
  if (completeness === undefined || completeness === null) return [];
  return completeness.nodes
    .filter(({ share }) => share < completeShare)
    .slice(0, 3)
    .map(({ node, share, lost, mend }) => {
      const [cause] = Object.entries(lost).sort(([, a], [, b]) => b - a)[0] ?? [];
      return {
        key: `loss ${node}`,
        severity: "warn",
        title: `Hubble sees ${shareText(share)} of flows on ${shortName(node)}.`,
        reason: `${cause === undefined ? "" : `Flows are ${lossName(cause)}. `}${mend}`,
        gist: `lost flows on ${shortName(node)}`,
        sinceMs: undefined,
        way: {
          label: "Show the losses",
          path: exploreHref(["sum by (node, source) (rate(hubble_lost_events_total[5m]))"]),
        },
      };
    });
}

function dnsFindings({ dns }: FindingInput): Finding[] {
  if (dns.now === undefined || dns.usual === undefined) return [];
  if (dns.now < 0.05 || dns.now < dns.usual * 1.5) return [];
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  return [
    {
      key: "dns",
      severity: "warn",
      title: `${percent(dns.now)} of DNS answers are errors, usual is ${percent(dns.usual)}.`,
      reason: "The Explore query shows which answer codes and which names.",
      gist: "DNS errors",
      sinceMs: undefined,
      way: {
        label: "Show the answers",
        path: exploreHref(["sum by (rcode) (rate(hubble_dns_responses_total[5m]))"]),
      },
    },
  ];
}

function endpointFindings({ endpoints, unmanaged }: FindingInput): Finding[] {
  const bad = endpoints.filter(
    ({ state, count }) => count > 0 && state !== "ready" && !passingStates.test(state),
  );
  const found: Finding[] = bad.map(({ state, count }) => ({
    key: `endpoints ${state}`,
    severity: "warn",
    title: `${count === 1 ? "An endpoint is" : `${count} endpoints are`} ${state}.`,
    reason: `${count === 1 ? "Its policy may be an old one until it is" : "Their policy may be an old one until they are"} ready.`,
    gist: count === 1 ? `an endpoint ${state}` : `${count} endpoints ${state}`,
    sinceMs: undefined,
    way: { label: "Show them", path: `/endpoints?state=${encodeURIComponent(state)}` },
  }));
  if (unmanaged !== undefined && unmanaged > 0) {
    found.push({
      key: "unmanaged",
      severity: "info",
      title: `${unmanaged === 1 ? "One pod is" : `${unmanaged} pods are`} not managed by Cilium.`,
      reason: `Policies do not apply to ${unmanaged === 1 ? "it" : "them"}. Restart pods that began before the agent.`,
      gist: unmanaged === 1 ? "an unmanaged pod" : `${unmanaged} unmanaged pods`,
      sinceMs: undefined,
      way: { label: "Show the count", path: exploreHref(["cilium_operator_unmanaged_pods"]) },
    });
  }
  return found;
}

function targetFindings({ targetsDown }: FindingInput): Finding[] {
  const [first] = targetsDown;
  if (first === undefined) return [];
  const count = targetsDown.length;
  return [
    {
      key: "targets",
      severity: "warn",
      title: count === 1 ? `${first.address} is not scraped.` : `${count} targets are not scraped.`,
      reason: `${count === 1 ? "" : `${first.address}: `}${first.error}`,
      gist: count === 1 ? "a target that is down" : `${count} targets that are down`,
      sinceMs: undefined,
      way: { label: "Why they are down", path: "/targets?state=down" },
    },
  ];
}

function sourceFinding(source: FindingInput["sources"][number]): Finding {
  return {
    key: `source ${source.name}`,
    severity: "crit",
    title: `No flows come from ${source.name}.`,
    reason: `${source.cause} ${source.mend}`.trim(),
    gist: "a source of flows that is gone",
    sinceMs: source.sinceMs,
    way: { label: "Sources of flows", path: "/settings?area=sources" },
  };
}

/** Explore with these queries. */
export function exploreHref(queries: readonly string[]): string {
  return `/explore?${queries.map((query) => `q=${encodeURIComponent(query)}`).join("&")}`;
}

/** The headline and what follows it in grey. */
export interface OverviewSentence {
  readonly head: string;
  readonly tail: string;
}

const numbers = ["No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"];

/** What flows of the window can tell. */
export interface SeenFlows {
  /** 0 to 1; undefined: not known. */
  readonly share: number | undefined;
  /** undefined: none came. */
  readonly flows: number | undefined;
  readonly dropped: number;
}

/** "Three things need you, one is coming up." with what they are; or that all is well, as far as was seen. */
export function overviewSentence(findings: readonly Finding[], seen: SeenFlows): OverviewSentence {
  const urgent = findings.filter(({ severity }) => severity === "crit" || severity === "warn");
  const soon = findings.filter(({ severity }) => severity === "soon");
  if (urgent.length === 0 && soon.length === 0) {
    return { head: "Nothing needs you.", tail: quietTail(seen) };
  }
  const word = (count: number) => numbers[count] ?? String(count);
  const need =
    urgent.length === 0
      ? "Nothing needs you"
      : `${word(urgent.length)} ${urgent.length === 1 ? "thing needs" : "things need"} you`;
  const coming =
    soon.length === 0
      ? ""
      : `, ${word(soon.length).toLowerCase()} ${soon.length === 1 ? "is" : "are"} coming up`;
  const gists = listWords(gistsOf([...urgent, ...soon]));
  return { head: `${need}${coming}:`, tail: `${gists}. The rest is quiet.` };
}

function quietTail({ share, flows, dropped }: SeenFlows): string {
  if (flows === undefined) return "No flows came in this window, so drops may be unseen.";
  if (dropped > 0)
    return `Flows were dropped in this window (${groupThousands(dropped)}), but none lately.`;
  if (share !== undefined && share < 1)
    return `At least as far as ${shareText(share)} of flows tell.`;
  return "No drops in this window. 100 % of flows were seen, so this is a true zero.";
}

/** Gists in order; those of one kind together: "drops of xwing and probe-droid". */
function gistsOf(findings: readonly Finding[]): readonly string[] {
  const byKind = new Map<string, string[]>();
  for (const { gist } of findings) {
    const match = /^(drops of|L7 denials of|lost flows on) (.+)$/.exec(gist);
    const kind = match?.[1] ?? gist;
    const names = byKind.get(kind) ?? [];
    if (match?.[2] !== undefined && !names.includes(match[2])) names.push(match[2]);
    byKind.set(kind, names);
  }
  return [...byKind].map(([kind, names]) =>
    names.length === 0 ? kind : `${kind} ${listWords(names)}`,
  );
}

function listWords(words: readonly string[]): string {
  if (words.length <= 1) return words[0] ?? "";
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
