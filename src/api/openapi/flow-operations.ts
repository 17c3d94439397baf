/**
 * Rows of the OpenAPI document for flows, the service map and flow sources, with the schemas of what they
 * answer (src/api/wire/flows.ts, map.ts, flow-sources.ts). They are in the document of a server that has
 * the routes.
 */

import type { OperationSpec } from "./operations.ts";
import { type JsonSchema, listOf, mapOf, record, ref } from "./schemas.ts";

const text: JsonSchema = { type: "string" };
const number: JsonSchema = { type: "number" };
const count: JsonSchema = { type: "integer", minimum: 0 };
const flag: JsonSchema = { type: "boolean" };
const counts = mapOf(count);

/** A schema that may also be null. */
function orNull(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: "null" }] };
}

const stretches = listOf(record({ fromMs: number, untilMs: number }));
const latency = record({ count, p50Ms: number, p90Ms: number, p99Ms: number });
const change: JsonSchema = { enum: ["new", "gone", "same", ""] };

/** Components, beside those of schemas.ts. */
export const flowSchemas: Readonly<Record<string, JsonSchema>> = {
  Flow: {
    type: "object",
    description:
      "flow.Flow of Hubble's API in the JSON of protobuf, field names as in the .proto; defaults are left out.",
    additionalProperties: true,
    properties: {
      time: { type: "string", format: "date-time" },
      uuid: text,
      verdict: { anyOf: [text, { type: "integer" }] },
      source: { type: "object" },
      destination: { type: "object" },
    },
  },
  Buckets: record({ startMs: number, stepMs: number, count }),
  /** The place is that of what is wrong in `q`, UTF-16 units. */
  FilterError: record({ error: text, "start?": count, "end?": count }),
  Flows: record({
    flows: listOf(ref("Flow")),
    cursor: orNull(text),
    matched: orNull(count),
    total: orNull(count),
    tookMs: number,
  }),
  FlowGroups: record({
    fields: listOf(text),
    groups: listOf(
      record({
        values: listOf(text),
        flows: count,
        perSecond: number,
        firstMs: number,
        lastMs: number,
        history: listOf(count),
        filter: text,
      }),
    ),
    matched: count,
    groupCount: count,
    other: count,
    buckets: ref("Buckets"),
    tookMs: number,
  }),
  FlowValues: record({
    field: text,
    values: listOf(record({ value: text, flows: count })),
    valueCount: count,
  }),
  FlowTimeline: record({
    buckets: ref("Buckets"),
    byVerdict: mapOf(listOf(count)),
    off: stretches,
    oldestMs: orNull(number),
    newestMs: orNull(number),
    tookMs: number,
  }),
  FlowCompleteness: record({
    seen: count,
    lost: count,
    share: number,
    nodes: listOf(record({ node: text, seen: count, lost: counts, share: number, mend: text })),
    off: stretches,
  }),
  FlowFields: record({
    fields: listOf(text),
    flags: listOf(record({ flag: text, help: text, isBare: flag })),
  }),
  FlowStore: record({
    flows: count,
    bytes: count,
    segments: count,
    blocks: count,
    oldestMs: orNull(number),
    newestMs: orNull(number),
    lost: count,
    corruptBlocks: count,
    retentionMs: number,
    retentionBytes: number,
  }),
  FlowSources: record({
    sources: listOf(
      record({
        name: text,
        kind: { enum: ["relay", "agents", "file", "stdin", "embedded"] },
        cluster: text,
        state: { enum: ["connecting", "connected", "waiting", "ended"] },
        trouble: orNull(record({ cause: text, mend: text, sinceMs: number })),
        seenFlows: count,
        duplicateFlows: count,
        badRecords: count,
        unknownFields: count,
        reconnects: count,
        lastFlowTime: text,
        lost: counts,
        completeness: number,
        nodes: listOf(
          record({
            node: text,
            seen: count,
            lost: counts,
            state: text,
            message: text,
            completeness: number,
          }),
        ),
        gaps: listOf(record({ from: text, until: text, why: text })),
      }),
    ),
    observer: orNull(text),
  }),
  ServiceMap: record({
    level: { enum: ["workload", "identity", "namespace", "pod"] },
    startMs: number,
    endMs: number,
    seconds: number,
    heldSinceMs: orNull(number),
    completeness: record({ seen: count, lost: count, share: number, offMs: number }),
    nodes: listOf(ref("ServiceMapNode")),
    edges: listOf(ref("ServiceMapEdge")),
    flows: count,
    other: count,
    historyStepMs: number,
    vs: orNull(record({ startMs: number, endMs: number, seconds: number, flows: count })),
    tookMs: number,
  }),
  ServiceMapNode: record({
    id: text,
    kind: text,
    name: text,
    namespace: text,
    cluster: text,
    identities: listOf(count),
    podCount: count,
    pods: listOf(text),
    labels: listOf(text),
    isOutside: flag,
    change,
    filter: text,
  }),
  ServiceMapEdge: record({
    id: text,
    source: text,
    destination: text,
    flows: count,
    perSecond: number,
    verdict: text,
    verdicts: counts,
    dropReasons: counts,
    ports: counts,
    portCount: count,
    l7: listOf(
      record({
        protocol: text,
        requests: count,
        responses: count,
        requestsPerSecond: number,
        operations: counts,
        statuses: counts,
        errorShare: number,
      }),
    ),
    latency: orNull(latency),
    history: listOf(count),
    dropHistory: listOf(count),
    firstMs: number,
    lastMs: number,
    change,
    vs: orNull(
      record({ flows: count, perSecond: number, verdicts: counts, p90Ms: orNull(number) }),
    ),
  }),
};

/** Parameters that these rows alone have, or mean something of their own by. */
export const flowParameterSpecs: Readonly<Record<string, readonly [JsonSchema, string]>> = {
  q: [text, "A filter line: flags of `hubble observe` and plain words."],
  since: [text, "Begin: RFC 3339, Unix seconds, `now-1h`, or a duration back from now."],
  until: [text, "End, written alike."],
  first: [count, "The oldest so many, oldest first."],
  last: [count, "The newest so many."],
  cursor: [text, "The next page, by the cursor of the last."],
  count: [flag, "Also count what matches and all there is."],
  by: [text, "Fields to group by, separated by commas; see /flows/fields."],
  buckets: [count, "Parts of the history."],
  field: [text, "The field whose values are asked for."],
  prefix: [text, "Only values that begin so."],
  format: [{ enum: ["jsonl", "csv"] }, "Form of the export."],
  columns: [text, "Fields of the CSV, separated by commas."],
  uuid: [text, "Of a flow."],
  in: [text, "Only flows of this group, as a group's values say it."],
  level: [{ enum: ["workload", "identity", "namespace", "pod"] }, "What a node of the map is."],
  "vs-since": [text, "Begin of a second window, to compare with."],
  "vs-until": [text, "Its end."],
};

const span = ["q", "since", "until"];

function row(
  path: string,
  summary: string,
  parameters: readonly string[],
  answer: Pick<OperationSpec, "body" | "media">,
): OperationSpec {
  const head = { methods: ["get"], tag: "flows", error: ref("FilterError") };
  return { path: `/api/ciliascope/v1${path}`, ...head, summary, parameters, ...answer };
}

/** The rows. */
export const flowOperations: readonly OperationSpec[] = [
  row("/flows", "Search flows", [...span, "first", "last", "limit", "cursor", "count", "in"], {
    body: ref("Flows"),
  }),
  row("/flows/{uuid}", "One flow", ["uuid!"], { body: ref("Flow") }),
  row("/flows/stream", "Live flows as server-sent events", ["q"], { media: "text/event-stream" }),
  row("/flows/groups", "Flows by values of fields", ["by", ...span, "buckets", "limit"], {
    body: ref("FlowGroups"),
  }),
  row("/flows/values", "Values of a field, for completion", ["field!", "prefix", ...span], {
    body: ref("FlowValues"),
  }),
  row("/flows/timeline", "Flows over time by verdict", [...span, "buckets"], {
    body: ref("FlowTimeline"),
  }),
  row("/flows/completeness", "What was seen and what was lost, by node", ["since", "until"], {
    body: ref("FlowCompleteness"),
  }),
  row("/flows/export", "All that match, streamed", [...span, "format", "columns"], {
    media: "application/x-ndjson",
  }),
  row("/flows/fields", "Names of fields and flags of filters", [], { body: ref("FlowFields") }),
  row("/flows/store", "Size and span of what is kept", [], { body: ref("FlowStore") }),
  row("/flow-sources", "How each source of flows is doing", [], { body: ref("FlowSources") }),
  row("/map", "The service map of a window", [...span, "level", "vs-since", "vs-until"], {
    body: ref("ServiceMap"),
  }),
];
