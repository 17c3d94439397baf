/**
 * The dynamic metrics configuration of Hubble (a list of MetricConfig in YAML), read as the agent
 * reads it: YAML to JSON, JSON to Go's structs (keys whatever their case, unknown ones ignored,
 * numbers and booleans taken as text where text is wanted), filters by protobuf's strict JSON. Errors
 * have Go's texts. What a metric's labels were when first seen is remembered for ever: see MetricConfigs.
 */

import { isSeq, LineCounter, parseDocument, type YAMLParseError } from "yaml";
import { ConfigError, errorMessage } from "../base/errors.ts";
import { type FlowFilter, parseFlowFilter } from "../flow/filter/flow-filter.ts";

/** A context option; `values` is undefined where the file has none. */
export interface ContextOptionConfig {
  readonly name: string;
  readonly values: readonly string[] | undefined;
}

/** One metric of the file. Absent lists are undefined: an empty list is another configuration. */
export interface MetricConfig {
  readonly name: string;
  readonly contextOptions: readonly ContextOptionConfig[] | undefined;
  readonly includeFilters: readonly FlowFilter[] | undefined;
  readonly excludeFilters: readonly FlowFilter[] | undefined;
}

/** Reads configurations one after another, each checked against those before it. */
export class MetricConfigs {
  readonly #seen = new Map<string, MetricConfig>();

  /**
   * Reads a whole file. Throws ConfigError: broken YAML, a value of the wrong type, a metric twice or
   * without a name, or other context options than the metric had before.
   */
  read(yaml: string): MetricConfig[] {
    let configs: MetricConfig[];
    try {
      configs = parseMetricConfigs(yaml);
    } catch (thrown) {
      throw new ConfigError(`cannot parse yaml: ${errorMessage(thrown)}`, { path: "" });
    }
    const faults = this.#faults(configs);
    if (faults.length > 0) {
      throw new ConfigError(`invalid yaml config file: ${faults.join("\n")}`, { path: "" });
    }
    for (const config of configs) this.#seen.set(config.name, config);
    return configs;
  }

  #faults(configs: readonly MetricConfig[]): string[] {
    const faults: string[] = [];
    const names = new Set<string>();
    const fault = (why: string) => faults.push(`metric config validation failed - ${why}`);
    for (const [index, { name, contextOptions }] of configs.entries()) {
      if (name === "") {
        fault(`missing metric name at: ${index}`);
        continue;
      }
      if (names.has(name)) fault(`duplicate metric specified: ${name}`);
      names.add(name);
      const before = this.#seen.get(name);
      if (before === undefined || isSame(before.contextOptions, contextOptions)) continue;
      fault(`label set cannot be changed without restarting Prometheus. metric: ${name}`);
    }
    return faults;
  }
}

/** Whether two parts of configurations are the same to the agent; an empty list is not an absent one. */
export function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}

function parseMetricConfigs(yaml: string): MetricConfig[] {
  const metrics = fieldOf(readYaml(yaml), "metrics", configType);
  return listAt(metrics, metricsField).map((item) => toMetric(item, metricsField));
}

function readYaml(text: string): unknown {
  const lineCounter = new LineCounter();
  // Of a repeated key the last one counts.
  const options = { lineCounter, prettyErrors: false, version: "1.1", uniqueKeys: false } as const;
  const document = parseDocument(text, options);
  // The first document counts. Where a key seems to go on over lines, that is what Go sees first.
  const errors = document.errors.filter(({ code }) => code !== "MULTIPLE_DOCS");
  const error = errors.find(({ code }) => code === "MULTILINE_IMPLICIT_KEY") ?? errors[0];
  const converting = "error converting YAML to JSON: yaml: ";
  if (error !== undefined) {
    const isList = isSeq(document.contents);
    return refuse(converting + yamlFault(error, { text, lineCounter, isList }));
  }
  const version = /^%YAML[ \t]+(\S+)/.exec(text)?.[1];
  if (version !== undefined && version !== "1.1") {
    return refuse(`${converting}found incompatible YAML document`);
  }
  try {
    return document.toJS() ?? {};
  } catch (thrown) {
    const alias = /^Unresolved alias .*: (.*)$/.exec(errorMessage(thrown))?.[1];
    if (alias === undefined) throw thrown;
    return refuse(`${converting}unknown anchor '${alias}' referenced`);
  }
}

interface YamlPlace {
  readonly text: string;
  readonly lineCounter: LineCounter;
  /** Whether the file is a list at its top. */
  readonly isList: boolean;
}

/** The words of Go's YAML library where we know them. */
function yamlFault(error: YAMLParseError, { text, lineCounter, isList }: YamlPlace): string {
  const { code, message } = error;
  const [start, end] = error.pos;
  const { line } = lineCounter.linePos(start);
  // Its scanner counts lines from one, its parser from zero, and neither tells of the first.
  const scanned = (at = line) => (at === 1 ? "" : `line ${at}: `);
  const parsed = (at = line) => (at === 1 ? "" : `line ${at - 1}: `);
  const item = isList ? "'-' indicator" : "key";
  if (message.startsWith("Flow ") && message.includes("end with a")) {
    // An end without a newline counts as a line of its own.
    const isCut = start >= text.length && !text.endsWith("\n");
    const close = message.startsWith("Flow map") ? "}" : "]";
    return `${parsed(isCut ? line + 1 : line)}did not find expected ',' or '${close}'`;
  }
  switch (code) {
    case "BAD_INDENT":
      return `${parsed()}did not find expected key`;
    case "BLOCK_AS_IMPLICIT_KEY":
      return `${scanned()}mapping values are not allowed in this context`;
    case "MULTILINE_IMPLICIT_KEY":
      return `${scanned(lineCounter.linePos(end).line)}mapping values are not allowed in this context`;
    case "TAB_AS_INDENT":
    case "BAD_SCALAR_START":
      return `${scanned()}found character that cannot start any token`;
    case "MISSING_CHAR":
      if (message.startsWith("Missing closing"))
        return `${scanned()}found unexpected end of stream`;
      if (message.startsWith("Sequence item")) return `${parsed()}did not find expected ${item}`;
      return `${scanned(line + 1)}could not find expected ':'`;
    case "BAD_DQ_ESCAPE":
      return `${scanned()}found unknown escape character`;
    case "UNEXPECTED_TOKEN":
      if (message !== "Unexpected scalar at node end") break;
      return `${parsed()}did not find expected ${item}`;
  }
  return `line ${line}: ${message}`;
}

/** A place in the file: how Go calls the field, and the type it wants there. */
interface Place {
  readonly struct: string;
  readonly path: string;
  readonly type: string;
  /** Type of the items, where it is a list. */
  readonly item: string;
}

const configType = "api.Config";
const metricsField: Place = {
  struct: "Config",
  path: "metrics",
  type: "[]*api.MetricConfig",
  item: "api.MetricConfig",
};
const optionsField: Place = {
  struct: "MetricConfig",
  path: "metrics.contextOptions",
  type: "[]*api.ContextOptionConfig",
  item: "api.ContextOptionConfig",
};
const valuesField: Place = {
  struct: "ContextOptionConfig",
  path: "metrics.contextOptions.values",
  type: "api.ContextValues",
  item: "string",
};

function toMetric(value: unknown, place: Place): MetricConfig {
  const object = objectAt(value, place);
  const options = fieldOf(object, "contextOptions");
  return {
    name: textAt(fieldOf(object, "name"), "MetricConfig", "metrics.name"),
    contextOptions: isAbsent(options) ? undefined : listAt(options, optionsField).map(toOption),
    includeFilters: toFilters(fieldOf(object, "includeFilters"), "includeFilters"),
    excludeFilters: toFilters(fieldOf(object, "excludeFilters"), "excludeFilters"),
  };
}

function toOption(value: unknown): ContextOptionConfig {
  const object = objectAt(value, optionsField);
  const values = fieldOf(object, "values");
  return {
    name: textAt(fieldOf(object, "name"), "ContextOptionConfig", "metrics.contextOptions.name"),
    values: isAbsent(values)
      ? undefined
      : listAt(values, valuesField).map((item) =>
          textAt(item, valuesField.struct, valuesField.path),
        ),
  };
}

function toFilters(value: unknown, name: string): FlowFilter[] | undefined {
  if (isAbsent(value)) return undefined;
  const place: Place = {
    struct: "MetricConfig",
    path: `metrics.${name}`,
    type: "[]*flow.FlowFilter",
    item: "flow.FlowFilter",
  };
  return listAt(value, place).map((item) => {
    if (isAbsent(item)) return {};
    try {
      return parseFlowFilter(goJson(item));
    } catch (thrown) {
      return refuse(`${decoding}${errorMessage(thrown)}`);
    }
  });
}

const decoding = "error unmarshaling JSON: while decoding JSON: ";

/** JSON as Go writes a map: keys sorted. Positions in filter errors count in it. */
function goJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${goJson(item)}`).join(",")}}`;
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

/** Go's JSON finds a field whatever the case of its key. */
function fieldOf(value: unknown, name: string, type?: string): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return refuse(
      `${decoding}json: cannot unmarshal ${kindOf(value)} into Go value of type ${type ?? name}`,
    );
  }
  const object = value as Record<string, unknown>;
  if (Object.hasOwn(object, name)) return object[name];
  const key = Object.keys(object).find((k) => k.toLowerCase() === name.toLowerCase());
  return key === undefined ? undefined : object[key];
}

function listAt(value: unknown, place: Place): readonly unknown[] {
  if (isAbsent(value)) return [];
  return Array.isArray(value) ? value : wrongType(value, place.struct, place.path, place.type);
}

function objectAt(value: unknown, place: Place): object {
  if (isAbsent(value)) return {};
  if (typeof value === "object" && !Array.isArray(value)) return value;
  return wrongType(value, place.struct, place.path, place.item);
}

function textAt(value: unknown, struct: string, path: string): string {
  if (isAbsent(value)) return "";
  if (typeof value === "object") return wrongType(value, struct, path, "string");
  return String(value);
}

function wrongType(value: unknown, struct: string, path: string, type: string): never {
  return refuse(
    `${decoding}json: cannot unmarshal ${kindOf(value)} into Go struct field ${struct}.${path} of type ${type}`,
  );
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  return typeof value;
}

function refuse(why: string): never {
  throw new ConfigError(why, { path: "" });
}
