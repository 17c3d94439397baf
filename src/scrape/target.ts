/**
 * One target: what discovery said of it, the labels after relabelling, the URL, and how its last
 * scrape went. The fields are those of Prometheus' /api/v1/targets; the loop updates the last four.
 */

import { addressLabel, type TargetGroup } from "../discovery/target-group.ts";
import { addressProblem } from "../discovery/target-group-schema.ts";
import { durationProblem, parseDuration } from "../model/duration.ts";
import { type Labels, LabelsBuilder } from "../model/labels.ts";
import { MetadataCache } from "./metadata-cache.ts";
import type { ScrapeConfig } from "./scrape-config.ts";

const intervalLabel = "__scrape_interval__";
const timeoutLabel = "__scrape_timeout__";
const metricsPathLabel = "__metrics_path__";
const schemeLabel = "__scheme__";
const paramPrefix = "__param_";
const metaPrefix = "__meta_";
const internalPrefix = "__";

/** Address of this server as others see it, for links to targets on this machine. */
export interface ExternalAddress {
  /** Host name without port. */
  readonly host: string;
}

/** A target that is scraped. */
export class Target {
  readonly scrapePool: string;
  readonly scrapeUrl: string;
  /** As `scrapeUrl`, with a name for this machine that others can reach. */
  readonly globalUrl: string;
  /** Labels that every series gets: those that do not begin with two underscores. */
  readonly labels: Labels;
  readonly scrapeInterval: string;
  readonly scrapeTimeout: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Equal for targets that are scraped alike: all labels and the URL. */
  readonly identity: string;
  /** Equal for targets whose series have the same labels; also sets the moment within the interval. */
  readonly seriesIdentity: string;
  /** Families that the target declared. Moves on with the loop's caches at a reload. */
  metadata = new MetadataCache();

  discoveredLabels: Labels;
  lastError = "";
  /** ms since the epoch; undefined before the first scrape. */
  lastScrapeMs: number | undefined;
  lastScrapeDurationSeconds = 0;
  health: "up" | "down" | "unknown" = "unknown";

  constructor(
    config: ScrapeConfig,
    discoveredLabels: Labels,
    labels: Labels,
    external: ExternalAddress,
  ) {
    this.scrapePool = config.jobName;
    this.discoveredLabels = discoveredLabels;
    this.scrapeUrl = targetUrl(config, labels);
    this.globalUrl = globalUrl(this.scrapeUrl, external);
    this.labels = labels.filter((name) => !name.startsWith(internalPrefix));
    this.scrapeInterval = labels.get(intervalLabel);
    this.scrapeTimeout = labels.get(timeoutLabel);
    this.intervalMs = parseDuration(this.scrapeInterval) ?? 0;
    this.timeoutMs = parseDuration(this.scrapeTimeout) ?? 0;
    this.seriesIdentity = `${this.labels.key}\n${this.scrapeUrl}`;
    this.identity = `${labels.key}\n${this.scrapeUrl}`;
  }

  /** Puts down how a scrape went. */
  report(startMs: number, durationSeconds: number, error: string | undefined): void {
    this.lastScrapeMs = startMs;
    this.lastScrapeDurationSeconds = durationSeconds;
    this.lastError = error ?? "";
    this.health = error === undefined ? "up" : "down";
  }

  /** Carries the state of the target that this one replaces. */
  takeOver(previous: Target): void {
    this.lastError = previous.lastError;
    this.lastScrapeMs = previous.lastScrapeMs;
    this.lastScrapeDurationSeconds = previous.lastScrapeDurationSeconds;
    this.health = previous.health;
    this.metadata = previous.metadata;
  }
}

/** What became of one discovered target. */
export type TargetOutcome =
  | { readonly kind: "target"; readonly target: Target }
  | { readonly kind: "dropped"; readonly discoveredLabels: Labels }
  | { readonly kind: "failed"; readonly reason: string };

/** Turns a group into targets, in order. */
export function targetsOfGroup(
  config: ScrapeConfig,
  group: TargetGroup,
  external: ExternalAddress,
): TargetOutcome[] {
  return group.targets.map((target) => {
    const discovered = discoveredLabelsOf(config, target, group.labels);
    const builder = new LabelsBuilder(discovered);
    if (!config.relabel.run(builder)) return { kind: "dropped", discoveredLabels: discovered };
    const problem = targetProblem(builder);
    if (problem !== undefined) return { kind: "failed", reason: problem };
    for (const name of builder.names()) if (name.startsWith(metaPrefix)) builder.delete(name);
    if (builder.get("instance") === "") builder.set("instance", builder.get(addressLabel));
    return {
      kind: "target",
      target: new Target(config, discovered, builder.labels(), external),
    };
  });
}

/** The labels before relabelling: the target's, the group's, then the config's where unset. */
function discoveredLabelsOf(config: ScrapeConfig, target: Labels, group: Labels): Labels {
  const builder = new LabelsBuilder(group);
  target.forEach((name, value) => {
    builder.set(name, value);
  });
  const setDefault = (name: string, value: string): void => {
    if (builder.get(name) === "") builder.set(name, value);
  };
  setDefault("job", config.jobName);
  setDefault(intervalLabel, config.scrapeInterval);
  setDefault(timeoutLabel, config.scrapeTimeout);
  setDefault(metricsPathLabel, config.metricsPath);
  setDefault(schemeLabel, config.scheme);
  for (const [name, value] of Object.entries(config.histogramLabels)) setDefault(name, value);
  for (const [name, values] of Object.entries(config.params)) {
    if (values[0] !== undefined) setDefault(paramPrefix + name, values[0]);
  }
  return builder.labels();
}

/** Why labels make no target, in Prometheus' words. */
function targetProblem(builder: LabelsBuilder): string | undefined {
  const address = builder.get(addressLabel);
  if (address === "") return "no address";
  const problem = addressProblem(address);
  if (problem !== undefined) return problem;
  const interval = builder.get(intervalLabel);
  const timeout = builder.get(timeoutLabel);
  return (
    lengthProblem("interval", interval) ??
    lengthProblem("timeout", timeout) ??
    ((parseDuration(timeout) ?? 0) > (parseDuration(interval) ?? 0)
      ? `scrape timeout cannot be greater than scrape interval ("${timeout}" > "${interval}")`
      : undefined)
  );
}

function lengthProblem(what: string, text: string): string | undefined {
  const problem = durationProblem(text);
  if (problem !== undefined) return `error parsing scrape ${what}: ${problem}`;
  return parseDuration(text) === 0 ? `scrape ${what} cannot be 0` : undefined;
}

function targetUrl(config: ScrapeConfig, labels: Labels): string {
  const params = new Map<string, string[]>();
  for (const [name, values] of Object.entries(config.params)) params.set(name, [...values]);
  labels.forEach((name, value) => {
    if (!name.startsWith(paramPrefix)) return;
    const param = name.slice(paramPrefix.length);
    const [, ...rest] = params.get(param) ?? [];
    params.set(param, [value, ...rest]);
  });
  const query = [...params.keys()]
    .sort()
    .flatMap((name) => (params.get(name) ?? []).map((value) => `${encode(name)}=${encode(value)}`))
    .join("&");
  const path = labels.get(metricsPathLabel);
  const url = `${labels.get(schemeLabel)}://${labels.get(addressLabel)}${path.startsWith("/") || path === "" ? "" : "/"}${encodePath(path)}`;
  return query === "" ? url : `${url}?${query}`;
}

/** Go's url.QueryEscape. */
function encode(text: string): string {
  return encodeURIComponent(text)
    .replaceAll("%20", "+")
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** A path may hold what is already escaped; only what cannot stand in a URL is escaped here. */
function encodePath(path: string): string {
  return path.replace(/[^A-Za-z0-9\-._~!$&'()*+,;=:@/%]/gu, (char) => encodeURIComponent(char));
}

const loopbackHosts = new Set(["127.0.0.1", "localhost", "[::1]"]);

function globalUrl(url: string, external: ExternalAddress): string {
  const match = /^([a-z]+:\/\/)(\[[^\]]*\]|[^:/?]*)(.*)$/i.exec(url);
  if (match === null || !loopbackHosts.has(match[2] ?? "")) return url;
  return `${match[1]}${external.host}${match[3]}`;
}
