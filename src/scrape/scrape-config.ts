/**
 * scrape_configs and the part of `global` that they inherit: schema, Prometheus' rules and defaults,
 * and the compiled, frozen form that pools run. The fields after the schema keep their YAML names
 * and texts, so that status/config can print them; conversion to our names happens in `compile`.
 */

import { createHash } from "node:crypto";
import { z } from "zod";
import { ConfigError } from "../base/errors.ts";
import { discoveryKinds, unbuiltDiscoveryKeys } from "../discovery/registry.ts";
import type { Discoverer, DiscoveryContext } from "../discovery/target-group.ts";
import {
  compileHttpClientConfig,
  type HttpClientConfig,
  httpClientFields,
} from "../httpclient/http-client-config.ts";
import { parseDuration } from "../model/duration.ts";
import type { NameValidation } from "../relabel/relabel-config.ts";
import { relabelConfigSchema } from "../relabel/relabel-config.ts";
import { compileCheckedConfigs, type RelabelProgram } from "../relabel/relabel-program.ts";
import { errorAt, formatPath, listOf, mapping } from "../schema/mapping.ts";
import {
  booleanScalar,
  durationScalar,
  integerScalar,
  parseSizeBytes,
  Secret,
  sizeScalar,
  textScalar,
} from "../schema/scalars.ts";
import type { DocumentPath, YamlDocument } from "../schema/yaml-document.ts";
import {
  defaultEscapingScheme,
  defaultScrapeProtocols,
  type EscapingScheme,
  escapingSchemes,
  type ScrapeProtocol,
  scrapeProtocols,
} from "./scrape-protocol.ts";

const protocolScalar = textScalar.transform((text, context): ScrapeProtocol => {
  const protocol = scrapeProtocols.find((known) => known === text);
  if (protocol !== undefined) return protocol;
  context.addIssue({
    code: "custom",
    message: `unknown scrape protocol ${text}, supported: [${scrapeProtocols.join(" ")}]`,
  });
  return z.NEVER;
});

const protocolList = z
  .array(protocolScalar, { error: "want a list of scrape protocols" })
  .superRefine((protocols, context) => {
    if (protocols.length === 0) {
      const message = "scrape_protocols cannot be empty";
      context.addIssue({ code: "custom", message });
    }
    const twice = protocols.find((protocol, index) => protocols.indexOf(protocol) !== index);
    if (twice === undefined) return;
    const message = `duplicated protocol in scrape_protocols, got [${protocols.join(" ")}]`;
    context.addIssue({ code: "custom", message });
  });

function wordScalar<const Word extends string>(words: readonly Word[], what: string) {
  return textScalar.transform((text, context): Word => {
    const word = words.find((known) => known === text);
    if (word !== undefined) return word;
    const message = `unknown ${what} ${JSON.stringify(text)}, must be one of ${words.join(", ")}`;
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  });
}

/** Fields that `global` sets for all scrape configs and each may set for itself. */
export const inheritedScrapeFields = {
  scrape_interval: durationScalar.optional(),
  scrape_timeout: durationScalar.optional(),
  scrape_protocols: protocolList.optional(),
  body_size_limit: sizeScalar.optional(),
  sample_limit: integerScalar().optional(),
  target_limit: integerScalar().optional(),
  label_limit: integerScalar().optional(),
  label_name_length_limit: integerScalar().optional(),
  label_value_length_limit: integerScalar().optional(),
  keep_dropped_targets: integerScalar().optional(),
  metric_name_validation_scheme: wordScalar(
    ["utf8", "legacy"],
    "metric_name_validation_scheme",
  ).optional(),
  metric_name_escaping_scheme: wordScalar(
    escapingSchemes,
    "metric_name_escaping_scheme",
  ).optional(),
  scrape_native_histograms: booleanScalar.optional(),
  always_scrape_classic_histograms: booleanScalar.optional(),
  convert_classic_histograms_to_nhcb: booleanScalar.optional(),
  extra_scrape_metrics: booleanScalar.optional(),
  scrape_failure_log_file: textScalar.optional(),
};

const discoveryFields = {
  static_configs: listOf(discoveryKinds[0].schema).optional(),
  file_sd_configs: listOf(discoveryKinds[1].schema).optional(),
  ...unbuiltDiscoveryFields(),
};

function unbuiltDiscoveryFields() {
  const fields = {} as Record<(typeof unbuiltDiscoveryKeys)[number], ReturnType<typeof anything>>;
  for (const key of unbuiltDiscoveryKeys) fields[key] = anything();
  return fields;
}

function anything() {
  return z.unknown().optional();
}

/** One entry of scrape_configs. */
export const scrapeConfigSchema = mapping({
  job_name: textScalar.optional(),
  ...inheritedScrapeFields,
  honor_labels: booleanScalar.default(false),
  honor_timestamps: booleanScalar.default(true),
  track_timestamps_staleness: booleanScalar.default(false),
  params: z.record(z.string(), listOf(textScalar)).optional(),
  fallback_scrape_protocol: protocolScalar.optional(),
  metrics_path: textScalar.default("/metrics"),
  scheme: textScalar.default("http"),
  enable_compression: booleanScalar.default(true),
  native_histogram_bucket_limit: integerScalar().optional(),
  native_histogram_min_bucket_factor: textScalar.optional(),
  ...httpClientFields,
  ...discoveryFields,
  relabel_configs: listOf(relabelConfigSchema).optional(),
  metric_relabel_configs: listOf(relabelConfigSchema).optional(),
});

/** A scrape config after the schema. */
export type ScrapeConfigFields = z.output<typeof scrapeConfigSchema>;

const globalSchema = z.object(inheritedScrapeFields);
/** The part of `global` that scrape configs inherit. */
export type InheritedScrapeFields = z.output<typeof globalSchema>;

/** Limits on one scrape; 0 means none. */
export interface ScrapeLimits {
  readonly samples: number;
  readonly targets: number;
  readonly labels: number;
  readonly labelNameBytes: number;
  readonly labelValueBytes: number;
  readonly bodyBytes: number;
  readonly keptDroppedTargets: number;
}

/** A scrape config that pools run. */
export interface ScrapeConfig {
  readonly jobName: string;
  /** Durations as Prometheus prints them; relabelling may replace them per target. */
  readonly scrapeInterval: string;
  readonly scrapeTimeout: string;
  readonly metricsPath: string;
  readonly scheme: string;
  readonly params: Readonly<Record<string, readonly string[]>>;
  readonly honorsLabels: boolean;
  readonly honorsTimestamps: boolean;
  readonly tracksTimestampStaleness: boolean;
  readonly protocols: readonly ScrapeProtocol[];
  readonly fallbackProtocol: ScrapeProtocol | undefined;
  readonly isCompressionEnabled: boolean;
  readonly limits: ScrapeLimits;
  readonly nameValidation: NameValidation;
  readonly escapingScheme: EscapingScheme;
  readonly hasExtraMetrics: boolean;
  /** `__scrape_native_histograms__` and its kin, as discovered labels show them. */
  readonly histogramLabels: Readonly<Record<string, string>>;
  readonly http: HttpClientConfig;
  readonly relabel: RelabelProgram;
  readonly metricRelabel: RelabelProgram;
  /** Makes the runners of all kinds of discovery that the config uses. */
  readonly discover: (context: DiscoveryContext) => readonly Discoverer[];
  /** Equal for configs whose scrapes are made alike (discovery aside). */
  readonly scrapeKey: string;
  /** Equal for configs whose targets are found alike. */
  readonly discoveryKey: string;
  /** Equal for configs that turn the same line into the same series: a loop's cache may move over. */
  readonly seriesKey: string;
}

/** Prometheus' defaults of the inherited fields. */
const scrapeIntervalDefault = "1m";
const scrapeTimeoutDefault = "10s";

/** Fills in what scrape configs inherit from `global`; throws ConfigError for a timeout above the interval. */
export function compileGlobalScrapeFields(
  fields: InheritedScrapeFields,
  document: YamlDocument | undefined,
): InheritedScrapeFields & { readonly scrape_interval: string; readonly scrape_timeout: string } {
  const interval = setDuration(fields.scrape_interval) ?? scrapeIntervalDefault;
  const timeout = setDuration(fields.scrape_timeout);
  if (timeout !== undefined && isLonger(timeout, interval)) {
    const message = `global scrape timeout greater than scrape interval (${timeout} > ${interval})`;
    throw errorAt(message, ["global", "scrape_timeout"], document);
  }
  const fallback = isLonger(scrapeTimeoutDefault, interval) ? interval : scrapeTimeoutDefault;
  return { ...fields, scrape_interval: interval, scrape_timeout: timeout ?? fallback };
}

/** A config with every inherited field filled in; still in YAML names, for printing. */
export function inheritScrapeFields(
  fields: ScrapeConfigFields,
  global: ReturnType<typeof compileGlobalScrapeFields>,
  place: { readonly document: YamlDocument | undefined; readonly path: DocumentPath },
): ScrapeConfigFields {
  const jobName = fields.job_name ?? "";
  const fail = (message: string, key: string): ConfigError =>
    errorAt(message, [...place.path, key], place.document);
  if (jobName === "") throw fail("job_name is empty", "job_name");
  const interval = setDuration(fields.scrape_interval) ?? global.scrape_interval;
  const ownTimeout = setDuration(fields.scrape_timeout);
  if (ownTimeout !== undefined && isLonger(ownTimeout, interval)) {
    throw fail(
      `scrape timeout greater than scrape interval for scrape config with job name ${JSON.stringify(jobName)} (${ownTimeout} > ${interval})`,
      "scrape_timeout",
    );
  }
  const timeout =
    ownTimeout ?? (isLonger(global.scrape_timeout, interval) ? interval : global.scrape_timeout);
  const inherited: Record<string, unknown> = {};
  for (const key of Object.keys(inheritedScrapeFields) as (keyof InheritedScrapeFields)[]) {
    const own = fields[key];
    // Prometheus takes 0 for "not set here".
    inherited[key] = own === undefined || own === 0 || own === "0" ? global[key] : own;
  }
  const {
    job_name: _jobName,
    scrape_interval: _interval,
    scrape_timeout: _timeout,
    ...rest
  } = {
    ...fields,
    ...(inherited as InheritedScrapeFields),
  };
  // These first, since that is where a reader of status/config looks.
  return { job_name: jobName, scrape_interval: interval, scrape_timeout: timeout, ...rest };
}

/** Compiles a config whose inherited fields are filled in; throws ConfigError. */
export function compileScrapeConfig(
  fields: ScrapeConfigFields,
  place: { readonly document: YamlDocument | undefined; readonly path: DocumentPath },
): ScrapeConfig {
  const nameValidation = fields.metric_name_validation_scheme ?? "utf8";
  const escapingScheme =
    fields.metric_name_escaping_scheme ?? defaultEscapingScheme(nameValidation);
  if (nameValidation === "legacy" && escapingScheme === "allow-utf-8") {
    const message =
      "utf8 metric names requested but validation scheme is not set to UTF8; set metric_name_escaping_scheme to underscores, dots or values";
    throw errorAt(message, [...place.path, "metric_name_escaping_scheme"], place.document);
  }
  const relabelAt = (key: "relabel_configs" | "metric_relabel_configs"): RelabelProgram =>
    compileCheckedConfigs(fields[key] ?? [], {
      nameValidation,
      prefix: [...place.path, key],
      ...(place.document === undefined ? {} : { document: place.document }),
    });
  return {
    jobName: fields.job_name ?? "",
    scrapeInterval: fields.scrape_interval ?? scrapeIntervalDefault,
    scrapeTimeout: fields.scrape_timeout ?? scrapeTimeoutDefault,
    metricsPath: fields.metrics_path,
    scheme: fields.scheme,
    params: fields.params ?? {},
    honorsLabels: fields.honor_labels,
    honorsTimestamps: fields.honor_timestamps,
    tracksTimestampStaleness: fields.track_timestamps_staleness,
    protocols: fields.scrape_protocols ?? defaultScrapeProtocols,
    fallbackProtocol: fields.fallback_scrape_protocol,
    isCompressionEnabled: fields.enable_compression,
    limits: compileLimits(fields),
    nameValidation,
    escapingScheme,
    hasExtraMetrics: fields.extra_scrape_metrics ?? false,
    histogramLabels: {
      __scrape_native_histograms__: String(fields.scrape_native_histograms ?? false),
      __convert_classic_histograms_to_nhcb__: String(
        fields.convert_classic_histograms_to_nhcb ?? false,
      ),
      __always_scrape_classic_histograms__: String(
        fields.always_scrape_classic_histograms ?? false,
      ),
    },
    http: compileHttpClientConfig(fields, place),
    relabel: relabelAt("relabel_configs"),
    metricRelabel: relabelAt("metric_relabel_configs"),
    discover: compileDiscovery(fields, place),
    ...fingerprints(fields, nameValidation),
  };
}

/** Sentences about what a config asks and does not get. */
export function scrapeConfigWarnings(
  fields: ScrapeConfigFields,
  place: { readonly document: YamlDocument | undefined; readonly path: DocumentPath },
): string[] {
  const warn = (key: string, message: string): string =>
    new ConfigError(message, {
      file: place.document?.file,
      path: formatPath([...place.path, key]),
      line: place.document?.lineOfKey([...place.path, key]),
    }).message;
  const job = `job ${JSON.stringify(fields.job_name ?? "")}`;
  const warnings: string[] = [];
  for (const key of unbuiltDiscoveryKeys) {
    const entries = fields[key];
    if (entries === undefined || entries === null) continue;
    if (Array.isArray(entries) && entries.length === 0) continue;
    const message = `this kind of discovery is not supported yet: ${job} gets no targets from it; file_sd_configs or static_configs can name them meanwhile`;
    warnings.push(warn(key, message));
  }
  for (const key of ["scrape_native_histograms", "convert_classic_histograms_to_nhcb"] as const) {
    if (fields[key] !== true) continue;
    warnings.push(warn(key, `native histograms are not supported yet: ${job} stores classic ones`));
  }
  if (fields.scrape_protocols?.includes("PrometheusProto")) {
    const message = `protobuf is not supported yet: ${job} asks for the other protocols only`;
    warnings.push(warn("scrape_protocols", message));
  }
  return warnings;
}

function compileLimits(fields: ScrapeConfigFields): ScrapeLimits {
  return {
    samples: fields.sample_limit ?? 0,
    targets: fields.target_limit ?? 0,
    labels: fields.label_limit ?? 0,
    labelNameBytes: fields.label_name_length_limit ?? 0,
    labelValueBytes: fields.label_value_length_limit ?? 0,
    bodyBytes: parseSizeBytes(fields.body_size_limit ?? "0") ?? 0,
    keptDroppedTargets: fields.keep_dropped_targets ?? 0,
  };
}

function compileDiscovery(
  fields: ScrapeConfigFields,
  place: { readonly document: YamlDocument | undefined; readonly path: DocumentPath },
): ScrapeConfig["discover"] {
  const { document } = place;
  const [staticKind, fileKind] = discoveryKinds;
  const makers: ((context: DiscoveryContext) => Discoverer)[] = [];
  if (fields.static_configs !== undefined) {
    const path = [...place.path, staticKind.configKey];
    makers.push(staticKind.compile(fields.static_configs, { document, path }));
  }
  if (fields.file_sd_configs !== undefined) {
    const path = [...place.path, fileKind.configKey];
    makers.push(fileKind.compile(fields.file_sd_configs, { document, path }));
  }
  return (context) => makers.map((make) => make(context));
}

/** Digests, not the texts: they live as long as the process and hold secrets otherwise. */
function fingerprints(
  fields: ScrapeConfigFields,
  nameValidation: NameValidation,
): Pick<ScrapeConfig, "scrapeKey" | "discoveryKey" | "seriesKey"> {
  const discovery: Record<string, unknown> = {};
  const scrape: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields)) {
    if (Object.hasOwn(discoveryFields, key)) discovery[key] = value;
    else scrape[key] = value;
  }
  return {
    scrapeKey: digest(scrape),
    discoveryKey: digest(discovery),
    seriesKey: digest([
      fields.honor_labels,
      fields.metric_relabel_configs,
      fields.label_limit,
      fields.label_name_length_limit,
      fields.label_value_length_limit,
      nameValidation,
    ]),
  };
}

function digest(value: unknown): string {
  const text = JSON.stringify(value, function (this: Record<string, unknown>, key, printed) {
    const original = this[key];
    return original instanceof Secret ? original.reveal() : printed;
  });
  return createHash("sha256").update(text).digest("base64");
}

/** A duration that was set: absent and zero mean "take the default", as in Prometheus. */
function setDuration(text: string | undefined): string | undefined {
  return text === undefined || parseDuration(text) === 0 ? undefined : text;
}

function isLonger(a: string, b: string): boolean {
  return (parseDuration(a) ?? 0) > (parseDuration(b) ?? 0);
}
