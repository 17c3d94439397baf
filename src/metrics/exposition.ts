/**
 * Writes a registry as Prometheus text 0.0.4 or OpenMetrics 1.0.0, byte for byte as Go's promhttp
 * does: families by name, series by label values, families without series left out, no `_created`.
 * O(series); a child's labels are rendered once and kept.
 */

import type { Exemplar } from "../model/sample.ts";
import { formatGoFloat, formatOpenMetricsFloat } from "../model/value-format.ts";
import type {
  AnyFamily,
  Counter,
  Gauge,
  Histogram,
  HistogramFamily,
  Summary,
  SummaryFamily,
} from "./families.ts";
import type { MetricChild, MetricFamily } from "./metric-family.ts";
import type { Registry } from "./registry.ts";

/** Which exposition a client wants, and the header to answer with. */
export interface ExpositionChoice {
  readonly format: "text" | "openmetrics";
  readonly contentType: string;
}

const totalSuffix = "_total";
const pieceChars = 65_536;
const openMetricsType = "application/openmetrics-text";
const escapingSchemes: ReadonlySet<string> = new Set([
  "allow-utf-8",
  "underscores",
  "dots",
  "values",
]);

/** Prometheus text format 0.0.4. */
export function renderText(registry: Registry): string {
  return joined(renderPieces(registry, "text"));
}

/** OpenMetrics text format 1.0.0, exemplars included. */
export function renderOpenMetrics(registry: Registry): string {
  return joined(renderPieces(registry, "openmetrics"));
}

/** Renders in the format of `choice`. */
export function renderExposition(registry: Registry, choice: ExpositionChoice): string {
  return joined(renderPieces(registry, choice.format));
}

/**
 * The exposition in pieces of about 64 KiB, for pages of a million series: others may have a turn after each, also after
 * an empty one. A child is rendered at once, so that a histogram's series agree; families may be of different moments.
 */
export function* renderPieces(
  registry: Registry,
  format: ExpositionChoice["format"],
): Generator<string> {
  const isText = format === "text";
  const style = isText ? textStyle : openMetricsStyle;
  let piece = "";
  for (const family of registry.collect()) {
    if (family.seriesCount === 0) continue;
    piece += isText ? textHead(family) : openMetricsHead(family);
    const rendered = renderFamily(family, style);
    for (;;) {
      const step = rendered.next();
      if (step.done === true) break;
      piece += step.value;
      if (step.value !== "" && piece.length < pieceChars) continue;
      yield piece;
      piece = "";
    }
  }
  yield isText ? piece : `${piece}# EOF\n`;
}

function joined(pieces: Iterable<string>): string {
  let out = "";
  for (const piece of pieces) out += piece;
  return out;
}

function textHead({ name, help, type }: AnyFamily): string {
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
}

function openMetricsHead({ name, help, type }: AnyFamily): string {
  const isCompliantCounter = type === "counter" && name.endsWith(totalSuffix);
  const shownName = isCompliantCounter ? name.slice(0, -totalSuffix.length) : name;
  // A counter without _total would be invalid as such; the Go client calls it unknown.
  const shownType = type === "counter" && !isCompliantCounter ? "unknown" : type;
  return `# HELP ${shownName} ${escapeLabelValue(help)}\n# TYPE ${shownName} ${shownType}\n`;
}

/**
 * Chooses by an Accept header as promhttp with EnableOpenMetrics does; text where nothing fits. A
 * departure: protobuf is not offered, so a client that prefers it gets the next one it names.
 */
export function negotiateExposition(acceptHeader: string | undefined): ExpositionChoice {
  let escaping = "underscores";
  for (const { type, parameters } of parseAccept(acceptHeader ?? "")) {
    const wanted = parameters.get("escaping");
    if (wanted !== undefined && escapingSchemes.has(wanted)) escaping = wanted;
    const version = parameters.get("version");
    if (type === "text/plain" && (version === undefined || version === "0.0.4")) break;
    if (type !== openMetricsType) continue;
    if (version === undefined || version === "0.0.1" || version === "1.0.0") {
      return {
        format: "openmetrics",
        contentType: `${openMetricsType}; version=${version ?? "0.0.1"}; charset=utf-8; escaping=${escaping}`,
      };
    }
  }
  return {
    format: "text",
    contentType: `text/plain; version=0.0.4; charset=utf-8; escaping=${escaping}`,
  };
}

interface AcceptEntry {
  readonly type: string;
  readonly quality: number;
  readonly parameters: ReadonlyMap<string, string>;
}

/** The entries of an Accept header, preferred ones first; equal ones in the order written. */
function parseAccept(header: string): AcceptEntry[] {
  const entries: AcceptEntry[] = [];
  for (const part of header.split(",")) {
    const [type = "", ...rest] = part.split(";");
    if (type.trim() === "") continue;
    const parameters = new Map<string, string>();
    for (const text of rest) {
      const [name = "", value = ""] = text.split("=");
      parameters.set(name.trim(), value.trim());
    }
    const quality = Number(parameters.get("q") ?? "1");
    entries.push({
      type: type.trim(),
      quality: Number.isNaN(quality) ? 1 : quality,
      parameters,
    });
  }
  return entries.sort((a, b) => b.quality - a.quality);
}

/** What differs between the two formats below the family's head. */
interface Style {
  readonly float: (value: number) => string;
  /** Counts of histograms and summaries. */
  readonly count: (value: number) => string;
  readonly exemplar: (exemplar: Exemplar | undefined) => string;
}

const textStyle: Style = { float: formatTextFloat, count: formatTextFloat, exemplar: () => "" };
const openMetricsStyle: Style = {
  float: formatOpenMetricsFloat,
  count: (value) => value.toFixed(0),
  exemplar: renderExemplar,
};

/** The lines of a child each; "" while children are put in order. */
function* renderFamily(family: AnyFamily, style: Style): Generator<string> {
  switch (family.type) {
    case "counter":
    case "gauge":
      for (const child of yield* childrenOf<MetricChild>(family)) {
        yield renderSimple(family, child as Counter | Gauge, style);
      }
      return;
    case "histogram":
      for (const child of yield* childrenOf<Histogram>(family)) {
        yield renderHistogram(family, child, style);
      }
      return;
    case "summary":
      for (const child of yield* childrenOf<Summary>(family)) {
        yield renderSummary(family, child, style);
      }
  }
}

function* childrenOf<Child extends MetricChild>(
  family: MetricFamily<Child>,
): Generator<string, readonly Child[]> {
  const steps = family.sortInSteps();
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    yield "";
  }
}

function renderSimple(family: AnyFamily, child: Counter | Gauge, style: Style): string {
  const labels = labelTextOf(child, family);
  const exemplar = style.exemplar((child as Counter).exemplar);
  return `${family.name}${labels === "" ? "" : `{${labels}}`} ${style.float(child.value)}${exemplar}\n`;
}

function renderHistogram(family: HistogramFamily, child: Histogram, style: Style): string {
  const labels = labelTextOf(child, family);
  const head = `${family.name}_bucket{${labels === "" ? "" : `${labels},`}`;
  return renderBuckets(head, child, style) + renderSumAndCount(family.name, labels, child, style);
}

function renderBuckets(head: string, child: Histogram, style: Style): string {
  let out = "";
  let cumulative = 0;
  for (let i = 0; i <= child.bounds.length; i++) {
    const bound = child.bounds[i] ?? Number.POSITIVE_INFINITY;
    cumulative += child.counts[i] as number;
    out += `${head}le="${style.float(bound)}"} ${style.count(cumulative)}${style.exemplar(child.exemplars[i])}\n`;
  }
  return out;
}

function renderSummary(family: SummaryFamily, child: Summary, style: Style): string {
  let out = "";
  const labels = labelTextOf(child, family);
  const values = child.quantileValues(family.quantiles);
  for (const [index, quantile] of family.quantiles.entries()) {
    const value = style.float(values[index] as number);
    out += `${family.name}{${labels === "" ? "" : `${labels},`}quantile="${style.float(quantile)}"} ${value}\n`;
  }
  return out + renderSumAndCount(family.name, labels, child, style);
}

function renderSumAndCount(
  name: string,
  labels: string,
  child: { readonly sum: number; readonly count: number },
  style: Style,
): string {
  const braced = labels === "" ? "" : `{${labels}}`;
  return `${name}_sum${braced} ${style.float(child.sum)}\n${name}_count${braced} ${style.count(child.count)}\n`;
}

function labelTextOf(child: MetricChild, family: AnyFamily): string {
  if (child.labelText === "" && family.labelNames.length > 0) {
    child.labelText = family.labelOrder
      .map((i) => `${family.labelNames[i]}="${escapeLabelValue(child.labelValues[i] as string)}"`)
      .join(",");
  }
  return child.labelText;
}

function renderExemplar(exemplar: Exemplar | undefined): string {
  if (exemplar === undefined) return "";
  const parts: string[] = [];
  exemplar.labels.forEach((name, value) => {
    parts.push(`${name}="${escapeLabelValue(value)}"`);
  });
  const time =
    exemplar.timestampMs === undefined
      ? ""
      : ` ${formatOpenMetricsFloat(exemplar.timestampMs / 1000)}`;
  return ` # {${parts.join(",")}} ${formatOpenMetricsFloat(exemplar.value)}${time}`;
}

/** Small whole numbers need no shortest-digits search; -0 is written 0, as the Go client does. */
function formatTextFloat(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1_000_000) return String(value);
  return formatGoFloat(value);
}

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

const needsEscape = /["\\\n]/;

function escapeLabelValue(text: string): string {
  return needsEscape.test(text) ? escapeHelp(text).replaceAll('"', '\\"') : text;
}
