/**
 * JSON Schemas of what the API answers (`components.schemas` of the OpenAPI document). Closed objects
 * everywhere, so that a field that is not described here fails the tests that check real answers.
 */

/** A JSON Schema of draft 2020-12, as OpenAPI 3.1 uses it. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A reference to a component. */
export function ref(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` };
}

const text: JsonSchema = { type: "string" };
const number: JsonSchema = { type: "number" };
const count: JsonSchema = { type: "integer", minimum: 0 };
const flag: JsonSchema = { type: "boolean" };
const time: JsonSchema = { type: "string", format: "date-time" };

/** An array. */
export function listOf(items: JsonSchema): JsonSchema {
  return { type: "array", items };
}

/** An object of these fields; all are required but those whose name ends in "?". */
export function record(fields: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  const required: string[] = [];
  for (const [key, schema] of Object.entries(fields)) {
    const name = key.replace(/\?$/, "");
    properties[name] = schema;
    if (name === key) required.push(name);
  }
  return { type: "object", properties, required, additionalProperties: false };
}

/** An object of any names. */
export function mapOf(values: JsonSchema): JsonSchema {
  return { type: "object", additionalProperties: values };
}

function tuple(...items: JsonSchema[]): JsonSchema {
  return { type: "array", prefixItems: items, minItems: items.length, maxItems: items.length };
}

function oneOfTypes(...names: string[]): JsonSchema {
  return { enum: names };
}

const sample = tuple(number, text);
const histogramSample = tuple(number, ref("Histogram"));
const ruleFields = {
  name: text,
  query: text,
  labels: ref("LabelSet"),
  health: oneOfTypes("ok", "err", "unknown"),
  "lastError?": text,
  evaluationTime: number,
  lastEvaluation: time,
};
const namedCounts = listOf(record({ name: text, value: number }));
const stepCounts = listOf(tuple(number, count));

const querySchemas: Readonly<Record<string, JsonSchema>> = {
  LabelSet: mapOf(text),
  Histogram: record({
    count: text,
    sum: text,
    "buckets?": listOf(tuple({ enum: [0, 1, 2, 3] }, text, text, text)),
  }),
  VectorSample: record({
    metric: ref("LabelSet"),
    "value?": sample,
    "histogram?": histogramSample,
  }),
  MatrixSeries: record({
    metric: ref("LabelSet"),
    "values?": listOf(sample),
    "histograms?": listOf(histogramSample),
  }),
  QueryStats: record({
    timings: record({
      evalTotalTime: number,
      resultSortTime: number,
      queryPreparationTime: number,
      innerEvalTime: number,
      execQueueTime: number,
      execTotalTime: number,
    }),
    samples: record({
      "totalQueryableSamplesPerStep?": stepCounts,
      totalQueryableSamples: count,
      "samplesReadPerStep?": stepCounts,
      samplesRead: count,
      peakSamples: count,
    }),
  }),
  QueryData: {
    oneOf: [
      resultOf("vector", listOf(ref("VectorSample"))),
      resultOf("matrix", listOf(ref("MatrixSeries"))),
      resultOf("scalar", sample),
      resultOf("string", sample),
    ],
  },
  Exemplars: record({
    seriesLabels: ref("LabelSet"),
    exemplars: listOf(record({ labels: ref("LabelSet"), value: text, timestamp: number })),
  }),
  SyntaxTree: { type: "object", properties: { type: text }, required: ["type"] },
};

function resultOf(resultType: string, result: JsonSchema): JsonSchema {
  return record({ resultType: { const: resultType }, result, "stats?": ref("QueryStats") });
}

const targetSchemas: Readonly<Record<string, JsonSchema>> = {
  Metadata: record({ type: text, unit: text, help: text }),
  TargetMetadata: record({
    target: ref("LabelSet"),
    "metric?": text,
    type: text,
    help: text,
    unit: text,
  }),
  ActiveTarget: record({
    discoveredLabels: ref("LabelSet"),
    labels: ref("LabelSet"),
    scrapePool: text,
    scrapeUrl: text,
    globalUrl: text,
    lastError: text,
    lastScrape: time,
    lastScrapeDuration: number,
    health: oneOfTypes("up", "down", "unknown"),
    scrapeInterval: text,
    scrapeTimeout: text,
  }),
  Targets: record({
    activeTargets: listOf(ref("ActiveTarget")),
    droppedTargets: listOf(record({ discoveredLabels: ref("LabelSet"), scrapePool: text })),
    droppedTargetCounts: { anyOf: [mapOf(count), { type: "null" }] },
  }),
};

const ruleSchemas: Readonly<Record<string, JsonSchema>> = {
  Alert: record({
    labels: ref("LabelSet"),
    annotations: ref("LabelSet"),
    state: oneOfTypes("pending", "firing"),
    "activeAt?": time,
    "keepFiringSince?": time,
    value: text,
  }),
  RecordingRule: record({ ...ruleFields, type: { const: "recording" } }),
  AlertingRule: record({
    ...ruleFields,
    type: { const: "alerting" },
    state: oneOfTypes("inactive", "pending", "firing"),
    duration: number,
    keepFiringFor: number,
    annotations: ref("LabelSet"),
    alerts: { anyOf: [listOf(ref("Alert")), { type: "null" }] },
  }),
  RuleGroup: record({
    name: text,
    file: text,
    rules: listOf({ oneOf: [ref("RecordingRule"), ref("AlertingRule")] }),
    interval: number,
    limit: count,
    evaluationTime: number,
    lastEvaluation: time,
  }),
  Rules: record({ groups: listOf(ref("RuleGroup")), "groupNextToken?": text }),
  Alertmanagers: record({
    activeAlertmanagers: listOf(record({ url: text })),
    droppedAlertmanagers: listOf(record({ url: text })),
  }),
};

const statusSchemas: Readonly<Record<string, JsonSchema>> = {
  BuildInfo: record({
    version: text,
    revision: text,
    branch: text,
    buildUser: text,
    buildDate: text,
    goVersion: text,
    application: text,
    features: mapOf({}),
  }),
  RuntimeInfo: record({
    startTime: time,
    CWD: text,
    hostname: text,
    serverTime: time,
    reloadConfigSuccess: flag,
    lastConfigTime: time,
    corruptionCount: count,
    goroutineCount: count,
    GOMAXPROCS: count,
    GOMEMLIMIT: count,
    GOGC: text,
    GODEBUG: text,
    storageRetention: text,
  }),
  TsdbStatus: record({
    headStats: record({
      numSeries: count,
      numLabelPairs: count,
      chunkCount: count,
      minTime: number,
      maxTime: number,
    }),
    seriesCountByMetricName: namedCounts,
    labelValueCountByLabelName: namedCounts,
    memoryInBytesByLabelName: namedCounts,
    seriesCountByLabelValuePair: namedCounts,
  }),
  WalReplay: record({ min: count, max: count, current: count }),
};

const ownSchemas: Readonly<Record<string, JsonSchema>> = {
  OwnError: record({ error: text }),
  ServerStatus: record({
    version: text,
    mode: oneOfTypes("demo", "server"),
    "ciliumVersion?": text,
    isSelfScrapeOnly: flag,
    isClusterWatched: flag,
    "configFile?": text,
    startedMs: number,
    uptimeSeconds: number,
    seriesCount: count,
    canImportByUrl: flag,
    warnings: listOf(text),
  }),
  DashboardSummary: record({
    uid: text,
    title: text,
    tags: listOf(text),
    source: oneOfTypes("shipped", "imported", "provisioned"),
    panelCount: count,
    version: count,
  }),
  QueryNodes: record({
    nodes: listOf(
      record({ start: count, end: count, seriesCount: count, samples: count, timeMs: number }),
    ),
    seriesCount: count,
    totalQueryableSamples: count,
    peakSamples: count,
    prepareMs: number,
    selectMs: number,
    evaluateMs: number,
  }),
};

/** All components. */
export const componentSchemas: Readonly<Record<string, JsonSchema>> = {
  Error: record({
    status: { const: "error" },
    errorType: oneOfTypes(
      "bad_data",
      "execution",
      "canceled",
      "timeout",
      "internal",
      "unavailable",
      "not_found",
      "not_acceptable",
    ),
    error: text,
  }),
  ...querySchemas,
  ...targetSchemas,
  ...ruleSchemas,
  ...statusSchemas,
  ...ownSchemas,
};
