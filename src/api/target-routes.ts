/** /api/v1/targets, targets/metadata, targets/relabel_steps, scrape_pools, scrape_pools/config and metadata. */

import { QueryError } from "../base/errors.ts";
import { compareUtf8, type Labels, LabelsBuilder, labelsFromObject } from "../model/labels.ts";
import type { MetricMetadata } from "../model/sample.ts";
import { success } from "./answers.ts";
import type { ActiveTarget, ApiSources, TargetMetadata } from "./api-sources.ts";
import { type Parameters, parseGoInteger, parseSelectorParameter } from "./parameters.ts";
import { requirePoolConfig, shownRule } from "./pool-relabelling.ts";

/** GET /api/v1/scrape_pools */
export function scrapePoolsRoute(sources: ApiSources): Response {
  return success({ scrapePools: [...sources.targets.scrapePools()].sort(compareUtf8) });
}

/** GET /api/v1/scrape_pools/config: the part of the configuration that makes a pool. */
export function scrapePoolConfigRoute(sources: ApiSources, parameters: Parameters): Response {
  const { yaml } = requirePoolConfig(sources.configYaml(), requiredPool(parameters));
  return success({ yaml });
}

/** GET /api/v1/targets/relabel_steps: what each relabel config of a pool makes of a label set. */
export function relabelStepsRoute(sources: ApiSources, parameters: Parameters): Response {
  const name = requiredPool(parameters);
  const text = parameters.get("labels") ?? "";
  if (text === "") throw new QueryError("bad_data", "no labels parameter provided");
  const labels = parseLabelsParameter(text);
  const { rules } = requirePoolConfig(sources.configYaml(), name);
  const builder = new LabelsBuilder(labels);
  let isKept = true;
  const steps = rules.map((rule) => {
    isKept = isKept && rule.program.run(builder);
    const output = isKept ? builder.labels().toObject() : {};
    return { rule: shownRule(rule), output, keep: isKept };
  });
  return success({ steps });
}

function requiredPool(parameters: Parameters): string {
  const name = parameters.get("scrapePool") ?? "";
  if (name === "") throw new QueryError("bad_data", "no scrapePool parameter provided");
  return name;
}

function parseLabelsParameter(text: string): Labels {
  try {
    const value = JSON.parse(text) as unknown;
    if (isLabelObject(value)) return labelsFromObject(value);
    throw new QueryError("bad_data", "error parsing labels: want an object of strings");
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown;
    throw new QueryError("bad_data", `error parsing labels: ${thrown.message}`);
  }
}

function isLabelObject(value: unknown): value is Readonly<Record<string, string>> {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((label) => typeof label === "string")
  );
}

/** GET /api/v1/targets */
export function targetsRoute(sources: ApiSources, parameters: Parameters): Response {
  const state = (parameters.get("state") ?? "").toLowerCase();
  const pool = parameters.get("scrapePool") ?? "";
  const isWanted = (target: { scrapePool: string }) => pool === "" || target.scrapePool === pool;
  const showsActive = state === "" || state === "any" || state === "active";
  const showsDropped = state === "" || state === "any" || state === "dropped";
  const active = showsActive ? sources.targets.activeTargets().filter(isWanted) : [];
  const dropped = showsDropped ? sources.targets.droppedTargets().filter(isWanted) : [];
  return success({
    activeTargets: inPoolOrder(active).map(activeTargetJson),
    droppedTargets: inPoolOrder(dropped).map((target) => ({
      discoveredLabels: target.discoveredLabels.toObject(),
      scrapePool: target.scrapePool,
    })),
    droppedTargetCounts: showsDropped ? sources.targets.droppedTargetCounts() : null,
  });
}

/** Pools by name; within a pool the order of discovery. */
function inPoolOrder<T extends { readonly scrapePool: string }>(targets: readonly T[]): T[] {
  return [...targets].sort((a, b) => compareUtf8(a.scrapePool, b.scrapePool));
}

function activeTargetJson(target: ActiveTarget): unknown {
  return {
    discoveredLabels: target.discoveredLabels.toObject(),
    labels: target.labels.toObject(),
    scrapePool: target.scrapePool,
    scrapeUrl: target.scrapeUrl,
    globalUrl: target.globalUrl,
    lastError: target.lastError,
    lastScrape: goTime(target.lastScrapeMs),
    lastScrapeDuration: target.lastScrapeDurationSeconds,
    health: target.health,
    scrapeInterval: target.scrapeInterval,
    scrapeTimeout: target.scrapeTimeout,
  };
}

/** RFC 3339; Go's zero time where there was none. */
export function goTime(ms: number | undefined): string {
  return ms === undefined ? "0001-01-01T00:00:00Z" : new Date(ms).toISOString();
}

/**
 * GET /api/v1/targets/metadata. As in Prometheus the limit is looked at between targets: the families
 * of one target come whole.
 */
export function targetMetadataRoute(sources: ApiSources, parameters: Parameters): Response {
  const limit = metadataLimit(parameters, "limit");
  const selector = parameters.get("match_target") ?? "";
  const matchers = selector === "" ? [] : parseSelectorParameter("match_target", selector);
  const metric = parameters.get("metric") ?? "";
  const rows: unknown[] = [];
  for (const target of inPoolOrder(sources.targets.activeTargets())) {
    if (limit >= 0 && rows.length >= limit) break;
    if (!matchers.every((matcher) => matcher.matches(target.labels.get(matcher.name)))) continue;
    rows.push(...targetMetadataRows(sources, target, metric));
  }
  return success(rows);
}

/** Families of one target; with `metric` only that one, whose name the row then leaves out. */
function targetMetadataRows(sources: ApiSources, target: ActiveTarget, metric: string): unknown[] {
  const labels = target.labels.toObject();
  return sources.targets
    .metadataOf(target)
    .filter((entry) => metric === "" || entry.metric === metric)
    .map(({ metric: name, type, help, unit }) => ({
      target: labels,
      ...(metric === "" ? { metric: name } : {}),
      type,
      help,
      unit,
    }));
}

/** GET /api/v1/metadata */
export function metadataRoute(sources: ApiSources, parameters: Parameters): Response {
  const limit = metadataLimit(parameters, "limit");
  const perMetricMax = metadataLimit(parameters, "limit_per_metric");
  const metric = parameters.get("metric") ?? "";
  const families = collectFamilies(sources, metric, perMetricMax);
  const names = [...families.keys()];
  const shown = limit >= 0 ? names.slice(0, limit) : names;
  const data: Record<string, unknown> = {};
  for (const name of shown) data[name] = families.get(name);
  return success(data);
}

type FamilyRow = Pick<MetricMetadata, "type" | "unit" | "help">;

function collectFamilies(
  sources: ApiSources,
  metric: string,
  perMetricMax: number,
): Map<string, FamilyRow[]> {
  const families = new Map<string, FamilyRow[]>();
  for (const target of sources.targets.activeTargets()) {
    for (const entry of sources.targets.metadataOf(target)) {
      if (metric === "" || entry.metric === metric) addFamily(families, entry, perMetricMax);
    }
  }
  return families;
}

/** One row for each distinct (type, unit, help) of a metric. */
function addFamily(families: Map<string, FamilyRow[]>, entry: TargetMetadata, max: number): void {
  const rows = families.get(entry.metric) ?? [];
  const { type, unit, help } = entry;
  const isKnown = rows.some((row) => row.type === type && row.unit === unit && row.help === help);
  if (isKnown || (max > 0 && rows.length >= max)) return;
  rows.push({ type, unit, help });
  families.set(entry.metric, rows);
}

function metadataLimit(parameters: Parameters, name: string): number {
  const text = parameters.get(name) ?? "";
  if (text === "") return -1;
  const limit = parseGoInteger(text);
  if (limit === undefined) throw new QueryError("bad_data", `${name} must be a number`);
  return limit;
}
