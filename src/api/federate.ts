/**
 * /federate: the latest sample of each selected series in the text format, external labels appended.
 * Types are written as `untyped`, as Prometheus does for floats.
 */

import { ParseError } from "../base/errors.ts";
import {
  compareLabels,
  compareUtf8,
  isLegacyMetricName,
  type Labels,
  metricNameLabel,
} from "../model/labels.ts";
import { SampleBuffer } from "../model/sample.ts";
import { formatGoFloat } from "../model/value-format.ts";
import { plainText } from "./answers.ts";
import type { ApiSources } from "./api-sources.ts";
import { type EscapingScheme, escapeName, escapingOf } from "./name-escaping.ts";
import { type Parameters, parseMatcherSets } from "./parameters.ts";

const contentType = "text/plain; version=0.0.4; charset=utf-8";

interface LatestSample {
  readonly labels: Labels;
  readonly timestampMs: number;
  readonly value: number;
}

/** GET /federate */
export async function federateRoute(
  sources: ApiSources,
  parameters: Parameters,
  options: { readonly lookbackDeltaMs: number; readonly accept: string },
): Promise<Response> {
  let sets: ReturnType<typeof parseMatcherSets>;
  try {
    sets = parseMatcherSets(parameters);
  } catch (thrown) {
    if (!(thrown instanceof ParseError)) throw thrown;
    return plainText(400, thrown.message);
  }
  const endMs = sources.clock.nowMs();
  const startMs = endMs - options.lookbackDeltaMs;
  const querier = sources.queryable.querier(startMs, endMs);
  const latest = new Map<string, LatestSample>();
  try {
    const buffer = new SampleBuffer();
    for (const matchers of sets) {
      // Storage of Prometheus finds nothing for `{}`.
      if (matchers.length === 0) continue;
      const found = await querier.select(matchers, { startMs, endMs });
      for (const series of found.series) {
        buffer.clear();
        series.readSamples(buffer, startMs + 1, endMs);
        const last = buffer.count - 1;
        // The text format has no native histograms.
        const isHistogram = buffer.histograms?.[last] !== undefined;
        if (last < 0 || buffer.isStale(last) || isHistogram) continue;
        latest.set(series.labels.key, {
          labels: series.labels,
          timestampMs: buffer.timestampsMs[last] as number,
          value: buffer.values[last] as number,
        });
      }
    }
  } finally {
    querier.close();
  }
  const scheme = escapingOf(options.accept);
  return new Response(renderFederation([...latest.values()], sources, scheme), {
    headers: { "content-type": `${contentType}; escaping=${scheme}` },
  });
}

function renderFederation(
  samples: LatestSample[],
  sources: ApiSources,
  scheme: EscapingScheme,
): string {
  samples.sort(
    (a, b) =>
      compareUtf8(a.labels.metricName, b.labels.metricName) || compareLabels(a.labels, b.labels),
  );
  let text = "";
  let previousName = "";
  for (const sample of samples) {
    const name = sample.labels.metricName;
    if (name !== previousName) text += `# TYPE ${writtenName(name, scheme)} untyped\n`;
    previousName = name;
    text += `${sampleLine(sample, sources.externalLabels(), scheme)}\n`;
  }
  return text;
}

function sampleLine(sample: LatestSample, externalLabels: Labels, scheme: EscapingScheme): string {
  const name = writtenName(sample.labels.metricName, scheme);
  // A name in quotes stands among the labels.
  const isQuoted = name.startsWith('"');
  const parts = isQuoted ? [name] : [];
  const add = (label: string, value: string) => {
    parts.push(`${writtenName(label, scheme)}=${quoteText(value)}`);
  };
  sample.labels.forEach((label, value) => {
    if (label !== metricNameLabel) add(label, value);
  });
  externalLabels.forEach((label, value) => {
    if (!sample.labels.has(label)) add(label, value);
  });
  if (!sample.labels.has("instance") && !externalLabels.has("instance")) parts.push('instance=""');
  const labels = parts.length === 0 ? "" : `{${parts.join(",")}}`;
  return `${isQuoted ? "" : name}${labels} ${formatGoFloat(sample.value)} ${sample.timestampMs}`;
}

/** The name as the scheme has it, in quotes where the classic format still cannot write it. */
function writtenName(name: string, scheme: EscapingScheme): string {
  const escaped = escapeName(name, scheme);
  return isLegacyMetricName(escaped) ? escaped : quoteText(escaped);
}

/** In quotes, with the three escapes of the text format. */
function quoteText(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&").replaceAll("\n", "\\n")}"`;
}
