/**
 * What a metrics configuration would cost, counted: the real handlers run over past flows, and beside
 * them everything it is compared with (what is enabled now, other ways to write it), so that all counts
 * are of the same flows. Slices of a few ms; bounded by flows, time and series, and every bound that cut
 * is said in a sentence. Browser code sees the result through api/wire/studio.ts.
 */

import type { Clock } from "../../base/clock.ts";
import type { Flow } from "../../flow/model/flow.ts";
import { FlowTimeParser } from "../../flow/store/flow-time.ts";
import type { AnyFamily } from "../../metrics/families.ts";
import { parseMetricSpecs } from "../spec.ts";
import { type LabelShare, labelShares } from "./label-shares.ts";
import { monthlyCost, monthMs, type Price } from "./price.ts";
import { type GrowthBucket, type GrowthGuess, SeriesGrowth } from "./series-growth.ts";
import { type MetricsText, SpecCount, seriesPerChild } from "./spec-count.ts";
import { formatMetricSpec, isReduction, listVariants, type SpecVariant } from "./spec-variants.ts";
import { chunksOf, indexBytes, SampleMeter } from "./storage-cost.ts";
import { WorkSlice } from "./work-slice.ts";

/** Bounds unless told. */
export const previewLimits = { flowsMax: 500_000, timeMaxMs: 20_000, seriesMax: 250_000 } as const;
/** Agents that are counted one by one. */
const nodesMax = 100;
/** Flows between two looks at clock and series. */
const batchFlows = 512;
/** Blocks of a month: 36 h each, what compaction makes of 15 days of retention. */
const blocksPerMonth = 20;
const blockMs = 36 * 3_600_000;

/** Which other ways are counted: those of one handler, all or only such as can be cheaper. */
export interface VariantRequest {
  readonly handler: string;
  readonly which: "all" | "cheaper";
}

/** What is asked. */
export interface PreviewRequest {
  readonly text: MetricsText;
  /** What is enabled now; absent: no comparison. */
  readonly against?: readonly string[] | undefined;
  readonly variants?: VariantRequest | undefined;
  /** Of scrapes, ms. */
  readonly intervalMs: number;
  readonly price?: Price | undefined;
  readonly flowsMax?: number | undefined;
  readonly timeMaxMs?: number | undefined;
  readonly seriesMax?: number | undefined;
}

/** Series of one metric. */
export interface MetricCount {
  readonly metric: string;
  readonly type: string;
  readonly series: number;
  readonly labels: readonly string[];
}

/** Another way, counted. */
export interface CountedVariant extends SpecVariant {
  readonly series: number;
  readonly isOver: boolean;
}

/** What was counted. */
export interface Preview {
  readonly series: number;
  /** The count stopped: there are more. */
  readonly isOver: boolean;
  readonly byMetric: readonly MetricCount[];
  readonly byHandler: Readonly<Record<string, number>>;
  /** Sum over the agents, each exposing its own: what scraping all of them brings. */
  readonly agents: { readonly nodes: number; readonly series: number };
  readonly flows: number;
  /** ms since the epoch; null without a flow. */
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  readonly growth: {
    readonly widthMs: number;
    readonly buckets: readonly GrowthBucket[];
    readonly guess: GrowthGuess | null;
  };
  readonly cost: PreviewCost;
  readonly labels: readonly LabelShare[];
  readonly variants: readonly CountedVariant[];
  /** The cheaper way that loses least; null where none was found or asked for. */
  readonly suggestion: CountedVariant | null;
  /** Against what is enabled now; null where that was not given. */
  readonly against: PreviewDifference | null;
  /** What was cut, and what the figures leave out. */
  readonly notes: readonly string[];
  readonly tookMs: number;
}

/** What it would cost. */
export interface PreviewCost {
  readonly intervalMs: number;
  readonly samplesPerSecond: number;
  readonly samplesPerMonth: number;
  /** Measured on these series; null where the window is too short. */
  readonly bytesPerSample: number | null;
  readonly sampleBytesPerMonth: number | null;
  readonly indexBytesPerMonth: number;
  readonly bytesPerMonth: number | null;
  /** Null without a price. */
  readonly money: { readonly perMonth: number; readonly currency: string } | null;
}

/** What would change. */
export interface PreviewDifference {
  readonly series: number;
  readonly change: number;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly byHandler: Readonly<Record<string, number>>;
}

/** Counts. Throws ConfigError where the agent would refuse the text; an abort ends it early with what there is. */
export async function previewMetrics(
  request: PreviewRequest,
  flows: AsyncIterable<readonly Flow[]>,
  { clock, signal }: { readonly clock: Clock; readonly signal?: AbortSignal | undefined },
): Promise<Preview> {
  const run = new PreviewRun(request, clock);
  const startedMs = clock.monotonicMs();
  const slice = new WorkSlice(clock, signal);
  outer: for await (const batch of flows) {
    for (let from = 0; from < batch.length; from += batchFlows) {
      const room = run.flowsLeft;
      run.take(batch, from, Math.min(from + batchFlows, batch.length, from + room));
      if (run.flowsLeft === 0 && (from + room < batch.length || room === 0)) {
        run.cut("flows");
        break outer;
      }
      await slice.pauseIfOver();
      if (slice.isAborted) break outer;
      if (clock.monotonicMs() - startedMs > (request.timeMaxMs ?? previewLimits.timeMaxMs)) {
        run.cut("time");
        break outer;
      }
    }
  }
  await slice.pauseIfOver();
  return run.result(clock.monotonicMs() - startedMs);
}

/** A variant at work. */
interface VariantCount {
  readonly variant: SpecVariant;
  readonly count: SpecCount;
}

class PreviewRun {
  readonly #request: PreviewRequest;
  readonly #main: SpecCount;
  readonly #against: SpecCount | undefined;
  readonly #variants: readonly VariantCount[];
  readonly #nodes = new Map<string, SpecCount>();
  readonly #makeCount: (text: MetricsText) => SpecCount;
  readonly #growth = new SeriesGrowth();
  readonly #meter: SampleMeter;
  readonly #time = new FlowTimeParser();
  readonly #cuts = new Set<"flows" | "time">();
  #hasMoreNodes = false;
  #flows = 0;
  #lastMs = Number.NaN;

  constructor(request: PreviewRequest, clock: Clock) {
    const { text, against, variants, seriesMax = previewLimits.seriesMax } = request;
    this.#request = request;
    this.#makeCount = (one) => new SpecCount(one, { clock, seriesMax });
    this.#main = this.#makeCount(text);
    this.#against = against === undefined ? undefined : this.#makeCount({ metrics: against });
    this.#variants = variantsOf(text, variants).map((variant) => ({
      variant,
      count: this.#makeCount({ metrics: [variant.metric] }),
    }));
    this.#meter = new SampleMeter(this.#main.registry, request.intervalMs);
  }

  get flowsLeft(): number {
    return (this.#request.flowsMax ?? previewLimits.flowsMax) - this.#flows;
  }

  cut(what: "flows" | "time"): void {
    this.#cuts.add(what);
  }

  take(flows: readonly Flow[], from: number, to: number): void {
    for (let i = from; i < to; i++) this.#takeOne(flows[i] as Flow);
    const counts = [this.#main, this.#against, ...this.#nodes.values()];
    for (const count of counts) count?.series();
    for (const { count } of this.#variants) {
      for (let i = from; i < to; i++) count.process(flows[i] as Flow);
      count.series();
    }
  }

  #takeOne(flow: Flow): void {
    this.#flows++;
    if (flow.time !== undefined && this.#time.parse(flow.time)) {
      const { ms } = this.#time;
      if (ms >= this.#growth.bucketEndMs) this.#growth.note(ms, this.#main.series());
      if (ms >= this.#meter.nextMs) this.#meter.step(ms);
      this.#lastMs = ms;
    }
    this.#main.process(flow);
    this.#against?.process(flow);
    this.#nodeOf(flow)?.process(flow);
  }

  #nodeOf(flow: Flow): SpecCount | undefined {
    const name = flow.node_name ?? "";
    const known = this.#nodes.get(name);
    if (known !== undefined) return known;
    if (this.#nodes.size >= nodesMax) {
      this.#hasMoreNodes = true;
      return undefined;
    }
    const count = this.#makeCount(this.#request.text);
    this.#nodes.set(name, count);
    return count;
  }

  result(tookMs: number): Preview {
    const series = this.#main.series();
    if (!Number.isNaN(this.#lastMs)) {
      this.#growth.note(this.#lastMs, series);
      this.#meter.step(this.#lastMs);
    }
    const families = this.#main.registry.collect();
    const counted = this.#countedVariants();
    let agentSeries = 0;
    for (const count of this.#nodes.values()) agentSeries += count.series();
    return {
      series,
      isOver: this.#main.isOver,
      byMetric: families.map((family) => ({
        metric: family.name,
        type: family.type,
        series: family.seriesCount * seriesPerChild(family),
        labels: family.labelNames,
      })),
      byHandler: byHandler(families),
      agents: { nodes: this.#nodes.size, series: agentSeries },
      flows: this.#flows,
      firstMs: orNull(this.#growth.firstMs),
      lastMs: orNull(this.#growth.lastMs),
      growth: { ...this.#growth.buckets(), guess: this.#growth.guess() ?? null },
      cost: this.#cost(series, families),
      labels: labelShares(families),
      variants: counted,
      suggestion: bestReduction(counted, this.#handlerSeries(families)),
      against: this.#difference(series),
      notes: this.#notes(),
      tookMs,
    };
  }

  #countedVariants(): CountedVariant[] {
    return this.#variants.map(({ variant, count }) => ({
      ...variant,
      series: count.series(),
      isOver: count.isOver,
    }));
  }

  /** Series of the handler that variants are of. */
  #handlerSeries(families: readonly AnyFamily[]): number {
    const { variants } = this.#request;
    return variants === undefined ? 0 : (byHandler(families)[variants.handler] ?? 0);
  }

  #cost(series: number, families: readonly AnyFamily[]): PreviewCost {
    const { intervalMs, price } = this.#request;
    const samplesPerMonth = (series * monthMs) / intervalMs;
    const perSample = this.#meter.bytesPerSample()?.bytes ?? null;
    const chunksPerBlock = chunksOf(blockMs, intervalMs);
    let index = 0;
    for (const family of families) index += indexBytes(family, chunksPerBlock);
    const indexBytesPerMonth = index * blocksPerMonth;
    const sampleBytesPerMonth = perSample === null ? null : perSample * samplesPerMonth;
    return {
      intervalMs,
      samplesPerSecond: (series * 1000) / intervalMs,
      samplesPerMonth,
      bytesPerSample: perSample,
      sampleBytesPerMonth,
      indexBytesPerMonth,
      bytesPerMonth: sampleBytesPerMonth === null ? null : sampleBytesPerMonth + indexBytesPerMonth,
      money:
        price === undefined
          ? null
          : { perMonth: monthlyCost(price, series, intervalMs), currency: price.currency },
    };
  }

  #difference(series: number): PreviewDifference | null {
    const { against, text } = this.#request;
    if (this.#against === undefined || against === undefined) return null;
    const wanted = "config" in text ? [] : specTexts(text.metrics);
    const now = specTexts(against);
    const before = this.#against.series();
    return {
      series: before,
      change: series - before,
      added: wanted.filter((one) => !now.includes(one)),
      removed: now.filter((one) => !wanted.includes(one)),
      byHandler: byHandler(this.#against.registry.collect()),
    };
  }

  #notes(): string[] {
    const { flowsMax = previewLimits.flowsMax, timeMaxMs = previewLimits.timeMaxMs } =
      this.#request;
    const { seriesMax = previewLimits.seriesMax } = this.#request;
    const notes: string[] = [];
    const until = Number.isNaN(this.#lastMs) ? "" : ` (to ${new Date(this.#lastMs).toISOString()})`;
    const least = "counts are at least what is shown";
    if (this.#cuts.has("flows")) {
      notes.push(`Only the first ${flowsMax} flows were counted${until}: ${least}.`);
    }
    if (this.#cuts.has("time")) {
      notes.push(
        `Counting stopped after ${timeMaxMs / 1000} s, at ${this.#flows} flows${until}: ${least}.`,
      );
    }
    if (this.#main.isOver) notes.push(`Counting stopped above ${seriesMax} series.`);
    if (this.#hasMoreNodes) {
      notes.push(
        `Only ${nodesMax} nodes were counted one by one; the sum over agents is at least what is shown.`,
      );
    }
    if (this.#meter.bytesPerSample() === undefined && this.#flows > 0) {
      notes.push("The window is too short to measure the bytes of a sample at this interval.");
    }
    return notes;
  }
}

function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function specTexts(items: readonly string[]): string[] {
  return parseMetricSpecs(items).map(formatMetricSpec);
}

function variantsOf(text: MetricsText, request: VariantRequest | undefined): SpecVariant[] {
  if (request === undefined || "config" in text) return [];
  const spec = parseMetricSpecs(text.metrics).find(({ name }) => name === request.handler);
  if (spec === undefined) return [];
  const all = listVariants(formatMetricSpec(spec));
  return request.which === "all" ? all : all.filter(isReduction);
}

/** Families carry no handler's name; Hubble's metrics begin with it. */
const handlerPrefixes: readonly (readonly [prefix: string, handler: string])[] = [
  ["hubble_flows_to_world_", "flows-to-world"],
  ["hubble_flows_", "flow"],
  ["hubble_port_distribution_", "port-distribution"],
  ["hubble_http_", "http"],
  ["hubble_dns_", "dns"],
  ["hubble_drop_", "drop"],
  ["hubble_tcp_", "tcp"],
  ["hubble_icmp_", "icmp"],
  ["hubble_kafka_", "kafka"],
  ["hubble_policy_", "policy"],
];

function byHandler(families: readonly AnyFamily[]): Record<string, number> {
  const series: Record<string, number> = {};
  for (const family of families) {
    const name = handlerPrefixes.find(([prefix]) => family.name.startsWith(prefix))?.[1];
    const count = family.seriesCount * seriesPerChild(family);
    for (const handler of name === "http" ? ["http", "httpV2"] : [name ?? family.name]) {
      series[handler] = (series[handler] ?? 0) + count;
    }
  }
  return series;
}

/** Less than this saved is not worth a change. */
const savingMin = 0.2;

/** Replacing tells who still; so that comes first, then dropping one thing; of each the one that saves most. */
function bestReduction(variants: readonly CountedVariant[], now: number): CountedVariant | null {
  const worth = variants.filter(
    (variant) =>
      isReduction(variant) &&
      variant.value !== "" &&
      !variant.isOver &&
      variant.series > 0 &&
      variant.series <= now * (1 - savingMin),
  );
  const rank = ({ kind, isOn }: CountedVariant) =>
    kind === "replace" || (isOn && kind !== "label") ? 0 : 1;
  // An end that has no context now would get one: that adds knowledge, it never saves.
  worth.sort((a, b) => rank(a) - rank(b) || a.series - b.series);
  return worth[0] ?? null;
}
