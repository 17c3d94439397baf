/**
 * Rows of the OpenAPI document for the Metrics studio, with the schemas of what it takes and answers
 * (src/api/wire/studio.ts). They are in the document of a server that has the routes.
 */

import type { OperationSpec } from "./operations.ts";
import { type JsonSchema, listOf, mapOf, record, ref } from "./schemas.ts";

const text: JsonSchema = { type: "string" };
const number: JsonSchema = { type: "number" };
const count: JsonSchema = { type: "integer", minimum: 0 };
const whole: JsonSchema = { type: "integer" };
const flag: JsonSchema = { type: "boolean" };
const texts = listOf(text);

/** A schema that may also be null. */
function orNull(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: "null" }] };
}

const variant = record({
  kind: { enum: ["source", "destination", "label", "option", "replace"] },
  value: text,
  isOn: flag,
  metric: text,
  what: text,
  series: count,
  isOver: flag,
});

/** Components, beside those of schemas.ts. */
export const studioSchemas: Readonly<Record<string, JsonSchema>> = {
  Studio: record({
    handlers: listOf(
      record({ name: text, summary: text, options: mapOf(text), conflictsWith: texts }),
    ),
    contexts: texts,
    labels: texts,
    contextOptions: texts,
    now: ref("StudioChoice"),
    flows: record({ count, oldestMs: orNull(number), newestMs: orNull(number) }),
    intervalMs: number,
    priceExample: text,
  }),
  StudioChoice: record({
    metrics: orNull(texts),
    source: { enum: ["default", "flag", "file", "studio"] },
    isStored: flag,
  }),
  StudioCheck: record({
    isAccepted: flag,
    findings: listOf(
      record({
        item: count,
        start: count,
        end: count,
        effect: { enum: ["refused", "panics", "skipped", "misread", "ignored", "costly"] },
        message: text,
        mend: text,
        "replacement?": text,
      }),
    ),
  }),
  StudioPreview: record({
    series: count,
    isOver: flag,
    byMetric: listOf(record({ metric: text, type: text, series: count, labels: texts })),
    byHandler: mapOf(count),
    agents: record({ nodes: count, series: count }),
    flows: count,
    firstMs: orNull(number),
    lastMs: orNull(number),
    growth: record({
      widthMs: number,
      buckets: listOf(record({ startMs: number, newSeries: whole })),
      guess: orNull(
        record({ newPerHour: number, inOneDay: whole, inThirtyDays: whole, basis: text }),
      ),
    }),
    cost: record({
      intervalMs: number,
      samplesPerSecond: number,
      samplesPerMonth: number,
      bytesPerSample: orNull(number),
      sampleBytesPerMonth: orNull(number),
      indexBytesPerMonth: number,
      bytesPerMonth: orNull(number),
      money: orNull(record({ perMonth: number, currency: text })),
    }),
    labels: listOf(
      record({
        label: text,
        values: count,
        series: count,
        top: listOf(record({ value: text, series: count, share: number })),
      }),
    ),
    variants: listOf(variant),
    suggestion: orNull(variant),
    against: orNull(
      record({
        series: count,
        change: whole,
        added: texts,
        removed: texts,
        byHandler: mapOf(count),
      }),
    ),
    notes: texts,
    tookMs: number,
  }),
  StudioHelm: record({ yaml: text, set: orNull(text), notes: texts }),
  StudioBackfill: record({
    state: { enum: ["none", "running", "done", "cancelled", "failed"] },
    metrics: texts,
    sinceMs: number,
    untilMs: number,
    atMs: number,
    flows: count,
    series: count,
    samples: count,
    refused: count,
    message: text,
  }),
};

function row(method: string, path: string, summary: string, schema: string): OperationSpec {
  return {
    path: `/api/ciliascope/v1/studio${path}`,
    methods: [method],
    tag: "studio",
    summary,
    body: ref(schema),
  };
}

/** The rows. */
export const studioOperations: readonly OperationSpec[] = [
  row("get", "", "Handlers, contexts, labels, and what is counted now", "Studio"),
  row("post", "/check", "What the agent would make of a metrics configuration", "StudioCheck"),
  row("post", "/preview", "Count what it would cost, on kept flows", "StudioPreview"),
  row("post", "/helm", "The same as Helm values", "StudioHelm"),
  row("post", "/apply", "Count these here from now on", "StudioChoice"),
  row("get", "/backfill", "How the back-fill stands", "StudioBackfill"),
  row("post", "/backfill", "Write metrics of past flows into storage", "StudioBackfill"),
  row("delete", "/backfill", "Cancel the back-fill", "StudioBackfill"),
];
