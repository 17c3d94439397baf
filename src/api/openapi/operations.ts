/**
 * The routes of the OpenAPI document: what each takes and answers. One row a route; openapi.test.ts
 * checks that each route of the application has its row, and real answers against the schemas.
 */

import { type JsonSchema, listOf, mapOf, record, ref } from "./schemas.ts";

/** One route. */
export interface OperationSpec {
  readonly path: string;
  /** Lower case. */
  readonly methods: readonly string[];
  readonly summary: string;
  readonly tag: string;
  /** Names of the table of parameters below; "!" at the end: required. */
  readonly parameters?: readonly string[];
  /** Schema of `data` in Prometheus' envelope. */
  readonly data?: JsonSchema;
  /** Schema of a whole JSON body, for our own routes. */
  readonly body?: JsonSchema;
  /** Media type of an answer that is no JSON. */
  readonly media?: string;
  readonly status?: number;
  /** What a 204 beside the usual answer means. */
  readonly nothing?: string;
  /** Schema of an answer that is an error, where it is not the usual one. */
  readonly error?: JsonSchema;
}

const text: JsonSchema = { type: "string" };
const count: JsonSchema = { type: "integer", minimum: 0 };
const instant: JsonSchema = {
  type: "string",
  description: "Unix seconds with fraction, or RFC 3339.",
};
const duration: JsonSchema = {
  type: "string",
  description: "Seconds with fraction, or a duration such as 1m30s.",
};

/** Parameters by name: schema and what they mean. */
export const parameterSpecs: Readonly<Record<string, readonly [JsonSchema, string]>> = {
  query: [text, "A PromQL expression."],
  time: [instant, "When to evaluate; now unless given."],
  start: [instant, "Begin, inclusive."],
  end: [instant, "End, inclusive."],
  step: [duration, "Distance of the steps."],
  timeout: [duration, "Longest time; at most --query.timeout."],
  limit: [count, "At most so many entries, with a warning where it cuts; 0: all."],
  lookback_delta: [duration, "How far back an instant selector looks."],
  stats: [{ enum: ["", "true", "all"] }, "Tell what the query cost; `all`: by step."],
  "match[]": [listOf(text), "Selectors; a series that one of them selects is in the answer."],
  match_target: [text, "Selector of targets."],
  metric: [text, "Only this metric family."],
  limit_per_metric: [count, "Entries of one metric."],
  state: [{ enum: ["active", "dropped", "any"] }, "Which targets."],
  scrapePool: [text, "Only targets of this pool; or which pool."],
  labels: [text, "A label set as a JSON object."],
  type: [{ enum: ["alert", "record"] }, "Kind of rules."],
  "rule_name[]": [listOf(text), "Only rules of these names."],
  "rule_group[]": [listOf(text), "Only groups of these names."],
  "file[]": [listOf(text), "Only rules of these files."],
  exclude_alerts: [{ type: "boolean" }, "Leave out the alerts of each rule."],
  group_limit: [{ type: "integer", minimum: 1 }, "Groups of one page."],
  group_next_token: [text, "The next page, by the token of the last."],
  skip_head: [{ type: "boolean" }, "Leave out what is not in blocks yet."],
  name: [text, "A label name (may be written with `U__` escapes), or the name of a file."],
  uid: [text, "Of a dashboard."],
};

const readOrForm = ["get", "post"];
const get = ["get"];
const change = ["post", "put"];
const window = ["start", "end"];
const queryOptions = ["timeout", "limit", "lookback_delta", "stats"];

/** `data: X`, with warnings and infos where there are any. */
const prometheusOperations: readonly OperationSpec[] = [
  {
    path: "/api/v1/query",
    methods: readOrForm,
    tag: "query",
    summary: "Evaluate at one time",
    parameters: ["query!", "time", ...queryOptions],
    data: ref("QueryData"),
  },
  {
    path: "/api/v1/query_range",
    methods: readOrForm,
    tag: "query",
    summary: "Evaluate over a range",
    parameters: ["query!", "start!", "end!", "step!", ...queryOptions],
    data: ref("QueryData"),
  },
  {
    path: "/api/v1/query_exemplars",
    methods: readOrForm,
    tag: "query",
    summary: "Exemplars of the series that a query selects",
    parameters: ["query!", ...window],
    data: listOf(ref("Exemplars")),
    nothing: "The query selects no series.",
  },
  {
    path: "/api/v1/format_query",
    methods: readOrForm,
    tag: "query",
    summary: "Lay out an expression",
    parameters: ["query!"],
    data: text,
  },
  {
    path: "/api/v1/parse_query",
    methods: readOrForm,
    tag: "query",
    summary: "The syntax tree of an expression",
    parameters: ["query!"],
    data: ref("SyntaxTree"),
  },
  {
    path: "/api/v1/series",
    methods: readOrForm,
    tag: "series",
    summary: "Label sets that selectors select",
    parameters: ["match[]!", ...window, "limit"],
    data: listOf(ref("LabelSet")),
  },
  {
    path: "/api/v1/labels",
    methods: readOrForm,
    tag: "series",
    summary: "Label names",
    parameters: ["match[]", ...window, "limit"],
    data: listOf(text),
  },
  {
    path: "/api/v1/label/{name}/values",
    methods: get,
    tag: "series",
    summary: "Values of a label",
    parameters: ["name!", "match[]", ...window, "limit"],
    data: listOf(text),
  },
  {
    path: "/api/v1/metadata",
    methods: get,
    tag: "targets",
    summary: "Type, unit and help of metrics",
    parameters: ["metric", "limit", "limit_per_metric"],
    data: mapOf(listOf(ref("Metadata"))),
  },
  {
    path: "/api/v1/targets",
    methods: get,
    tag: "targets",
    summary: "Targets and how their last scrape went",
    parameters: ["state", "scrapePool"],
    data: ref("Targets"),
  },
  {
    path: "/api/v1/targets/metadata",
    methods: get,
    tag: "targets",
    summary: "Metadata by target",
    parameters: ["match_target", "metric", "limit"],
    data: listOf(ref("TargetMetadata")),
  },
  {
    path: "/api/v1/scrape_pools",
    methods: get,
    tag: "targets",
    summary: "Names of scrape configs",
    data: record({ scrapePools: listOf(text) }),
  },
  {
    path: "/api/v1/rules",
    methods: get,
    tag: "rules",
    summary: "Rule groups",
    parameters: [
      "type",
      "rule_name[]",
      "rule_group[]",
      "file[]",
      "match[]",
      "exclude_alerts",
      "group_limit",
      "group_next_token",
    ],
    data: ref("Rules"),
  },
  {
    path: "/api/v1/alerts",
    methods: get,
    tag: "rules",
    summary: "Pending and firing alerts",
    data: record({ alerts: listOf(ref("Alert")) }),
  },
  {
    path: "/api/v1/alertmanagers",
    methods: get,
    tag: "rules",
    summary: "Where alerts are sent",
    data: ref("Alertmanagers"),
  },
  {
    path: "/api/v1/status/buildinfo",
    methods: get,
    tag: "status",
    summary: "Version",
    data: ref("BuildInfo"),
  },
  {
    path: "/api/v1/status/runtimeinfo",
    methods: get,
    tag: "status",
    summary: "State of the process",
    data: ref("RuntimeInfo"),
  },
  {
    path: "/api/v1/status/config",
    methods: get,
    tag: "status",
    summary: "The configuration in force, without secrets",
    data: record({ yaml: text }),
  },
  {
    path: "/api/v1/status/flags",
    methods: get,
    tag: "status",
    summary: "Flags in force",
    data: mapOf(text),
  },
  {
    path: "/api/v1/status/tsdb",
    methods: get,
    tag: "status",
    summary: "Size of the head and what makes it large",
    parameters: ["limit"],
    data: ref("TsdbStatus"),
  },
  {
    path: "/api/v1/status/tsdb/blocks",
    methods: get,
    tag: "status",
    summary: "meta.json of each block",
    data: record({ blocks: listOf({ type: "object" }) }),
  },
  {
    path: "/api/v1/features",
    methods: get,
    tag: "status",
    summary: "What this server can do: category, feature, whether it is on",
    data: mapOf(mapOf({ type: "boolean" })),
  },
  {
    path: "/api/v1/notifications",
    methods: get,
    tag: "status",
    summary: "Trouble that its operator should know of",
    data: listOf(record({ text, date: text, active: { type: "boolean" } })),
  },
  {
    path: "/api/v1/notifications/live",
    methods: get,
    tag: "status",
    summary: "The same as server-sent events",
    media: "text/event-stream",
  },
  {
    path: "/api/v1/search/metric_names",
    methods: readOrForm,
    tag: "series",
    summary: "Refused: search is off, as in a Prometheus that was not told to have it",
    media: "application/json",
  },
  {
    path: "/api/v1/search/label_names",
    methods: readOrForm,
    tag: "series",
    summary: "Refused, as search/metric_names",
    media: "application/json",
  },
  {
    path: "/api/v1/search/label_values",
    methods: readOrForm,
    tag: "series",
    summary: "Refused, as search/metric_names",
    media: "application/json",
  },
  {
    path: "/api/v1/scrape_pools/config",
    methods: get,
    tag: "targets",
    summary: "The part of the configuration that makes a scrape pool",
    parameters: ["scrapePool!"],
    data: record({ yaml: text }),
  },
  {
    path: "/api/v1/targets/relabel_steps",
    methods: get,
    tag: "targets",
    summary: "What each relabel config of a scrape pool makes of a label set",
    parameters: ["scrapePool!", "labels!"],
    data: record({
      steps: listOf(
        record({ rule: { type: "object" }, output: ref("LabelSet"), keep: { type: "boolean" } }),
      ),
    }),
  },
  {
    path: "/api/v1/status/walreplay",
    methods: get,
    tag: "status",
    summary: "Progress of the replay",
    data: ref("WalReplay"),
  },
  {
    path: "/api/v1/admin/tsdb/delete_series",
    methods: change,
    tag: "admin",
    summary: "Delete samples",
    parameters: ["match[]!", ...window],
    status: 204,
  },
  {
    path: "/api/v1/admin/tsdb/clean_tombstones",
    methods: change,
    tag: "admin",
    summary: "Remove deleted samples from disk",
    status: 204,
  },
  {
    path: "/api/v1/admin/tsdb/snapshot",
    methods: change,
    tag: "admin",
    summary: "Copy the data into a folder of its own",
    parameters: ["skip_head"],
    data: record({ name: text }),
  },
  {
    path: "/api/v1/read",
    methods: ["post"],
    tag: "remote",
    summary: "Samples by Prometheus' remote read: a snappy block, or a stream of chunks",
    media: "application/x-protobuf",
  },
  {
    path: "/api/v1/write",
    methods: ["post"],
    tag: "remote",
    summary: "Take samples by Prometheus' remote write",
    status: 204,
  },
  {
    path: "/api/v1/openapi.yaml",
    methods: get,
    tag: "status",
    summary: "This document",
    media: "application/yaml",
  },
];

const plainOperations: readonly OperationSpec[] = [
  {
    path: "/federate",
    methods: get,
    tag: "federation",
    summary: "Latest samples in the text format",
    parameters: ["match[]"],
    media: "text/plain",
  },
  {
    path: "/metrics",
    methods: get,
    tag: "status",
    summary: "This server's own metrics",
    media: "text/plain",
  },
  {
    path: "/-/healthy",
    methods: ["get", "head"],
    tag: "status",
    summary: "The process runs",
    media: "text/plain",
  },
  {
    path: "/-/ready",
    methods: ["get", "head"],
    tag: "status",
    summary: "Queries are answered",
    media: "text/plain",
  },
  {
    path: "/-/reload",
    methods: change,
    tag: "admin",
    summary: "Load the configuration anew",
    media: "text/plain",
  },
  {
    path: "/-/quit",
    methods: change,
    tag: "admin",
    summary: "Refused: a signal ends the server",
    media: "text/plain",
  },
];

const own = "/api/ciliascope/v1";
const imported = record({ uid: text, problems: listOf(text) });

const ownOperations: readonly OperationSpec[] = [
  {
    path: `${own}/status`,
    methods: get,
    tag: "ciliascope",
    summary: "What this server is and does",
    body: ref("ServerStatus"),
  },
  {
    path: `${own}/dashboards`,
    methods: get,
    tag: "ciliascope",
    summary: "Shipped and imported dashboards",
    body: listOf(ref("DashboardSummary")),
  },
  {
    path: `${own}/dashboards`,
    methods: ["post"],
    tag: "ciliascope",
    summary: "Import a dashboard",
    parameters: ["name"],
    body: imported,
  },
  {
    path: `${own}/dashboards/import-url`,
    methods: ["post"],
    tag: "ciliascope",
    summary: "Import a dashboard from a public address",
    body: imported,
  },
  {
    path: `${own}/dashboards/{uid}`,
    methods: get,
    tag: "ciliascope",
    summary: "One dashboard",
    parameters: ["uid!"],
    body: record({ dashboard: {}, summary: ref("DashboardSummary") }),
  },
  {
    path: `${own}/dashboards/{uid}`,
    methods: ["delete"],
    tag: "ciliascope",
    summary: "Remove an imported dashboard",
    parameters: ["uid!"],
    body: record({ uid: text }),
  },
  {
    path: `${own}/query-nodes`,
    methods: get,
    tag: "ciliascope",
    summary: "Series, samples and time of each part of a query",
    parameters: ["query!", "time", ...window, "step", "timeout", "lookback_delta"],
    body: ref("QueryNodes"),
  },
];

/** All rows. */
export const operations: readonly OperationSpec[] = [
  ...prometheusOperations,
  ...plainOperations,
  ...ownOperations,
];
