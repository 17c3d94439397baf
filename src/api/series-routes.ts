/** /api/v1/series, labels and label/NAME/values. */

import { QueryError } from "../base/errors.ts";
import { compareLabels, compareUtf8, type Labels, quoteString } from "../model/labels.ts";
import type { Matcher } from "../model/matcher.ts";
import type { LabelResult, Querier } from "../storage/storage.ts";
import { success, truncate } from "./answers.ts";
import type { ApiSources } from "./api-sources.ts";
import { unescapeName } from "./name-escaping.ts";
import {
  matcherSets,
  maxTimeMs,
  minTimeMs,
  namedMatcherSets,
  optionalLimit,
  optionalTime,
  type Parameters,
} from "./parameters.ts";

/** GET or POST /api/v1/series */
export async function seriesRoute(sources: ApiSources, parameters: Parameters): Promise<Response> {
  if (!parameters.has("match[]")) throw new QueryError("bad_data", "no match[] parameter provided");
  const limit = optionalLimit(parameters);
  return await withQuerier(sources, parameters, async (querier, range) => {
    const sets = namedMatcherSets(parameters);
    const byKey = new Map<string, Labels>();
    const warnings: string[] = [];
    for (const matchers of sets) {
      const found = await querier.select(matchers, {
        ...range,
        limit: limit === 0 ? 0 : limit + 1,
      });
      for (const series of found.series) byKey.set(series.labels.key, series.labels);
      warnings.push(...found.warnings);
    }
    const cut = truncate([...byKey.values()].sort(compareLabels), limit);
    const data = cut.values.map((labels) => labels.toObject());
    return success(data, { warnings: [...warnings, ...cut.warnings] });
  });
}

/** GET or POST /api/v1/labels */
export async function labelNamesRoute(
  sources: ApiSources,
  parameters: Parameters,
): Promise<Response> {
  return await labelRoute(sources, parameters, (querier, matchers) => querier.labelNames(matchers));
}

/** GET /api/v1/label/NAME/values; a name may be written with Prometheus' `U__` escapes. */
export async function labelValuesRoute(
  sources: ApiSources,
  parameters: Parameters,
  escapedName: string,
): Promise<Response> {
  const name = unescapeName(escapedName);
  if (name === "" || /[\ud800-\udfff]/u.test(name)) {
    throw new QueryError("bad_data", `invalid label name: ${quoteString(name)}`);
  }
  return await labelRoute(sources, parameters, (querier, matchers) =>
    querier.labelValues(name, matchers),
  );
}

async function labelRoute(
  sources: ApiSources,
  parameters: Parameters,
  read: (querier: Querier, matchers: readonly Matcher[]) => Promise<LabelResult>,
): Promise<Response> {
  const limit = optionalLimit(parameters);
  return await withQuerier(sources, parameters, async (querier) => {
    const sets = matcherSets(parameters);
    const values = new Set<string>();
    const warnings: string[] = [];
    for (const matchers of sets.length === 0 ? [[]] : sets) {
      const found = await read(querier, matchers);
      for (const value of found.values) values.add(value);
      warnings.push(...found.warnings);
    }
    const cut = truncate([...values].sort(compareUtf8), limit);
    return success(cut.values, { warnings: [...warnings, ...cut.warnings] });
  });
}

async function withQuerier(
  sources: ApiSources,
  parameters: Parameters,
  use: (querier: Querier, range: { startMs: number; endMs: number }) => Promise<Response>,
): Promise<Response> {
  const startMs = optionalTime(parameters, "start", minTimeMs);
  const endMs = optionalTime(parameters, "end", maxTimeMs);
  const querier = sources.queryable.querier(startMs, endMs);
  try {
    return await use(querier, { startMs, endMs });
  } finally {
    querier.close();
  }
}
