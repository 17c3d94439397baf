/**
 * One recorded flow told step by step: for each end whether a policy closes the direction, which rules
 * match, which do not and why, what the proxy says to the request, and whether the engine agrees with
 * what the datapath did. Lines are those of the policies' own texts.
 */

import type { Flow } from "../../flow/model/flow.ts";
import type {
  HttpRule,
  PolicyDirection,
  PolicyDocument,
  PolicyEntry,
  RuleOrigin,
} from "../document/policy-document.ts";
import { decidesOn } from "../engine/entry-decision.ts";
import { formatPolicyName, formatPort } from "../engine/explanation.ts";
import { matchL7Dns, matchL7Http } from "../engine/l7-match.ts";
import type { PolicyEngine } from "../engine/policy-engine.ts";
import { dropReasons, type SelectedEntry, type Verdict } from "../engine/verdict.ts";
import {
  clusterLabelKey,
  formatSelector,
  type IdentityLabel,
  namespaceLabelKey,
  parseIdentityLabel,
  type SelectorCondition,
} from "../selector/label-selector.ts";
import { formatPeer, type PeerSelector } from "../selector/peer-selector.ts";
import { failingCondition, labelAskedFor, shortName } from "../selector/selector-miss.ts";
import { isDeniedSide, type SideVerdict, verdictsOf } from "./connection-verdict.ts";
import { type Connection, type ConnectionEnd, FlowTally, type SkipReason } from "./flow-tally.ts";

/** What a step does: lets pass, turns default deny on, does not apply, refuses. */
export type ExplanationState = "allows" | "closes" | "misses" | "denies";

/** One sentence with its reason, and the line that says so. */
export interface ExplanationStep {
  readonly state: ExplanationState;
  readonly title: string;
  readonly text: string;
  readonly at: RuleOrigin | undefined;
  /** 1-based, in the policy's text; undefined without `at`. */
  readonly line: number | undefined;
  /** A few words for the margin of that line. */
  readonly note: string;
}

/** One end's part. */
export interface ExplainedSide {
  readonly direction: PolicyDirection;
  readonly subject: string;
  readonly peer: string;
  readonly isDenied: boolean;
  /** Here the flow was seen. */
  readonly isObserved: boolean;
  readonly steps: readonly ExplanationStep[];
}

/** The whole answer. */
export interface FlowExplanation {
  /** Why policies have nothing to say about it; `sides` is empty then. */
  readonly silentBecause: SkipReason | undefined;
  readonly sides: readonly ExplainedSide[];
  /** Engine and datapath; undefined where there is nothing to compare. */
  readonly agrees: boolean | undefined;
}

/** Rules that do not match, beyond this, are only counted. */
const missesMax = 6;

/** Explains one flow by the policies of the engine. */
export function explainFlow(engine: PolicyEngine, flow: Flow): FlowExplanation {
  const tally = new FlowTally();
  tally.add(flow);
  const [connection] = tally.connections;
  if (connection === undefined) {
    const [silentBecause] = tally.skipped.keys();
    return { silentBecause, sides: [], agrees: undefined };
  }
  const verdicts = verdictsOf(engine, connection);
  // What one end refuses never comes to the other.
  const refusing = verdicts.findIndex(isDeniedSide);
  const reached = verdicts.filter(
    ({ direction }, index) =>
      refusing < 0 || index <= refusing || direction === connection.direction,
  );
  const sides = reached.map((side) => explainSide(engine, connection, side));
  const observed = verdicts.find(({ direction }) => direction === connection.direction);
  const wasDenied = connection.deniedCount > 0;
  return {
    silentBecause: undefined,
    sides,
    agrees: observed === undefined ? undefined : isDeniedSide(observed) === wasDenied,
  };
}

function explainSide(
  engine: PolicyEngine,
  connection: Connection,
  side: SideVerdict,
): ExplainedSide {
  const { direction, verdict } = side;
  const { source, destination } = connection;
  const [subject, peer] = direction === "ingress" ? [destination, source] : [source, destination];
  const around: Around = { engine, connection, direction, subject, peer };
  const steps =
    verdict.decision === "default-allow" && verdict.matchedBy.length === 0
      ? [openStep(around)]
      : [
          ...closingSteps(around, verdict),
          ...ruleSteps(around, verdict),
          ...requestSteps(around, side),
          conclusion(around, side),
        ];
  return {
    direction,
    subject: subject.name,
    peer: peer.name,
    isDenied: isDeniedSide(side),
    isObserved: direction === connection.direction,
    steps,
  };
}

interface Around {
  readonly engine: PolicyEngine;
  readonly connection: Connection;
  readonly direction: PolicyDirection;
  readonly subject: ConnectionEnd;
  readonly peer: ConnectionEnd;
}

const nowhere = { at: undefined, line: undefined, note: "" } as const;

function sideName({ direction, subject }: Around): string {
  return `${direction === "ingress" ? "Ingress" : "Egress"} of ${shortName(subject.name)}`;
}

function openStep(around: Around): ExplanationStep {
  const text = `No policy closes ${around.direction} of ${shortName(around.subject.name)}; default is allow.`;
  return { state: "allows", title: `${sideName(around)}: allowed`, text, ...nowhere };
}

/** Which policies turned default deny on. */
function closingSteps(around: Around, verdict: Verdict): ExplanationStep[] {
  const { engine, subject, direction } = around;
  if (verdict.decision === "error") {
    const text = verdict.error ?? "";
    const title = `${sideName(around)}: its policies contradict each other`;
    return [{ state: "denies", title, text, ...nowhere }];
  }
  const closing = new Set<SelectedEntry["spec"]>();
  const steps: ExplanationStep[] = [];
  for (const { entry, spec } of engine.entriesFor(subject.endpoint, direction)) {
    if (!spec.defaultDeny[direction] || closing.has(spec)) continue;
    closing.add(spec);
    steps.push({
      state: "closes",
      title: `${sideName(around)}: default deny is on`,
      text: `${formatPolicyName(entry.origin)} selects it at line ${subjectLine(engine, entry, spec.line)}.`,
      at: entry.origin,
      line: subjectLine(engine, entry, spec.line),
      note: "turns default deny on",
    });
  }
  return steps;
}

function documentOf(engine: PolicyEngine, { kind, namespace, name }: RuleOrigin) {
  return engine.policies.find(
    (one) => one.kind === kind && one.namespace === namespace && one.name === name,
  );
}

/** The line of the spec's subject selector. */
function subjectLine(engine: PolicyEngine, { origin }: PolicyEntry, specLine: number): number {
  const lines = documentOf(engine, origin)?.text.split("\n") ?? [];
  const found = lines.findIndex(
    (text, index) =>
      index + 1 >= specLine && /^\s*-?\s*(endpointSelector|podSelector|nodeSelector)\b/.test(text),
  );
  return found < 0 ? specLine : found + 1;
}

/** Each rule of the subject: does it apply, and if not, why. Rules that decide come last. */
function ruleSteps(around: Around, verdict: Verdict): ExplanationStep[] {
  const { engine, connection, direction, subject, peer } = around;
  const selecting = new Set(
    engine.entriesBetween(subject.endpoint, peer.endpoint, direction).map(({ entry }) => entry),
  );
  const { port, protocol } = connection;
  const packet = { port, protocol, portOf: () => undefined };
  const labels = peer.endpoint.labels.map(parseIdentityLabel);
  const deciding = new Set(verdict.matchedBy.map(originKey));
  const misses: ExplanationStep[] = [];
  const hits: ExplanationStep[] = [];
  for (const { entry } of engine.entriesFor(subject.endpoint, direction)) {
    const { origin } = entry;
    const name = `${origin.name}, ${origin.section}[${origin.index}]`;
    if (deciding.has(originKey(origin))) {
      hits.push({
        state: entry.isDeny ? "denies" : "allows",
        title: `${name}: ${entry.isDeny ? "refuses" : "matches"}`,
        text: `It names ${peersText(entry)} and ${portsText(entry)}.`,
        at: origin,
        line: origin.line,
        note: entry.isDeny ? "refuses this flow" : "allows this flow",
      });
    } else if (!selecting.has(entry)) {
      misses.push(peerMiss(around, entry, name, labels));
    } else if (!decidesOn(entry, packet)) {
      misses.push({
        state: "misses",
        title: `${name}: does not match`,
        text: `It selects ${shortName(peer.name)}, but only ${portsText(entry)}; this is ${protocol}/${port}.`,
        at: origin,
        line: entry.ports?.[0]?.line ?? origin.line,
        note: `this is ${protocol}/${port}`,
      });
    }
  }
  const more = misses.length - missesMax;
  const rest: ExplanationStep[] =
    more > 0
      ? [{ state: "misses", title: `and ${more} more rules do not match`, text: "", ...nowhere }]
      : [];
  return [...misses.slice(0, missesMax), ...rest, ...hits];
}

function originKey({ kind, namespace, name, section, index }: RuleOrigin): string {
  return `${kind} ${namespace}/${name} ${section} ${index}`;
}

function peersText({ peers }: PolicyEntry): string {
  if (peers === undefined) return "every peer";
  return peers.length === 0 ? "no peer at all" : peers.map(peerText).join(" or ");
}

/** As formatPeer, without what the agent adds to every selector: "org=empire, namespace=default". */
export function peerText(peer: PeerSelector): string {
  if (peer.kind !== "labels") return formatPeer(peer);
  const conditions = peer.selector.conditions.filter(
    ({ key, operator }) =>
      key !== clusterLabelKey && !(key === namespaceLabelKey && operator === "Exists"),
  );
  return conditions.length === 0 ? "every pod" : conditions.map(conditionText).join(", ");
}

function conditionText(condition: SelectorCondition): string {
  const text = formatSelector({ conditions: [condition] });
  const prefixes = [`k8s:${namespaceLabelKey}`, namespaceLabelKey];
  const prefix = prefixes.find((one) => text.startsWith(one));
  return prefix === undefined ? text : `namespace${text.slice(prefix.length)}`;
}

function portsText({ ports }: PolicyEntry): string {
  if (ports === undefined) return "every port";
  const shown = ports.flatMap((rule) => rule.ports.map(formatPort));
  return shown.length === 0 ? "no port at all" : shown.join(", ");
}

/** The rule wants another peer: which label differs. */
function peerMiss(
  around: Around,
  entry: PolicyEntry,
  name: string,
  labels: readonly IdentityLabel[],
): ExplanationStep {
  const { engine, peer } = around;
  const title = `${name}: does not match`;
  const { origin, peers = [] } = entry;
  const only = peers.length === 1 ? peers[0] : undefined;
  const failing = only?.kind === "labels" ? failingCondition(only.selector, labels) : undefined;
  if (failing === undefined) {
    const text = `It wants ${peersText(entry)}; ${shortName(peer.name)} is none of them.`;
    const note = `not ${shortName(peer.name)}`;
    return { state: "misses", title, text, at: origin, line: origin.line, note };
  }
  const has = actualText(failing, labels);
  return {
    state: "misses",
    title,
    text: `It wants ${conditionText(failing)}; ${shortName(peer.name)} has ${has}.`,
    at: origin,
    line: conditionLine(documentOf(engine, origin), origin, failing),
    note: `${shortName(peer.name)} has ${has}`,
  };
}

function actualText(condition: SelectorCondition, labels: readonly IdentityLabel[]): string {
  const found = labelAskedFor(condition, labels);
  const name = condition.key === namespaceLabelKey ? "namespace" : condition.key;
  return found === undefined ? `no ${name}` : `${name}=${found.value}`;
}

/** The line that names the label, looked for from the rule on. */
function conditionLine(
  document: PolicyDocument | undefined,
  origin: RuleOrigin,
  { key, values }: SelectorCondition,
): number {
  const lines = document?.text.split("\n") ?? [];
  const short = key.slice(key.lastIndexOf(".") + 1);
  const found = lines.findIndex(
    (text, index) =>
      index + 1 >= origin.line &&
      (text.includes(`${key}:`) || text.includes(short)) &&
      values.every((value) => text.includes(value)),
  );
  return found < 0 ? origin.line : found + 1;
}

/** What the proxy's rules say to the request. */
function requestSteps(around: Around, { verdict, isRequestDenied }: SideVerdict) {
  const { l7 } = verdict;
  const { request } = around.connection;
  const at = verdict.matchedBy[0];
  if (l7 === undefined || at === undefined) return [];
  if (request === undefined) {
    const text = `The ${l7.parser} proxy looks at each request${l7.allowAll ? " and lets all pass" : ""}.`;
    return [{ ...nowhere, state: "allows", title: "Goes on to the proxy", text } as const];
  }
  if (l7.parser === "http" && request.parser === "http") {
    const { method, path } = request.http;
    return [
      requestStep({
        what: `${method} ${path}`,
        isRequestDenied,
        matched: l7.http.find((rule) => matchL7Http([rule], request.http)),
        rules: l7.http.map((rule) => ({ text: httpText(rule), line: rule.line })),
        at,
      }),
    ];
  }
  if (l7.parser === "dns" && request.parser === "dns") {
    return [
      requestStep({
        what: request.name,
        isRequestDenied,
        matched: l7.dns.find((rule) => matchL7Dns([rule], request.name)),
        rules: l7.dns.map(({ matchName, matchPattern, line }) => ({
          text: matchName ?? matchPattern ?? "",
          line,
        })),
        at,
      }),
    ];
  }
  return [];
}

function httpText({ method, path, host }: HttpRule): string {
  return [method ?? "any method", path ?? "any path", host ?? ""].join(" ").trim();
}

function requestStep(found: {
  readonly what: string;
  readonly isRequestDenied: boolean;
  readonly matched: { readonly line: number } | undefined;
  readonly rules: readonly { readonly text: string; readonly line: number }[];
  readonly at: RuleOrigin;
}): ExplanationStep {
  const { what, isRequestDenied, matched, rules, at } = found;
  if (!isRequestDenied) {
    const line = matched?.line ?? at.line;
    const text =
      matched === undefined ? "Some rule lets every request pass." : `Line ${line} names it.`;
    return {
      state: "allows",
      title: `The proxy lets ${what} pass`,
      text,
      at,
      line,
      note: "lets it pass",
    };
  }
  const named = rules.map(({ text, line }) => `${text} (line ${line})`).join(", ");
  return {
    state: "denies",
    title: `The proxy refuses ${what}`,
    text: rules.length === 0 ? "Its rules name no request." : `Its rules let only ${named} pass.`,
    at,
    line: rules[0]?.line ?? at.line,
    note: `not ${what}`,
  };
}

function conclusion(around: Around, side: SideVerdict): ExplanationStep {
  const { verdict } = side;
  const name = sideName(around);
  if (side.isRequestDenied) {
    const text = "The connection stands, the request is refused.";
    return { state: "denies", title: "The request is dropped", text, ...nowhere };
  }
  if (verdict.decision === "denied") {
    const isExplicit = verdict.dropReason === dropReasons.denyRule;
    return {
      state: "denies",
      title: isExplicit ? "A deny rule wins: dropped" : "No other rule is left: dropped",
      text: isExplicit
        ? "Deny rules win over allow rules."
        : "Default deny drops what none allows.",
      ...nowhere,
    };
  }
  const text = verdict.isAllowLocalhost
    ? "The host may always reach its own pods."
    : verdict.decision === "default-allow"
      ? "No rule refuses it, and the direction is open by default."
      : "";
  return { state: "allows", title: `${name}: allowed`, text, ...nowhere };
}
