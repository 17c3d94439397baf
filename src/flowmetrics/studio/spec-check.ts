/**
 * What the agent would make of a metrics string, before it gets it: what it refuses, what makes it
 * panic, and what it takes silently but not as it was meant. Each finding has its place, what the agent
 * does, and a mend. After the rules of this file the real handlers are made on a registry of their own:
 * what they refuse is a finding too, so that nothing which the agent refuses passes unsaid.
 */

import { systemClock } from "../../base/clock.ts";
import { AppError, errorMessage } from "../../base/errors.ts";
import { silentLogger } from "../../base/logger.ts";
import { Registry } from "../../metrics/registry.ts";
import { nearestWord } from "../../schema/did-you-mean.ts";
import { findHandlerKind } from "../active-handler.ts";
import { contextIdentifiers, contextLabels } from "../context.ts";
import { createFlowMetrics } from "../flow-metrics.ts";
import type { HandlerKind } from "../handler.ts";
import { handlerKinds } from "../registry.ts";
import { parseMetricSpecs } from "../spec.ts";
import { type Located, type LocatedOption, type LocatedSpec, locateSpecs } from "./spec-syntax.ts";

/**
 * What comes of it. refused: the agent does not start (with Helm) or leaves the metric out (with a
 * configuration file); panics: its process ends; skipped: the metric is left out with a warning;
 * misread: it means something else; ignored: it has no effect; costly: it works, at a price.
 */
export type FindingEffect = "refused" | "panics" | "skipped" | "misread" | "ignored" | "costly";

/** One finding. */
export interface SpecFinding {
  /** Index of the list entry, or of the metric in a configuration file. */
  readonly item: number;
  /** Offsets in the entry (in the file), UTF-16 units. */
  readonly start: number;
  readonly end: number;
  readonly effect: FindingEffect;
  readonly message: string;
  readonly mend: string;
  /** Replaces start..end to mend it; absent where it takes a choice. */
  readonly replacement?: string;
}

/** Names of the context options of all handlers, as Cilium's documentation writes them. */
export const contextOptionNames = [
  "sourceContext",
  "sourceEgressContext",
  "sourceIngressContext",
  "destinationContext",
  "destinationEgressContext",
  "destinationIngressContext",
  "labelsContext",
] as const;

/** Whether the agent would start with it. */
export function isRefusal({ effect }: SpecFinding): boolean {
  return effect === "refused" || effect === "panics";
}

/** Checks the entries of `hubble.metrics.enabled`. Findings in the order of the text. */
export function checkMetricsList(items: readonly string[]): SpecFinding[] {
  const specs = locateSpecs(items);
  const report = new SpecReport();
  if (specs.length === 0) {
    report.add({ text: "", start: 0, end: items[0]?.length ?? 0 }, 0, {
      effect: "ignored",
      message: "no metric is named, so none is counted",
      mend: `name one of ${handlerKinds.map(({ name }) => name).join(", ")}`,
    });
  }
  checkSpecs(specs, report);
  if (!report.findings.some(isRefusal)) checkByRunning(items, specs, report);
  return report.inOrder();
}

/** Checks metrics wherever they were read from. */
export function checkSpecs(specs: readonly LocatedSpec[], report: SpecReport): void {
  const names = new Map<string, LocatedSpec>();
  for (const spec of specs) {
    report.item = spec.item;
    const kind = findHandlerKind(spec.name.text);
    if (kind === undefined) {
      checkUnknown(spec, report);
      continue;
    }
    const before = names.get(kind.name);
    if (before !== undefined) {
      report.add(spec.whole, spec.item, {
        effect: "panics",
        message: `${kind.name} is given twice; the agent registers its metrics twice and its process ends`,
        mend: `keep one ${kind.name}, with the options of both`,
      });
    }
    const conflict = kind.conflictsWith.find((name) => specs.some((s) => s.name.text === name));
    if (conflict !== undefined) {
      report.add(spec.name, spec.item, {
        effect: "refused",
        message: `${kind.name} and ${conflict} own the same metrics; the agent takes only one of them`,
        mend: `take out ${conflict === "http" || kind.name === "httpV2" ? "http" : kind.name}`,
      });
    }
    names.set(kind.name, spec);
    checkOptions(spec, kind, report);
  }
}

/** Findings being gathered. */
export class SpecReport {
  readonly findings: SpecFinding[] = [];
  /** The entry that findings of options belong to. */
  item = 0;

  add(
    place: Located,
    item: number,
    what: Pick<SpecFinding, "effect" | "message" | "mend" | "replacement">,
  ): void {
    this.findings.push({ item, start: place.start, end: place.end, ...what });
  }

  inOrder(): SpecFinding[] {
    return this.findings.sort((a, b) => a.item - b.item || a.start - b.start || a.end - b.end);
  }
}

/** A finding of an option, in the entry at hand. */
type Say = (
  place: Located,
  effect: FindingEffect,
  message: string,
  mend: { readonly text: string; readonly replacement?: string },
) => void;

const handlerNames = handlerKinds.map(({ name }) => name);

function checkUnknown(spec: LocatedSpec, report: SpecReport): void {
  const { text } = spec.name;
  const skipped = "the agent leaves it out with a warning that nobody reads";
  const add = (message: string, mend: string, replacement?: string) =>
    report.add(text === "" ? spec.whole : spec.name, spec.item, {
      effect: "skipped",
      message: `${message}; ${skipped}`,
      mend,
      ...(replacement === undefined ? {} : { replacement }),
    });
  const [first = "", ...rest] = text.split(/[;,]/);
  if (text === "") add("the metric has no name before the colon", "write NAME:OPTIONS");
  else if (rest.length > 0 && rest.every((part) => findHandlerKind(part) !== undefined)) {
    add(
      `${JSON.stringify(text)} is taken as one metric`,
      "separate metrics by blanks",
      [first, ...rest].join(" "),
    );
  } else if (findHandlerKind(first) !== undefined) {
    const mended = `${first}:${text.slice(first.length + 1)}`;
    add(
      `${JSON.stringify(text)} is taken as a name; options begin with a colon`,
      `write ${mended}`,
      mended,
    );
  } else if (/^(?:labels|source|destination)\w*Context=/i.test(text)) {
    add(
      `${JSON.stringify(text)} is taken as a metric, since a blank stands before it`,
      "join options with ; and no blanks",
    );
  } else {
    const nearest = nearestIgnoringCase(text, handlerNames);
    add(
      `there is no metric ${JSON.stringify(text)}`,
      nearest === undefined ? `use one of ${handlerNames.join(", ")}` : `did you mean ${nearest}?`,
      nearest,
    );
  }
}

function nearestIgnoringCase(text: string, known: readonly string[]): string | undefined {
  const lower = nearestWord(
    text.toLowerCase(),
    known.map((name) => name.toLowerCase()),
  );
  return known.find((name) => name.toLowerCase() === lower);
}

function checkOptions(spec: LocatedSpec, kind: HandlerKind, report: SpecReport): void {
  const say: Say = (place, effect, message, { text, replacement }) =>
    report.add(place, spec.item, {
      effect,
      message,
      mend: text,
      ...(replacement === undefined ? {} : { replacement }),
    });
  if (spec.hasColon && spec.options.length === 0) {
    const colon = { text: ":", start: spec.name.end, end: spec.whole.end };
    say(colon, "ignored", "no option follows the colon", {
      text: "take the colon out",
      replacement: "",
    });
  }
  const seen = new Map<string, LocatedOption>();
  for (const option of spec.options) {
    const lower = option.name.text.toLowerCase();
    const known = knownOption(lower, kind);
    if (known === undefined) {
      checkUnknownOption(option, kind, say);
      continue;
    }
    if (known !== option.name.text) {
      say(option.name, "ignored", `the option is written ${known}; the agent takes it so too`, {
        text: `write ${known}`,
        replacement: known,
      });
    }
    sayRepeated(seen.get(lower), option, known, say);
    seen.set(lower, option);
    if (known === "labelsContext") checkLabels(option, say);
    else if (known.endsWith("Context")) checkChain(option, known, say);
    else checkHandlerOption(option, known, say);
  }
  sayOneSided(seen, say);
}

function knownOption(lower: string, kind: HandlerKind): string | undefined {
  return [...contextOptionNames, ...Object.keys(kind.options)].find(
    (name) => name.toLowerCase() === lower,
  );
}

function checkUnknownOption(option: LocatedOption, kind: HandlerKind, say: Say): void {
  const { text } = option.name;
  if (text === "") {
    say(option.whole, "ignored", "the option has no name; the agent ignores it", {
      text: "write NAME=VALUE, such as sourceContext=workload",
    });
    return;
  }
  const known = [...Object.keys(kind.options), ...contextOptionNames];
  const nearest = nearestIgnoringCase(text, known);
  const owner = handlerKinds.find((other) => Object.hasOwn(other.options, text));
  const where = owner === undefined ? "" : `; ${owner.name} has it`;
  say(
    option.name,
    "ignored",
    `${kind.name} has no option ${JSON.stringify(text)}${where}; the agent ignores it without a word`,
    nearest === undefined
      ? { text: `use one of ${known.join(", ")}` }
      : { text: `did you mean ${nearest}?`, replacement: nearest },
  );
}

function sayRepeated(
  before: LocatedOption | undefined,
  option: LocatedOption,
  known: string,
  say: Say,
): void {
  if (before === undefined) return;
  const isContext = known.endsWith("Context");
  say(
    isContext ? before.whole : option.whole,
    "ignored",
    `${known} is given twice; the agent takes the ${isContext ? "last" : "first"}, so this one does nothing`,
    { text: isContext ? `write the values together: ${known}=A|B` : "take this one out" },
  );
}

function checkChain(option: LocatedOption, known: string, say: Say): void {
  const { value, values, separator } = option;
  if (value === undefined) {
    say(option.whole, "refused", `${known} has no value: unknown context ''`, {
      text: `write ${known}=workload, or another of ${contextIdentifiers.join(", ")}`,
    });
    return;
  }
  sayEmptyValues(option, known, say);
  if (separator === "," && values.length > 1) {
    say(
      value,
      "misread",
      `the comma makes a chain, not several labels: the first of ${values.map(({ text }) => text).join(", ")} that a flow has is taken`,
      {
        text: "write | where a chain is meant, labelsContext for several labels",
        replacement: value.text.replaceAll(",", "|"),
      },
    );
  }
  const seen = new Set<string>();
  for (const part of values) {
    const lower = part.text.toLowerCase();
    const isKnown = contextIdentifiers.some((identifier) => identifier === lower);
    if (!isKnown) sayUnknownContext(part, say);
    else if (seen.has(lower)) {
      say(part, "ignored", `${lower} stands in the chain already; the second is never asked`, {
        text: "take it out",
      });
    } else if (lower !== part.text) {
      say(part, "ignored", `the context is written ${lower}; the agent takes it so too`, {
        text: `write ${lower}`,
        replacement: lower,
      });
    }
    seen.add(lower);
  }
}

function sayUnknownContext(part: Located, say: Say): void {
  const [first = ""] = part.text.split(/[,:=]/);
  const isMixed =
    first !== part.text && contextIdentifiers.some((identifier) => identifier === first);
  const nearest = isMixed ? undefined : nearestIgnoringCase(part.text, contextIdentifiers);
  const replacement = isMixed ? part.text.replaceAll(/[,:=]/g, "|") : nearest;
  const use = `use one of ${contextIdentifiers.join(", ")}`;
  const mend = isMixed
    ? "separate contexts by | alone"
    : nearest === undefined
      ? use
      : `did you mean ${nearest}?`;
  say(part, "refused", `unknown context '${part.text}'`, {
    text: mend,
    ...(replacement === undefined ? {} : { replacement }),
  });
}

function checkLabels(option: LocatedOption, say: Say): void {
  const { value, values, separator } = option;
  if (value === undefined) {
    say(option.whole, "refused", "labelsContext has no value: invalid labelsContext value: ''", {
      text: `write labelsContext=source_workload, or any of ${contextLabels.join(", ")}`,
    });
    return;
  }
  sayEmptyValues(option, "labelsContext", say);
  const seen = new Set<string>();
  for (const part of values) {
    if (!contextLabels.some((label) => label === part.text)) sayUnknownLabel(part, separator, say);
    else if (seen.has(part.text)) {
      say(part, "ignored", `${part.text} is named twice; a metric has it once`, {
        text: "take it out",
      });
    }
    seen.add(part.text);
  }
  const single = ["ip", "pod"].filter(
    (what) => seen.has(`source_${what}`) && seen.has(`destination_${what}`),
  );
  if (single.length > 0) {
    say(
      value,
      "costly",
      `labels name single ${single.map((what) => (what === "ip" ? "addresses" : "pods")).join(" and ")} at both ends: a series for each pair, and new ones with each rollout`,
      { text: "use source_workload and destination_workload; the preview counts both" },
    );
  }
}

function sayUnknownLabel(part: Located, separator: string, say: Say): void {
  const pieces = part.text.split(",");
  const isMixed = separator === "|" && pieces.length > 1;
  const nearest = isMixed ? undefined : nearestIgnoringCase(part.text, contextLabels);
  const replacement = isMixed ? pieces.join("|") : nearest;
  say(part, "refused", `invalid labelsContext value: ${part.text}`, {
    text: isMixed
      ? "a | anywhere makes it the only separator: use commas alone"
      : nearest === undefined
        ? `use any of ${contextLabels.join(", ")}`
        : `did you mean ${nearest}?`,
    ...(replacement === undefined ? {} : { replacement }),
  });
}

/** Empty parts are left out by the agent; with nothing left the option does nothing. */
function sayEmptyValues(option: LocatedOption, known: string, say: Say): void {
  const { value, values, separator, whole } = option;
  if (value === undefined) return;
  if (values.length === 0) {
    say(whole, "misread", `${known} has no value, so the metric gets no label of it`, {
      text: "give it a value, or take the option out",
    });
  } else if (value.text.split(separator).length > values.length) {
    say(value, "ignored", `there is a ${separator} too many; the agent leaves the empty part out`, {
      text: `write ${values.map(({ text }) => text).join(separator)}`,
      replacement: values.map(({ text }) => text).join(separator),
    });
  }
}

function checkHandlerOption(option: LocatedOption, known: string, say: Say): void {
  const { value, values } = option;
  if (known !== "exemplars") {
    if (value === undefined || value.text === "true") return;
    say(
      option.whole,
      "misread",
      `${known} is a flag: being there switches it on, ${JSON.stringify(value.text)} is not read`,
      {
        text: `write ${known} to switch it on, take it out to switch it off`,
        ...(value.text === "" ? { replacement: known } : {}),
      },
    );
    return;
  }
  const [first] = values;
  if (first?.text === "true" && values.length === 1 && value?.text === "true") return;
  const isOn = first?.text === "true";
  say(
    option.whole,
    isOn ? "ignored" : "misread",
    isOn
      ? "exemplars are on: the first value decides"
      : "exemplars stay off: only the value true, in lower case and first, switches them on",
    { text: "write exemplars=true", replacement: "exemplars=true" },
  );
}

/** An option for one direction alone leaves the label empty for the other. */
function sayOneSided(seen: ReadonlyMap<string, LocatedOption>, say: Say): void {
  for (const side of ["source", "destination"]) {
    const isSet = (name: string) => (seen.get(`${side}${name}`)?.values.length ?? 0) > 0;
    if (isSet("context") || (isSet("egresscontext") && isSet("ingresscontext"))) continue;
    const one = seen.get(`${side}egresscontext`) ?? seen.get(`${side}ingresscontext`);
    if (one === undefined || one.values.length === 0) continue;
    const direction = one.name.text.toLowerCase().includes("egress") ? "egress" : "ingress";
    say(
      one.whole,
      "misread",
      `flows that are not ${direction} get an empty label ${side}, since there is no ${side}Context`,
      { text: `add ${side}Context=${one.values.map(({ text }) => text).join("|")}` },
    );
  }
}

/** The real handlers have the last word. */
function checkByRunning(
  items: readonly string[],
  specs: readonly LocatedSpec[],
  report: SpecReport,
): void {
  for (const fault of refusalsOf(items)) {
    const named = /metric '([^']*)'|hubble_(\w+?)_/.exec(fault);
    const name = named?.[1] ?? named?.[2];
    const spec = specs.find((one) => one.name.text === name) ?? specs[0];
    if (spec === undefined) continue;
    const labels = spec.options.find((one) => one.name.text.toLowerCase() === "labelscontext");
    const isDuplicate = fault.includes("duplicate label names");
    report.add(isDuplicate && labels !== undefined ? labels.whole : spec.whole, spec.item, {
      effect:
        isDuplicate || /^(?:duplicate metrics|a previously)/.test(fault) ? "panics" : "refused",
      message: isDuplicate
        ? `a fault of the agent: with so many labels it writes query twice and its process ends (${fault})`
        : fault,
      mend: isDuplicate
        ? "name at most 8 labels in labelsContext, or leave query out"
        : "see the message",
    });
  }
}

/** What making the handlers throws: at most one sentence. */
function refusalsOf(items: readonly string[]): string[] {
  const registry = new Registry();
  const logger = silentLogger;
  try {
    createFlowMetrics({ specs: parseMetricSpecs(items), registry, clock: systemClock, logger });
    return [];
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    return [errorMessage(thrown)];
  }
}
