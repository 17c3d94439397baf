/**
 * The Metrics studio below /api/ciliascope/v1/studio: what is counted now, what a configuration would
 * cost on kept flows, its faults, Helm values, switching it on here, and filling the past.
 */

import { type Context, Hono } from "hono";
import type { Clock } from "../base/clock.ts";
import { AppError, ConfigError, errorMessage } from "../base/errors.ts";
import type { FlowHistory } from "../flow/flow-history.ts";
import { contextIdentifiers, contextLabels } from "../flowmetrics/context.ts";
import { handlerKinds } from "../flowmetrics/registry.ts";
import { checkMetricConfig } from "../flowmetrics/studio/config-check.ts";
import { toHelmValues } from "../flowmetrics/studio/helm-values.ts";
import { previewMetrics } from "../flowmetrics/studio/preview.ts";
import { parsePrice, priceExample } from "../flowmetrics/studio/price.ts";
import {
  checkMetricsList,
  contextOptionNames,
  isRefusal,
  type SpecFinding,
} from "../flowmetrics/studio/spec-check.ts";
import type { MetricsText } from "../flowmetrics/studio/spec-count.ts";
import { parseDuration } from "../model/duration.ts";
import { readTime } from "./flow-request.ts";
import { guarded, refuse } from "./own-answers.ts";
import type {
  StudioAnswer,
  StudioApplyAnswer,
  StudioBackfillAnswer,
  StudioCheckAnswer,
  StudioChoice,
  StudioHelmAnswer,
  StudioPreviewAnswer,
  StudioRequest,
} from "./wire/studio.ts";

/** Previews at once; one more is asked to wait. */
const previewsMax = 4;
/** Characters of a configuration. */
const textMax = 256 * 1024;
const sinceDefault = "now-6h";
const intervalMinMs = 1000;

/** What the routes need. */
export interface StudioSources {
  readonly clock: Clock;
  readonly history: FlowHistory;
  readonly flowStats: () => {
    readonly flows: number;
    readonly oldestMs: number | undefined;
    readonly newestMs: number | undefined;
  };
  /** How often series of flows are stored, ms. */
  readonly intervalMs: number;
  readonly choice: () => {
    readonly metrics: readonly string[] | undefined;
    readonly source: StudioChoice["source"];
    readonly isStored: boolean;
  };
  /** Throws AppError. */
  readonly switchTo: (metrics: readonly string[]) => void;
  /** Absent where there is no storage to fill. */
  readonly backfill?: StudioBackfill | undefined;
}

/** Filling the past; src/server has it. */
export interface StudioBackfill {
  readonly status: StudioBackfillAnswer;
  start(request: {
    readonly metrics: readonly string[];
    readonly sinceMs: number;
    readonly untilMs: number | undefined;
    readonly intervalMs: number;
  }): Promise<StudioBackfillAnswer>;
  cancel(): Promise<StudioBackfillAnswer>;
}

/** The routes. */
export function studioRoutes(sources: StudioSources): Hono {
  const routes = new Hono();
  let running = 0;
  routes.get("/studio", () => guarded(() => overview(sources)));
  routes.post("/studio/check", (context) =>
    guarded(async () => check(textOf(await readBody(context)))),
  );
  routes.post("/studio/preview", (context) =>
    guarded(async () => {
      if (running >= previewsMax) {
        throw new AppError("refused", `${previewsMax} previews are running; wait for one of them`);
      }
      running++;
      try {
        return await preview(sources, await readBody(context), context.req.raw.signal);
      } finally {
        running--;
      }
    }),
  );
  routes.post("/studio/helm", (context) => guarded(async () => helm(await readBody(context))));
  routes.post("/studio/apply", (context) =>
    guarded(async () => apply(sources, await readBody(context))),
  );
  const { backfill } = sources;
  if (backfill === undefined) return routes;
  routes.get("/studio/backfill", () => guarded((): StudioBackfillAnswer => backfill.status));
  routes.post("/studio/backfill", (context) =>
    guarded(async () => await startBackfill(sources, backfill, await readBody(context))),
  );
  routes.delete("/studio/backfill", () => guarded(async () => await backfill.cancel()));
  routes.onError((thrown) => {
    if (thrown instanceof AppError) return refuse(400, thrown.message);
    throw thrown;
  });
  return routes;
}

function overview(sources: StudioSources): StudioAnswer {
  const { flows, oldestMs, newestMs } = sources.flowStats();
  return {
    handlers: handlerKinds.map(({ name, summary, options, conflictsWith }) => ({
      name,
      summary,
      options,
      conflictsWith,
    })),
    contexts: contextIdentifiers,
    labels: contextLabels,
    contextOptions: contextOptionNames,
    now: choiceOf(sources),
    flows: { count: flows, oldestMs: oldestMs ?? null, newestMs: newestMs ?? null },
    intervalMs: sources.intervalMs,
    priceExample,
  };
}

function choiceOf({ choice }: StudioSources): StudioChoice {
  const { metrics, source, isStored } = choice();
  return { metrics: metrics ?? null, source, isStored };
}

/** The body, its fields of the types that StudioRequest says. Throws ConfigError. */
async function readBody(context: Context): Promise<StudioRequest> {
  const text = await context.req.text();
  if (text.length > textMax) {
    throw new AppError("limit", `the request is longer than ${textMax} characters`);
  }
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (thrown) {
    throw new ConfigError(`the request is no JSON: ${errorMessage(thrown)}`, { path: "" });
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new ConfigError("the request is no JSON object", { path: "" });
  }
  for (const [name, value] of Object.entries(body)) checkField(name, value);
  return body;
}

const fieldKinds: Readonly<Record<string, "texts" | "texts or null" | "text" | "boolean">> = {
  metrics: "texts",
  config: "text",
  since: "text",
  until: "text",
  interval: "text",
  price: "text",
  against: "texts or null",
  handler: "text",
  which: "text",
  dynamic: "boolean",
};

function checkField(name: string, value: unknown): void {
  const kind = Object.hasOwn(fieldKinds, name) ? fieldKinds[name] : undefined;
  if (kind === undefined) {
    const known = Object.keys(fieldKinds).join(", ");
    throw new ConfigError(`there is no such field; there are ${known}`, { path: name });
  }
  const isTexts = Array.isArray(value) && value.every((item) => typeof item === "string");
  const fits =
    kind === "text"
      ? typeof value === "string"
      : kind === "boolean"
        ? typeof value === "boolean"
        : isTexts || (kind === "texts or null" && value === null);
  if (!fits) throw new ConfigError(`it must be ${kind}`, { path: name });
}

function textOf({ metrics, config }: StudioRequest): MetricsText {
  if (config !== undefined && metrics !== undefined) {
    throw new ConfigError("give metrics or config, not both", { path: "config" });
  }
  if (config !== undefined) return { config };
  if (metrics !== undefined) return { metrics };
  throw new ConfigError("give the metrics, as hubble.metrics.enabled", { path: "metrics" });
}

function check(text: MetricsText): StudioCheckAnswer {
  const findings = findingsOf(text);
  return { isAccepted: !findings.some(isRefusal), findings };
}

function findingsOf(text: MetricsText): SpecFinding[] {
  return "config" in text ? checkMetricConfig(text.config) : checkMetricsList(text.metrics);
}

async function preview(
  sources: StudioSources,
  body: StudioRequest,
  signal: AbortSignal,
): Promise<StudioPreviewAnswer> {
  const { clock, history } = sources;
  const text = textOf(body);
  const refusal = findingsOf(text).find(isRefusal);
  if (refusal !== undefined) {
    throw new ConfigError(`${refusal.message}; ${refusal.mend}`, { path: "metrics" });
  }
  const nowMs = clock.nowMs();
  const sinceMs = readTime(body.since ?? sinceDefault, "since", nowMs);
  const untilMs = readTime(body.until, "until", nowMs);
  const { handler, which = "all", against } = body;
  const filter = { allow: [], deny: [] };
  return await previewMetrics(
    {
      text,
      intervalMs: readInterval(body.interval, sources.intervalMs),
      price: readPrice(body.price),
      against: against === undefined ? sources.choice().metrics : (against ?? undefined),
      variants: handler === undefined ? undefined : { handler, which },
    },
    history.search({ sinceMs, untilMs, filter, signal }),
    { clock, signal },
  );
}

function readPrice(text: string | undefined): ReturnType<typeof parsePrice> | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  try {
    return parsePrice(text);
  } catch (thrown) {
    throw new ConfigError(errorMessage(thrown), { path: "price" });
  }
}

function readInterval(text: string | undefined, normalMs: number): number {
  if (text === undefined || text === "") return normalMs;
  const ms = parseDuration(text);
  if (ms !== undefined && ms >= intervalMinMs) return ms;
  throw new ConfigError(`${JSON.stringify(text)} is no interval: write 15s or 1m`, {
    path: "interval",
  });
}

function helm(body: StudioRequest): StudioHelmAnswer {
  return toHelmValues(textOf(body), body.dynamic ?? false);
}

function apply(sources: StudioSources, body: StudioRequest): StudioApplyAnswer {
  const { metrics } = body;
  if (metrics === undefined) throw new ConfigError("give the metrics", { path: "metrics" });
  const refusal = checkMetricsList(metrics).find(isRefusal);
  if (refusal !== undefined) {
    throw new ConfigError(`${refusal.message}; ${refusal.mend}`, { path: "metrics" });
  }
  sources.switchTo(metrics);
  return choiceOf(sources);
}

async function startBackfill(
  sources: StudioSources,
  backfill: StudioBackfill,
  body: StudioRequest,
): Promise<StudioBackfillAnswer> {
  const { metrics } = body;
  if (metrics === undefined) throw new ConfigError("give the metrics", { path: "metrics" });
  const nowMs = sources.clock.nowMs();
  return await backfill.start({
    metrics,
    sinceMs: readTime(body.since ?? sinceDefault, "since", nowMs) ?? nowMs,
    untilMs: readTime(body.until, "until", nowMs),
    intervalMs: readInterval(body.interval, sources.intervalMs),
  });
}
