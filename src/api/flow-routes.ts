/**
 * Flows over HTTP, relative to /api/ciliascope/v1: search, one flow, groups, values for completion, the
 * time rail, completeness, export, and a live stream (flow-stream.ts). `q` is a filter line
 * (flow/observe/filter-line.ts); `since` and `until` are times or durations back from now.
 */

import { type Context, Hono } from "hono";
import type { Clock } from "../base/clock.ts";
import { ConfigError } from "../base/errors.ts";
import type { Flow } from "../flow/model/flow.ts";
import { filterFlagHelp, optionalFilterValues } from "../flow/observe/filter-flags.ts";
import { minuteCounts } from "../flow/store/block-facts.ts";
import type { CompletenessLog } from "../flow/store/completeness-log.ts";
import {
  type Buckets,
  countFlows,
  groupFlows,
  verdictTimeline,
} from "../flow/store/flow-groups.ts";
import { orderedFlows } from "../flow/store/flow-search.ts";
import type { FlowStore } from "../flow/store/flow-store.ts";
import { type GroupField, groupFields } from "../flow/store/group-field.ts";
import { RowFilter, type TimeSpan } from "../flow/store/row-filter.ts";
import { nearestWord } from "../schema/did-you-mean.ts";
import { exportFlows } from "./flow-export.ts";
import { filterError, readCount, readFilter, readSpan } from "./flow-request.ts";
import { type FlowSubscription, streamFlows } from "./flow-stream.ts";
import { refuse } from "./own-answers.ts";
import type {
  FilterErrorAnswer,
  FlowCheckAnswer,
  FlowCompletenessAnswer,
  FlowFieldsAnswer,
  FlowGroupsAnswer,
  FlowStoreAnswer,
  FlowsAnswer,
  FlowTimelineAnswer,
  FlowValuesAnswer,
} from "./wire/flows.ts";

const limitDefault = 100;
const limitMax = 10_000;
const groupsDefault = 200;
const bucketsDefault = 60;
const bucketsMax = 2000;
const minuteMs = 60_000;

/** What the routes read from. */
export interface FlowRouteSources {
  readonly store: FlowStore;
  readonly completeness: CompletenessLog;
  readonly live: FlowSubscription;
  readonly clock: Clock;
  readonly retention: { readonly retentionMs: number; readonly retentionBytes: number };
}

/** The routes. */
export function flowRoutes(sources: FlowRouteSources): Hono {
  const routes = new Hono();
  const get = (path: string, run: (context: Context) => Promise<Response> | Response) =>
    routes.get(path, async (context) => {
      try {
        return await run(context);
      } catch (thrown) {
        return filterError(thrown, context.req.query("q") ?? "");
      }
    });
  get("/flows", (context) => listFlows(sources, context));
  get("/flows/stream", (context) => {
    const filter = readFilter(context.req.query());
    return streamFlows(sources.live, filter, sources.clock, context.req.raw.signal);
  });
  get("/flows/groups", (context) => groups(sources, context));
  get("/flows/values", (context) => values(sources, context));
  get("/flows/timeline", (context) => timeline(sources, context));
  get("/flows/completeness", (context) => completeness(sources, context));
  get("/flows/export", (context) => {
    const query = context.req.query();
    const span = readSpan(query, sources.clock.nowMs());
    const filter = new RowFilter(readFilter(query));
    const signal = context.req.raw.signal;
    return exportFlows(sources.store, { span, filter, direction: "forward", signal }, query);
  });
  get("/flows/check", (context) => checkFilter(context.req.query()));
  get("/flows/fields", () => Response.json(fieldsAnswer()));
  get("/flows/store", () => Response.json(storeAnswer(sources)));
  get("/flows/:uuid", (context) => oneFlow(sources, context));
  return routes;
}

/** Whether a filter can be used, as an answer 200 either way: a page asks while it is typed. */
async function checkFilter(query: Readonly<Record<string, string>>): Promise<Response> {
  let fault: FilterErrorAnswer | null = null;
  try {
    new RowFilter(readFilter(query));
  } catch (thrown) {
    fault = (await filterError(thrown, query["q"] ?? "").json()) as FilterErrorAnswer;
  }
  const answer: FlowCheckAnswer = { fault };
  return Response.json(answer);
}

/** Where an answer ended: the time of its last flow, and how many flows of that time were given. */
interface Cursor {
  readonly timeMs: number;
  readonly given: number;
}

async function listFlows({ store, clock }: FlowRouteSources, context: Context): Promise<Response> {
  const startedMs = clock.monotonicMs();
  const query = context.req.query();
  const first = query["first"];
  const limit = readCount(first ?? query["last"] ?? query["limit"], "limit", {
    normal: limitDefault,
    max: limitMax,
  });
  const isForward = first !== undefined;
  const filter = new RowFilter(readFilter(query));
  const whole = readSpan(query, clock.nowMs());
  const cursor = readCursor(query["cursor"]);
  const isInGroup = readGroup(query["in"]);
  const span = cursor === undefined ? whole : narrowed(whole, cursor, isForward);
  const signal = context.req.raw.signal;
  const flows: Flow[] = [];
  let last: Cursor | undefined = cursor;
  let skip = cursor?.given ?? 0;
  let hasMore = false;
  const direction = isForward ? "forward" : "backward";
  for await (const { flow, timeMs } of orderedFlows(store, { span, filter, direction, signal })) {
    if (!isInGroup(flow)) continue;
    if (cursor !== undefined && skip > 0 && timeMs === cursor.timeMs) {
      skip--;
      continue;
    }
    if (flows.length === limit) {
      hasMore = true;
      break;
    }
    flows.push(flow);
    last = { timeMs, given: last?.timeMs === timeMs ? last.given + 1 : 1 };
  }
  const isCounted = query["count"] === "true";
  const all = new RowFilter({ allow: [], deny: [] });
  const answer: FlowsAnswer = {
    flows,
    cursor: hasMore && last !== undefined ? `${last.timeMs}~${last.given}` : null,
    matched: isCounted ? await countFlows(store, { span: whole, filter, signal }) : null,
    total: isCounted ? await countFlows(store, { span: whole, filter: all, signal }) : null,
    tookMs: clock.monotonicMs() - startedMs,
  };
  return Response.json(answer);
}

/** `in`: a JSON object of fields and their texts, as one group of /flows/groups has them. */
function readGroup(text: string | undefined): (flow: Flow) => boolean {
  if (text === undefined || text === "") return () => true;
  const wanted = readTexts(text).map(([name, value]) => ({ read: fieldOf(name).read, value }));
  return (flow) => wanted.every(({ read, value }) => read(flow) === value);
}

function readTexts(text: string): [string, unknown][] {
  try {
    const read: unknown = JSON.parse(text);
    if (typeof read === "object" && read !== null) return Object.entries(read);
  } catch {
    // Told below.
  }
  throw new ConfigError('write fields with their texts, as {"verdict":"DROPPED"}', { path: "in" });
}

function readCursor(text: string | undefined): Cursor | undefined {
  if (text === undefined || text === "") return undefined;
  const match = /^(\d+(?:\.\d+)?)~(\d+)$/.exec(text);
  if (match === null) throw new ConfigError("this is no cursor of an answer", { path: "cursor" });
  return { timeMs: Number(match[1]), given: Number(match[2]) };
}

function narrowed(span: TimeSpan, { timeMs }: Cursor, isForward: boolean): TimeSpan {
  return isForward ? { ...span, sinceMs: timeMs } : { ...span, untilMs: timeMs };
}

async function oneFlow({ store, clock }: FlowRouteSources, context: Context): Promise<Response> {
  const uuid = context.req.param("uuid") ?? "";
  const filter = new RowFilter({ allow: [{ uuid: [uuid] }], deny: [] });
  const span = readSpan(context.req.query(), clock.nowMs());
  for await (const { flow } of orderedFlows(store, { span, filter, direction: "backward" })) {
    return Response.json(flow);
  }
  return refuse(404, `there is no flow ${uuid} among those that are kept`);
}

async function groups({ store, clock }: FlowRouteSources, context: Context): Promise<Response> {
  const startedMs = clock.monotonicMs();
  const query = context.req.query();
  const fields = (query["by"] ?? "verdict,source,destination").split(",").map(fieldOf);
  const limit = readCount(query["limit"], "limit", { normal: groupsDefault, max: limitMax });
  const { span, buckets } = readBuckets(store, query, clock.nowMs());
  const filter = new RowFilter(readFilter(query));
  const signal = context.req.raw.signal;
  const found = await groupFlows(store, { span, filter, signal }, fields, buckets);
  const seconds = (buckets.stepMs * buckets.count) / 1000;
  const answer: FlowGroupsAnswer = {
    fields: fields.map(({ name }) => name),
    groups: found.groups
      .slice(0, limit)
      .map(({ values, flows, firstMs, lastMs, buckets: history }) => ({
        values,
        flows,
        perSecond: flows / seconds,
        firstMs,
        lastMs,
        history: [...history],
        filter: filterOf(fields, values),
      })),
    matched: found.matchedFlows,
    groupCount: found.groups.length,
    other: found.otherFlows,
    buckets,
    tookMs: clock.monotonicMs() - startedMs,
  };
  return Response.json(answer);
}

/** Flags that ask for a field's value. */
const flagOfField: Readonly<Record<string, string>> = {
  verdict: "verdict",
  "drop-reason": "drop-reason-desc",
  node: "node-name",
  "traffic-direction": "traffic-direction",
  protocol: "protocol",
  "http-status": "http-status",
  "http-method": "http-method",
  "trace-id": "trace-id",
  ...Object.fromEntries(
    (["source", "destination"] as const).flatMap((side) =>
      [
        "pod",
        "namespace",
        "workload",
        "identity",
        "cluster",
        "label",
        "ip",
        "fqdn",
        "service",
        "port",
      ].map((name) => [`${side}-${name}`, `${side === "source" ? "from" : "to"}-${name}`]),
    ),
  ),
};

/** The flag for the one name of an end: names of workloads begin those of their pods. */
function endFlag(field: string, value: string): string | undefined {
  if (field !== "source" && field !== "destination") return undefined;
  const prefix = field === "source" ? "from" : "to";
  if (/^[\d.]+\/\d+$|:/.test(value)) return `${prefix}-ip`;
  if (value.includes("/")) return `${prefix}-pod`;
  if (value.includes(".")) return `${prefix}-fqdn`;
  return value.startsWith("identity ") ? undefined : `${prefix}-identity`;
}

function filterOf(fields: readonly GroupField[], values: readonly string[]): string {
  return fields
    .flatMap(({ name }, index) => {
      const value = values[index] ?? "";
      const flag = flagOfField[name] ?? endFlag(name, value);
      if (flag === undefined || value === "") return [];
      return [
        `--${flag} ${/^[\w./:=-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`}`,
      ];
    })
    .join(" ");
}

async function values({ store, clock }: FlowRouteSources, context: Context): Promise<Response> {
  const query = context.req.query();
  const field = fieldOf(query["field"] ?? "");
  const limit = readCount(query["limit"], "limit", { normal: 50, max: limitMax });
  const prefix = (query["prefix"] ?? "").toLowerCase();
  const filter = new RowFilter(readFilter(query));
  const span = readSpan(query, clock.nowMs());
  const none = { startMs: 0, stepMs: 1, count: 0 };
  const search = { span, filter, signal: context.req.raw.signal };
  const { groups: found } = await groupFlows(store, search, [field], none);
  const named = found
    .map(({ values: [value = ""], flows }) => ({ value, flows }))
    .filter(({ value }) => value !== "" && value.toLowerCase().includes(prefix));
  const answer: FlowValuesAnswer = {
    field: field.name,
    values: named.slice(0, limit),
    valueCount: named.length,
  };
  return Response.json(answer);
}

async function timeline(sources: FlowRouteSources, context: Context): Promise<Response> {
  const { store, clock } = sources;
  const startedMs = clock.monotonicMs();
  const query = context.req.query();
  const lists = readFilter(query);
  const filter = new RowFilter(lists);
  const { span, buckets } = readBuckets(store, query, clock.nowMs());
  const byVerdict: Record<string, readonly number[]> = {};
  if (filter.isEmpty && buckets.stepMs % minuteMs === 0) {
    for (const [verdict, counts] of await verdictTimeline(store, buckets, minuteCounts)) {
      byVerdict[verdict === "" ? "VERDICT_UNKNOWN" : verdict] = [...counts];
    }
  } else {
    const search = { span, filter, signal: context.req.raw.signal };
    const found = await groupFlows(store, search, [fieldOf("verdict")], buckets);
    for (const {
      values: [verdict = ""],
      buckets: counts,
    } of found.groups) {
      byVerdict[verdict === "" ? "VERDICT_UNKNOWN" : verdict] = [...counts];
    }
  }
  const { oldestMs, newestMs } = store.stats();
  const answer: FlowTimelineAnswer = {
    buckets,
    byVerdict,
    off: sources.completeness.within(span).off,
    oldestMs: oldestMs ?? null,
    newestMs: newestMs ?? null,
    tookMs: clock.monotonicMs() - startedMs,
  };
  return Response.json(answer);
}

/** What most helps against each cause of loss. */
const mends: Readonly<Record<string, string>> = {
  PERF_EVENT_RING_BUFFER:
    "The kernel's ring overflowed before the agent read it: raise bpf.events / monitor ring size, or turn monitorAggregation to medium.",
  OBSERVER_EVENTS_QUEUE:
    "The agent's queue of events overflowed: raise hubble.eventQueueSize (Helm) on that node.",
  HUBBLE_RING_BUFFER:
    "We read slower than the agent's ring turned over: raise hubble.eventBufferCapacity, or filter at the source.",
};

function completeness(sources: FlowRouteSources, context: Context): Response {
  const span = readSpan(context.req.query(), sources.clock.nowMs());
  const found = sources.completeness.within(span);
  const nodes = found.nodes
    .map(({ node, seen, lost }) => {
      const [cause] = Object.entries(lost).sort(([, a], [, b]) => b - a)[0] ?? [];
      const lostCount = sum(Object.values(lost));
      const mend = cause === undefined ? "" : (mends[cause] ?? `Cause: ${cause}.`);
      return { node, seen, lost, share: shareOf(seen, lostCount), mend };
    })
    .sort((a, b) => a.share - b.share || (a.node < b.node ? -1 : 1));
  const seen = sum(nodes.map((node) => node.seen));
  const lost = sum(nodes.flatMap((node) => Object.values(node.lost)));
  const answer: FlowCompletenessAnswer = {
    seen,
    lost,
    share: shareOf(seen, lost),
    nodes,
    off: found.off,
  };
  return Response.json(answer);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function shareOf(seen: number, lost: number): number {
  return seen + lost === 0 ? 1 : seen / (seen + lost);
}

function fieldOf(name: string): GroupField {
  const field = groupFields.get(name.trim());
  if (field !== undefined) return field;
  const near = nearestWord(name, groupFields.keys());
  throw new ConfigError(
    `there is no field ${JSON.stringify(name)}${near === undefined ? "" : `; did you mean ${near}?`}`,
    { path: "" },
  );
}

/** The span (by default all that is kept) in equal parts; whole minutes where they are a minute or more. */
function readBuckets(
  store: FlowStore,
  query: Readonly<Record<string, string>>,
  nowMs: number,
): { readonly span: TimeSpan; readonly buckets: Buckets } {
  const given = readSpan(query, nowMs);
  const { oldestMs = nowMs, newestMs = nowMs } = store.stats();
  const sinceMs = given.sinceMs ?? oldestMs;
  const untilMs = Math.max(given.untilMs ?? Math.max(newestMs, sinceMs), sinceMs + 1);
  const wanted = readCount(query["buckets"], "buckets", {
    normal: bucketsDefault,
    max: bucketsMax,
  });
  const exactMs = (untilMs - sinceMs) / wanted;
  if (exactMs < minuteMs) {
    const stepMs = Math.max(1, Math.ceil(exactMs));
    const count = Math.max(1, Math.ceil((untilMs - sinceMs) / stepMs));
    return { span: { sinceMs, untilMs }, buckets: { startMs: sinceMs, stepMs, count } };
  }
  const stepMs = Math.ceil(exactMs / minuteMs) * minuteMs;
  const startMs = Math.floor(sinceMs / stepMs) * stepMs;
  const count = Math.ceil((untilMs - startMs) / stepMs);
  return { span: { sinceMs, untilMs }, buckets: { startMs, stepMs, count } };
}

function fieldsAnswer(): FlowFieldsAnswer {
  return {
    fields: [...groupFields.keys()],
    flags: Object.entries(filterFlagHelp).map(([flag, help]) => ({
      flag: `--${flag}`,
      help,
      isBare: Object.hasOwn(optionalFilterValues, flag),
    })),
  };
}

function storeAnswer({ store, retention }: FlowRouteSources): FlowStoreAnswer {
  const { oldestMs = null, newestMs = null, ...rest } = store.stats();
  return { ...rest, oldestMs, newestMs, ...retention };
}
