/**
 * prom/httpapi: answers of Prometheus 3.14's HTTP API. Cases without "live/" run against the recorded
 * dataset; live/* against our real server, which scrapes the recorded bodies with live/live.yml.
 * Bodies marked volatile are compared without their times, durations and growing counters; of
 * status/* only the shape is compared. Each answer is also checked against the OpenAPI document.
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type LiveServer, startLiveServer } from "../live-server.ts";
import { OpenApiCheck } from "../openapi-check.ts";
import { openPromServer, type PromFetch } from "../prom-server.ts";
import { reportCase, type Suite } from "../suite.ts";

interface RecordedRequest {
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly params: readonly (readonly [string, string])[];
  readonly requestHeaders?: Readonly<Record<string, string>>;
  readonly httpStatus: number;
  readonly contentType: string | null;
  readonly body?: unknown;
  readonly bodyText?: string;
  readonly location?: string;
  /** Says that (and why) the body differs from run to run. */
  readonly volatile?: unknown;
}

/** Series whose values grow or are measured. */
const volatileSeries = new Set(["scrape_duration_seconds", "demo_requests_total", "now"]);
/** Fields that hold times, durations and the recording machine's name. */
const volatileFields = new Set(["lastScrape", "lastScrapeDuration", "globalUrl", "timestamp"]);

export const httpApiSuite: Suite = {
  name: "prom/httpapi",

  async countCases(dataDir) {
    return (await readCases(dataDir)).length;
  },

  async run(dataDir, reporter) {
    const cases = await readCases(dataDir);
    const fetchProm = await openPromServer(dataDir);
    const live = await startLiveServer(dataDir);
    try {
      const check = new OpenApiCheck(await (await live.fetch("/api/v1/openapi.yaml")).text());
      for (const recorded of cases) {
        const isLive = recorded.name.startsWith("live/");
        await reportCase(reporter, recorded.name, () =>
          runCase(recorded, isLive ? live.fetch : fetchProm, check),
        );
      }
    } finally {
      await live.stop();
    }
  },
};

function isVolatileBody(recorded: RecordedRequest): boolean {
  return recorded.volatile !== undefined && recorded.volatile !== false;
}

async function readCases(dataDir: string): Promise<readonly RecordedRequest[]> {
  const text = await readFile(join(dataDir, "prom", "httpapi", "cases.json"), "utf8");
  return JSON.parse(text) as readonly RecordedRequest[];
}

async function runCase(
  recorded: RecordedRequest,
  send: PromFetch | LiveServer["fetch"],
  check: OpenApiCheck,
): Promise<string | undefined> {
  const parameters = new URLSearchParams(timely(recorded) as [string, string][]);
  const isForm = recorded.method === "POST";
  const headers = {
    ...recorded.requestHeaders,
    ...(isForm ? { "content-type": "application/x-www-form-urlencoded" } : {}),
  };
  const search = parameters.size === 0 || isForm ? "" : `?${parameters}`;
  const answer = await send(`${recorded.path}${search}`, {
    method: recorded.method,
    headers,
    redirect: "manual",
    ...(isForm ? { body: parameters.toString() } : {}),
  });
  const text = await answer.text();
  const { status } = answer;
  const contentType = answer.headers.get("content-type");
  const { method, path } = recorded;
  const isRoute = status !== 307 && !(status === 404 && contentType?.startsWith("text/plain"));
  const problem = isRoute && check.problem({ method, path, status, contentType, text });
  if (typeof problem === "string") return `OpenAPI: ${problem}`;
  if (isCutByLimit(recorded)) return await compareCut(recorded, text, send);
  const differences: string[] = [];
  differ(differences, "status", recorded.httpStatus, status);
  differ(differences, "content type", recorded.contentType, contentType);
  if (recorded.location !== undefined)
    differ(differences, "location", recorded.location, answer.headers.get("location"));
  if (recorded.bodyText !== undefined) compareText(differences, recorded, text);
  else if (recorded.body !== undefined) compareJson(differences, recorded, text);
  return differences.length === 0 ? undefined : differences.join("\n  ");
}

/** Parameters with the times of a live recording moved to now: the last ten minutes, as they were then. */
function timely(recorded: RecordedRequest): readonly (readonly [string, string])[] {
  if (!recorded.name.startsWith("live/")) return recorded.params;
  const nowSeconds = Date.now() / 1000;
  return recorded.params.map(([name, value]) => {
    if (name === "start") return [name, String(nowSeconds - 600)] as const;
    return name === "end" ? ([name, String(nowSeconds)] as const) : ([name, value] as const);
  });
}

/** Which values survive a limit is not promised; how many, the warning, and that they exist is. */
function isCutByLimit(recorded: RecordedRequest): boolean {
  const body = recorded.body as { warnings?: readonly string[] } | undefined;
  return body?.warnings?.includes("results truncated due to limit") ?? false;
}

async function compareCut(
  recorded: RecordedRequest,
  text: string,
  send: PromFetch | LiveServer["fetch"],
): Promise<string | undefined> {
  const wanted = recorded.body as { data: readonly unknown[]; warnings: readonly string[] };
  const actual = JSON.parse(text) as { data: readonly unknown[]; warnings: readonly string[] };
  const parameters = recorded.params.filter(([name]) => name !== "limit") as [string, string][];
  const whole = await send(`${recorded.path}?${new URLSearchParams(parameters)}`);
  const all = ((await whole.json()) as { data: readonly unknown[] }).data.map((item) =>
    JSON.stringify(item),
  );
  const differences: string[] = [];
  differ(differences, "warnings", wanted.warnings, actual.warnings);
  differ(differences, "number of values", wanted.data.length, actual.data.length);
  differ(
    differences,
    "values not in the whole",
    [],
    actual.data.filter((item) => !all.includes(JSON.stringify(item))),
  );
  return differences.length === 0 ? undefined : differences.join("\n  ");
}

function differ(into: string[], what: string, wanted: unknown, actual: unknown): void {
  const want = JSON.stringify(wanted);
  const have = JSON.stringify(actual);
  if (want !== have)
    into.push(`${what}: want ${excerpt(want, have)}\n    have ${excerpt(have, want)}`);
}

/** What surrounds the first difference of a long text. */
function excerpt(text: string | undefined, other: string | undefined): string {
  if (text === undefined || other === undefined || text.length < 600) return String(text);
  let at = 0;
  while (at < text.length && text[at] === other[at]) at++;
  return `…${text.slice(Math.max(0, at - 150), at + 250)}…`;
}

function compareText(into: string[], recorded: RecordedRequest, text: string): void {
  // Times of samples stand at the ends of federation lines.
  const strip = (body: string) =>
    isVolatileBody(recorded) ? body.replace(/ \d{13}$/gm, "") : body;
  differ(into, "body", strip(recorded.bodyText ?? ""), strip(text));
}

function compareJson(into: string[], recorded: RecordedRequest, text: string): void {
  if (!text.startsWith("{")) {
    into.push(`body: want JSON, have ${text.slice(0, 200)}`);
    return;
  }
  const actual: unknown = JSON.parse(text);
  if (recorded.name.startsWith("status/") && isVolatileBody(recorded)) {
    differ(into, "shape", shapeOf(recorded.body), shapeOf(actual));
  } else {
    const isVolatile = isVolatileBody(recorded);
    differ(into, "body", comparable(recorded.body, isVolatile), comparable(actual, isVolatile));
  }
}

/** The recorded keys with the types of their values; keys of ours beyond them do not matter. */
function shapeOf(value: unknown): unknown {
  if (value === null || typeof value !== "object") return typeof value;
  const known = [
    "status",
    "data",
    "startTime",
    "CWD",
    "hostname",
    "serverTime",
    "reloadConfigSuccess",
    "lastConfigTime",
    "corruptionCount",
    "goroutineCount",
    "GOMAXPROCS",
    "GOMEMLIMIT",
    "GOGC",
    "GODEBUG",
    "storageRetention",
    "version",
    "revision",
    "branch",
    "buildUser",
    "buildDate",
    "goVersion",
    "min",
    "max",
    "current",
  ];
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => known.includes(key))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, shapeOf(inner)]),
  );
}

/** Keys sorted; results, metadata rows and exemplars in one order; volatile parts replaced. */
function comparable(value: unknown, isVolatile: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => comparable(item, isVolatile));
  if (value === null || typeof value !== "object") return value;
  const object = value as Readonly<Record<string, unknown>>;
  const entries = Object.entries(object)
    .filter(([key]) => !(isVolatile && volatileFields.has(key)))
    .map(([key, inner]) => [key, comparableField(key, inner, object, isVolatile)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries);
}

function comparableField(
  key: string,
  value: unknown,
  owner: Readonly<Record<string, unknown>>,
  isVolatile: boolean,
): unknown {
  if (key === "value" && Array.isArray(value)) return comparableSample(value, owner, isVolatile);
  const inner = comparable(value, isVolatile);
  // Vectors and metadata come in no order.
  const isUnordered =
    (key === "result" && owner["resultType"] === "vector") ||
    (key === "data" && isUnorderedList(value));
  return isUnordered && Array.isArray(inner) ? sortByText(inner) : inner;
}

function comparableSample(
  sample: readonly unknown[],
  owner: Readonly<Record<string, unknown>>,
  isVolatile: boolean,
): unknown {
  if (!isVolatile) return sample;
  const name =
    (owner["metric"] as Readonly<Record<string, string>> | undefined)?.["__name__"] ?? "";
  return volatileSeries.has(name) ? "<volatile>" : sample[1];
}

/** Rows of targets/metadata and label sets of series: no order is promised. */
function isUnorderedList(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.some(
      (row) => typeof row === "object" && row !== null && ("target" in row || "__name__" in row),
    )
  );
}

function sortByText(items: readonly unknown[]): unknown[] {
  return items
    .map((item) => JSON.stringify(item))
    .sort()
    .map((text) => JSON.parse(text) as unknown);
}
