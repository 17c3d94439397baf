/**
 * What the agent would make of a dynamic configuration (a list of MetricConfig in YAML): faults of the
 * whole file in the agent's words with their place, then the rules of spec-check.ts on each metric.
 * Offsets are UTF-16 units in the file.
 */

import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLMap } from "yaml";
import { AppError, errorMessage } from "../../base/errors.ts";
import { MetricConfigs } from "../metric-config.ts";
import { checkSpecs, type SpecFinding, SpecReport } from "./spec-check.ts";
import type { Located, LocatedOption, LocatedSpec } from "./spec-syntax.ts";

/** Checks a file. Findings in the order of the text. */
export function checkMetricConfig(yaml: string): SpecFinding[] {
  const report = new SpecReport();
  const lineCounter = new LineCounter();
  const options = { lineCounter, prettyErrors: false, version: "1.1", uniqueKeys: false } as const;
  const document = parseDocument(yaml, options);
  const specs = document.errors.length > 0 ? [] : readSpecs(document.contents, yaml);
  const refusal = refusalOf(yaml);
  if (refusal !== undefined) {
    report.add(placeOf(refusal, yaml, specs, document.errors[0]?.pos), 0, {
      effect: "refused",
      message: `the agent takes nothing of this file and goes on as before: ${refusal}`,
      mend: mendOf(refusal),
    });
  }
  const isTwice = refusal?.includes("duplicate metric") === true;
  checkSpecs(isTwice ? withoutRepeats(specs) : specs, report);
  if (refusal === undefined && specs.length === 0) {
    report.add(whole(yaml), 0, {
      effect: "ignored",
      message: "no metric is named, so none is counted",
      mend: "add `metrics:` with a list of `- name: drop`",
    });
  }
  return report.inOrder();
}

function refusalOf(yaml: string): string | undefined {
  try {
    new MetricConfigs().read(yaml);
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    return errorMessage(thrown);
  }
}

function whole(yaml: string): Located {
  return { text: yaml, start: 0, end: yaml.length };
}

function withoutRepeats(specs: readonly LocatedSpec[]): LocatedSpec[] {
  const seen = new Set<string>();
  return specs.filter(({ name }) => !seen.has(name.text) && seen.add(name.text));
}

/** The place that an error of the whole file speaks of, the whole file where it does not say. */
function placeOf(
  refusal: string,
  yaml: string,
  specs: readonly LocatedSpec[],
  fault: readonly [number, number] | undefined,
): Located {
  if (fault !== undefined) {
    return { text: "", start: fault[0], end: Math.max(fault[0], fault[1]) };
  }
  const twice = /duplicate metric specified: (.*)/.exec(refusal)?.[1];
  const repeated = specs.filter(({ name }) => name.text === twice)[1];
  if (repeated !== undefined) return repeated.name;
  const nameless = /missing metric name at: (\d+)/.exec(refusal)?.[1];
  const unnamed = nameless === undefined ? undefined : specs[Number(nameless)];
  if (unnamed !== undefined) return unnamed.whole;
  const word = /field "?(\w+)"?$|unknown field "(\w+)"|invalid value.*"(\w+)"/.exec(refusal);
  const named = word?.[1] ?? word?.[2] ?? word?.[3];
  const at = named === undefined ? -1 : yaml.indexOf(named);
  if (named === undefined || at < 0) return whole(yaml);
  return { text: named, start: at, end: at + named.length };
}

function mendOf(refusal: string): string {
  if (refusal.includes("duplicate metric")) return "keep one entry of this metric";
  if (refusal.includes("missing metric name")) return "give it a name";
  if (refusal.includes("cannot unmarshal")) return "write the type that the message asks for";
  if (refusal.includes("unknown field")) return "take the field out or correct its name";
  return "correct the YAML at this place";
}

/** Keys whatever their case, as Go's JSON takes them. */
function field(map: YAMLMap, name: string): Node | undefined {
  const pair = map.items.find(
    ({ key }) => isScalar(key) && String(key.value).toLowerCase() === name.toLowerCase(),
  );
  return pair?.value as Node | undefined;
}

function readSpecs(contents: unknown, yaml: string): LocatedSpec[] {
  const metrics = isMap(contents) ? field(contents as YAMLMap, "metrics") : undefined;
  if (!isSeq(metrics)) return [];
  return metrics.items.flatMap((node, item) =>
    isMap(node) ? readSpec(node as YAMLMap, item, yaml) : [],
  );
}

function readSpec(map: YAMLMap, item: number, yaml: string): LocatedSpec {
  const all = locate(map, yaml);
  const name = located(field(map, "name"), yaml) ?? { ...all, text: "" };
  const options = field(map, "contextOptions");
  return {
    item,
    whole: all,
    name,
    hasColon: false,
    options: isSeq(options)
      ? options.items.flatMap((node) => (isMap(node) ? readOption(node as YAMLMap, yaml) : []))
      : [],
  };
}

/** Here values are a list: none of them is split, and a bare flag has none. */
function readOption(map: YAMLMap, yaml: string): LocatedOption {
  const all = locate(map, yaml);
  const name = located(field(map, "name"), yaml) ?? { ...all, text: "" };
  const node = field(map, "values");
  const values = isSeq(node)
    ? node.items.flatMap((value) => located(value as Node, yaml) ?? [])
    : [];
  const text = values.map((value) => value.text).join("|");
  const value = isSeq(node) ? { ...locate(node as Node, yaml), text } : { ...all, text: "" };
  return { whole: all, name, value, values, separator: "|" };
}

function located(node: Node | undefined, yaml: string): Located | undefined {
  if (!isScalar(node)) return undefined;
  return { ...locate(node, yaml), text: String(node.value ?? "") };
}

function locate(node: Node, yaml: string): Located {
  const [start, end] = node.range ?? [0, yaml.length];
  return { text: yaml.slice(start, end), start, end };
}
