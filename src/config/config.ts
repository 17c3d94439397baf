/**
 * prometheus.yml: composes the schemas that the rooms own, applies Prometheus' rules between parts,
 * and gives a frozen configuration with warnings for what loads but is not built yet. Unknown keys
 * are errors. Loading reads one file, synchronously: it happens at start and at a reload only.
 */

import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import { ConfigError, errorMessage } from "../base/errors.ts";
import { parseDuration } from "../model/duration.ts";
import { type Labels, labelsFromObject } from "../model/labels.ts";
import { checkDocument, errorAt, formatPath, listOf, mapping } from "../schema/mapping.ts";
import { durationScalar, integerScalar, textMap, textScalar } from "../schema/scalars.ts";
import { parseYamlDocument, type YamlDocument } from "../schema/yaml-document.ts";
import {
  compileGlobalScrapeFields,
  compileScrapeConfig,
  inheritedScrapeFields,
  inheritScrapeFields,
  type ScrapeConfig,
  scrapeConfigSchema,
  scrapeConfigWarnings,
} from "../scrape/scrape-config.ts";
import { printableConfig } from "./redaction.ts";

/** A configuration in force; frozen. */
export interface Config {
  /** The file it came from; undefined for a text. */
  readonly file: string | undefined;
  readonly global: GlobalConfig;
  readonly scrapeConfigs: readonly ScrapeConfig[];
  readonly storage: StorageConfig;
  /** As status/config prints it: defaults filled in, secrets as `<secret>`. See `redactedYaml`. */
  readonly printable: unknown;
}

/** What `global` says beyond the defaults of scrape configs. */
export interface GlobalConfig {
  readonly scrapeIntervalMs: number;
  readonly scrapeTimeoutMs: number;
  readonly evaluationIntervalMs: number;
  readonly externalLabels: Labels;
  /** Absolute, or relative to where the server was started where there is no file; absent: no log. */
  readonly queryLogFile?: string;
}

/** What `storage` says. */
export interface StorageConfig {
  /** How far behind the newest sample a late one may be; 0: none is taken. */
  readonly outOfOrderWindowMs: number;
}

/** A configuration and the sentences that a user should read about it. */
export interface LoadedConfig {
  readonly config: Config;
  readonly warnings: readonly string[];
}

/** Prometheus' default. */
const evaluationIntervalDefault = "1m";

const globalSchema = mapping({
  ...inheritedScrapeFields,
  evaluation_interval: durationScalar.optional(),
  rule_query_offset: durationScalar.optional(),
  query_log_file: textScalar.optional(),
  external_labels: textMap.optional(),
});

const storageSchema = mapping({
  tsdb: mapping({
    out_of_order_time_window: durationScalar.optional(),
    stale_series_compaction_threshold: z.unknown().optional(),
    retention: z.unknown().optional(),
  }).optional(),
  exemplars: mapping({ max_exemplars: integerScalar(-1).optional() }).optional(),
});

const runtimeSchema = mapping({ gogc: integerScalar(-1).optional() });

/** Parts of a prometheus.yml that are real but not acted upon yet, and what follows from that. */
const unbuiltParts: Readonly<Record<string, string>> = {
  rule_files:
    "rules are not evaluated yet: nothing is recorded and no alert fires from these files",
  alerting: "not evaluated yet: no alert is sent to these Alertmanagers",
  scrape_config_files: "not read yet: scrape configs of other files are not in force",
  remote_write: "remote write is not supported yet: nothing is sent to these endpoints",
  remote_read: "remote read is not supported yet: queries see local data only",
  tracing: "tracing is not supported yet: no traces are sent",
  otlp: "OTLP is not supported yet: nothing is received over it",
};

/** Of storage settings only the window for late samples is read from the file. */
const unappliedStorage =
  "not applied yet: storage settings are flags (--storage.tsdb.retention.time)";

const configSchema = mapping({
  global: globalSchema.optional(),
  runtime: runtimeSchema.optional(),
  scrape_configs: listOf(scrapeConfigSchema).optional(),
  alerting: z.unknown().optional(),
  rule_files: listOf(textScalar).optional(),
  scrape_config_files: listOf(textScalar).optional(),
  storage: storageSchema.optional(),
  tracing: z.unknown().optional(),
  remote_write: z.unknown().optional(),
  remote_read: z.unknown().optional(),
  otlp: z.unknown().optional(),
});

type ConfigFields = z.output<typeof configSchema>;

/** Loads a prometheus.yml. Throws ConfigError with file, line, path and mend. */
export function loadConfig(file: string): LoadedConfig {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (thrown) {
    throw new ConfigError(`cannot read the configuration: ${errorMessage(thrown)}`, {
      file,
      path: "",
    });
  }
  return parseConfig(text, file);
}

/** As `loadConfig` for a text; `file` names it in errors and is what relative paths are relative to. */
export function parseConfig(text: string, file?: string): LoadedConfig {
  const document = parseYamlDocument(text, file);
  const fields = checkDocument(configSchema, document);
  const globalScrape = compileGlobalScrapeFields(fields.global ?? {}, document);
  const evaluationInterval = fields.global?.evaluation_interval;
  const isEvaluationSet = evaluationInterval !== undefined && evaluationInterval !== "0s";
  const evaluation = isEvaluationSet ? evaluationInterval : evaluationIntervalDefault;
  const externalLabels = fields.global?.external_labels ?? {};
  checkExternalLabels(externalLabels, document);

  const entries = (fields.scrape_configs ?? []).map((entry, index) => {
    const place = { document, path: ["scrape_configs", index] };
    return { place, fields: inheritScrapeFields(entry, globalScrape, place) };
  });
  checkJobNames(fields, document);
  const scrapeConfigs = entries.map((entry) => compileScrapeConfig(entry.fields, entry.place));
  const warnings = unbuiltWarnings(fields, document);
  for (const entry of entries) warnings.push(...scrapeConfigWarnings(entry.fields, entry.place));
  const { global: _global, ...withoutGlobal } = fields;
  const config: Config = {
    file,
    global: {
      scrapeIntervalMs: parseDuration(globalScrape.scrape_interval) ?? 0,
      scrapeTimeoutMs: parseDuration(globalScrape.scrape_timeout) ?? 0,
      evaluationIntervalMs: parseDuration(evaluation) ?? 0,
      externalLabels: labelsFromObject(externalLabels),
      ...queryLogFile(fields.global?.query_log_file, file),
    },
    scrapeConfigs,
    storage: {
      outOfOrderWindowMs:
        parseDuration(fields.storage?.tsdb?.out_of_order_time_window ?? "0s") ?? 0,
    },
    printable: printableConfig({
      global: {
        ...globalScrape,
        evaluation_interval: evaluation,
        ...fields.global,
        ...globalScrape,
      },
      ...withoutGlobal,
      scrape_configs: entries.length === 0 ? undefined : entries.map((entry) => entry.fields),
    }),
  };
  return deepFreeze({ config, warnings });
}

/** The configuration as YAML with defaults filled in and every secret as `<secret>`, for status/config. */
export function redactedYaml(config: Config): string {
  return stringify(config.printable, { lineWidth: 0, indentSeq: false });
}

/** A relative path is relative to the configuration's folder. */
function queryLogFile(path: string | undefined, file: string | undefined) {
  if (path === undefined || path === "") return {};
  return { queryLogFile: file === undefined ? path : resolve(dirname(file), path) };
}

function checkExternalLabels(
  labels: Readonly<Record<string, string>>,
  document: YamlDocument,
): void {
  if (!Object.hasOwn(labels, "")) return;
  throw errorAt('"" is not a valid label name', ["global", "external_labels"], document);
}

function checkJobNames(fields: ConfigFields, document: YamlDocument): void {
  const seen = new Set<string>();
  for (const [index, { job_name: jobName = "" }] of (fields.scrape_configs ?? []).entries()) {
    if (seen.has(jobName)) {
      const message = `found multiple scrape configs with job name ${JSON.stringify(jobName)}`;
      throw errorAt(message, ["scrape_configs", index, "job_name"], document);
    }
    seen.add(jobName);
  }
}

function unbuiltWarnings(fields: ConfigFields, document: YamlDocument): string[] {
  const warnings: string[] = [];
  for (const [key, consequence] of Object.entries(unbuiltParts)) {
    const value = fields[key as keyof ConfigFields];
    if (!isNothing(value)) warnings.push(warningAt([key], consequence, document));
  }
  const { tsdb, exemplars } = fields.storage ?? {};
  const flagged = { ...tsdb, out_of_order_time_window: undefined };
  for (const key of Object.keys(flagged)) {
    if (isNothing(flagged[key as keyof typeof flagged])) continue;
    warnings.push(warningAt(["storage", "tsdb", key], unappliedStorage, document));
  }
  if (!isNothing(exemplars)) {
    warnings.push(warningAt(["storage", "exemplars"], unappliedStorage, document));
  }
  return warnings;
}

function warningAt(path: readonly string[], consequence: string, document: YamlDocument): string {
  const at = { file: document.file, path: formatPath(path), line: document.lineOfKey(path) };
  return new ConfigError(consequence, at).message;
}

function isNothing(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value !== "object") return false;
  return (Array.isArray(value) ? value.length : Object.keys(value).length) === 0;
}

/** Freezes plain objects and arrays; objects with a class of their own look after themselves. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  const prototype = Object.getPrototypeOf(value) as unknown;
  if (prototype !== Object.prototype && prototype !== Array.prototype) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) deepFreeze(part);
  return value;
}
