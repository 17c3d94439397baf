/**
 * The dynamic metrics configuration of Hubble (a list of MetricConfig in YAML), read as the agent
 * reads it: YAML to JSON, JSON to Go's structs (keys whatever their case, unknown ones ignored,
 * numbers and booleans taken as text where text is wanted), filters by protobuf's strict JSON. Errors
 * have Go's texts. What a metric's labels were when first seen is remembered for ever: see MetricConfigs.
 */

import { LineCounter, parseDocument, type YAMLParseError } from "yaml";
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
  const document = parseDocument(text, { lineCounter, prettyErrors: false, version: "1.1" });
  const [error] = document.errors;
  if (error === undefined) return document.toJS() ?? {};
  return refuse(`error converting YAML to JSON: yaml: ${yamlFault(error, lineCounter)}`);
}

/** The words of Go's YAML library where we know them; it counts the lines of its parser from zero. */
function yamlFault(error: YAMLParseError, lineCounter: LineCounter): string {
  const { line } = lineCounter.linePos(error.pos[0]);
  const { code, message } = error;
  if (message.startsWith("Flow sequence"))
    return `line ${line - 1}: did not find expected ',' or ']'`;
  if (message.startsWith("Flow map")) return `line ${line - 1}: did not find expected ',' or '}'`;
  if (code === "BAD_INDENT") return `line ${line - 1}: did not find expected key`;
  if (code === "BLOCK_AS_IMPLICIT_KEY") {
    return `line ${line}: mapping values are not allowed in this context`;
  }
  if (code === "TAB_AS_INDENT") {
    return `line ${line}: found character that cannot start any token`;
  }
  if (code === "MISSING_CHAR") return `line ${line}: found unexpected end of stream`;
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
