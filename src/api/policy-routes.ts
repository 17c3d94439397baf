/**
 * Policies over HTTP, relative to /api/ciliascope/v1/policy: those in force with their state and hits,
 * checks of drafts, replays against recorded flows, proposals, a matrix, and stored drafts. Nothing is
 * ever written to the cluster. Long answers rest every few milliseconds and end when the caller goes.
 */

import { type Context, Hono } from "hono";
import type { Clock } from "../base/clock.ts";
import { AppError, QueryError } from "../base/errors.ts";
import type { ClusterView } from "../cilium/cluster-view.ts";
import type { CompletenessLog } from "../flow/store/completeness-log.ts";
import type { FlowStore } from "../flow/store/flow-store.ts";
import { policyKindOf } from "../model/policy-kind.ts";
import { PolicyError } from "../policy/document/policy-fault.ts";
import type { FlowTally } from "../policy/traffic/flow-tally.ts";
import { readSpan } from "./flow-request.ts";
import { refuse } from "./own-answers.ts";
import { PolicyBook, type PolicyCluster } from "./policy-book.ts";
import { checkDraft, explainConnection } from "./policy-check.ts";
import { draftBytesMax, type PolicyDrafts } from "./policy-drafts.ts";
import { matrixAnswer } from "./policy-matrix.ts";
import type { PolicyQuestion } from "./policy-question.ts";
import { appliedAnswer, listAnswer, scoreAnswer, unusedAnswer } from "./policy-state.ts";
import { PolicyTraffic, type TrafficSpan } from "./policy-traffic.ts";
import { proposeAnswer, replayAnswer, testCaseText } from "./policy-workbench.ts";
import type { WireDraft, WirePolicyWindow } from "./wire/policy.ts";

const hourMs = 3_600_000;
const spanDefaultMs = 6 * hourMs;
/** Connections sent to a client that replays by itself. */
const connectionsMax = 200_000;

/** What the routes read from. */
export interface PolicyRouteSources {
  readonly store: FlowStore;
  readonly completeness: CompletenessLog;
  /** undefined: no cluster is watched; drafts can be replayed all the same. */
  readonly view: ClusterView | undefined;
  readonly drafts: PolicyDrafts;
  readonly clock: Clock;
}

/** The routes. */
export function policyRoutes(sources: PolicyRouteSources): Hono {
  const app = new Hono();
  const { clock, drafts } = sources;
  const book = new PolicyBook(sources.view);
  const traffic = new PolicyTraffic(sources.store, clock);
  const around = { sources, book, traffic };
  const asked = (run: (question: PolicyQuestion, context: Context) => Promise<unknown>) => {
    return (context: Context) =>
      answered(async () => run(await openQuestion(around, context, ""), context));
  };
  const drafted = (run: (question: PolicyQuestion, yaml: string) => Promise<unknown>) => {
    return (context: Context) =>
      answered(async () => {
        const yaml = await readYaml(context);
        return run(await openQuestion(around, context, yaml), yaml);
      });
  };
  app.get(
    "/policy/list",
    asked((question) => listAnswer(question)),
  );
  app.get(
    "/policy/applied/:kind/:namespace/:name",
    asked((question, context) => {
      const { kind: kindText = "", namespace = "", name = "" } = context.req.param();
      const kind = policyKindOf(kindText) ?? kindText;
      return appliedAnswer(question, { kind, namespace: namespace === "-" ? "" : namespace, name });
    }),
  );
  app.get(
    "/policy/unused",
    asked((question) => unusedAnswer(question)),
  );
  app.get(
    "/policy/score",
    asked((question) => scoreAnswer(question)),
  );
  app.get(
    "/policy/propose",
    asked((question) => proposeAnswer(question)),
  );
  app.get(
    "/policy/connections",
    asked((question) => snapshotOf(question.tally)),
  );
  app.get(
    "/policy/matrix",
    asked((question) => matrixAnswer(question, undefined)),
  );
  app.post("/policy/matrix", drafted(matrixAnswer));
  app.post("/policy/replay", drafted(replayAnswer));
  app.post("/policy/test-case", (context) =>
    answeredAs("application/yaml; charset=utf-8", async () => {
      const yaml = await readYaml(context);
      return testCaseText(await openQuestion(around, context, yaml), yaml);
    }),
  );
  app.post("/policy/check", (context) =>
    answered(async () => checkDraft(book, await readYaml(context), context.req.query("cluster"))),
  );
  app.post("/policy/explain", (context) =>
    answered(async () =>
      explainConnection(book, await context.req.text(), context.req.query("cluster")),
    ),
  );
  addDraftRoutes(app, drafts);
  return app;
}

function addDraftRoutes(app: Hono, drafts: PolicyDrafts): void {
  app.get("/policy/drafts", () => answered(async () => drafts.list()));
  app.get("/policy/drafts/:id", (context) =>
    answered(async () => {
      const id = context.req.param("id");
      const draft = drafts.get(id);
      if (draft === undefined) throw new AppError("query", `there is no draft ${id}`);
      return draft;
    }),
  );
  app.put("/policy/drafts/:id", (context) =>
    answered(async () => {
      const body = readDraftBody(await boundedText(context));
      return drafts.put(context.req.param("id"), body);
    }),
  );
  app.delete("/policy/drafts/:id", (context) =>
    answered(async () => {
      const id = context.req.param("id");
      if (!drafts.remove(id)) throw new AppError("query", `there is no draft ${id}`);
      return { id };
    }),
  );
}

interface Around {
  readonly sources: PolicyRouteSources;
  readonly book: PolicyBook;
  readonly traffic: PolicyTraffic;
}

async function openQuestion(
  { sources, book, traffic }: Around,
  context: Context,
  yaml: string,
): Promise<PolicyQuestion> {
  const { clock, completeness } = sources;
  const startedMs = clock.monotonicMs();
  const query = context.req.query();
  const { signal } = context.req.raw;
  const span = readWindow(query, clock.nowMs());
  const cluster = await book.cluster(query["cluster"]);
  const hasHeaders = looksAtHeaders(cluster) || /headers|headerMatches|host:/.test(yaml);
  const tally = await traffic.tally(span, { signal, hasHeaders });
  const window = (): WirePolicyWindow => {
    const { nodes } = completeness.within(span);
    const seen = nodes.reduce((sum, one) => sum + one.seen, 0);
    const lost = nodes.reduce(
      (sum, one) => sum + Object.values(one.lost).reduce((total, count) => total + count, 0),
      0,
    );
    return {
      ...span,
      flows: tally.flowCount,
      skipped: [...tally.skipped.values()].reduce((sum, count) => sum + count, 0),
      completeness: seen + lost === 0 ? 1 : seen / (seen + lost),
      tookMs: Math.round(clock.monotonicMs() - startedMs),
    };
  };
  return { book, cluster, tally, clock, signal, query, window };
}

/** Whether some HTTP rule in force asks for a header, or for the host, which may be one. */
function looksAtHeaders({ engine }: PolicyCluster): boolean {
  return engine.specs.some(({ entries }) =>
    entries.some(({ ports }) =>
      ports?.some(
        ({ l7 }) =>
          l7?.parser === "http" &&
          l7.http.some(({ headers, host }) => headers.length > 0 || host !== undefined),
      ),
    ),
  );
}

function readWindow(query: Readonly<Record<string, string>>, nowMs: number): TrafficSpan {
  const span = readSpan(query, nowMs);
  const untilMs = span.untilMs ?? nowMs;
  return { sinceMs: span.sinceMs ?? untilMs - spanDefaultMs, untilMs };
}

async function boundedText(context: Context): Promise<string> {
  const text = await context.req.text();
  if (text.length > draftBytesMax) {
    throw new AppError("limit", `a text of policies is at most ${draftBytesMax} bytes`);
  }
  return text;
}

/** The policies' YAML: the body itself, or `yaml` of a JSON body. */
async function readYaml(context: Context): Promise<string> {
  const text = await boundedText(context);
  if (context.req.header("content-type")?.startsWith("application/json") !== true) return text;
  const { yaml } = readObject(text);
  if (typeof yaml !== "string") throw new AppError("parse", 'want a body {"yaml": "…"}');
  return yaml;
}

function readObject(text: string): Record<string, unknown> {
  try {
    const read: unknown = JSON.parse(text);
    if (typeof read === "object" && read !== null) return read as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new AppError("parse", "the body must be a JSON object");
}

function readDraftBody(text: string) {
  const { title = "", yaml, basedOn = "" } = readObject(text);
  if (typeof title !== "string" || typeof yaml !== "string" || typeof basedOn !== "string") {
    throw new AppError("parse", 'want a body {"title": "…", "yaml": "…", "basedOn": "…"}');
  }
  return { title, yaml, basedOn } satisfies Partial<WireDraft>;
}

/** The connections of a tally for a client that judges them by itself (`ciliascope policy … --last`). */
async function snapshotOf(tally: FlowTally): Promise<unknown> {
  const snapshot = tally.snapshot();
  if (snapshot.connections.length > connectionsMax) {
    throw new AppError(
      "limit",
      `there are ${snapshot.connections.length} distinct connections in these hours; at most ${connectionsMax} are sent: ask for fewer hours`,
    );
  }
  return snapshot;
}

/** JSON; 422 for a draft that does not parse, 503 for a cluster that does not answer. */
async function answered(run: () => Promise<unknown>): Promise<Response> {
  try {
    return Response.json(await run());
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    return refuse(statusOf(thrown), thrown.message);
  }
}

async function answeredAs(type: string, run: () => Promise<string>): Promise<Response> {
  try {
    return new Response(await run(), { headers: { "content-type": type } });
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    return refuse(statusOf(thrown), thrown.message);
  }
}

const statusOfCode: ReadonlyMap<string, number> = new Map([
  ["parse", 400],
  ["config", 400],
  ["limit", 413],
  ["refused", 403],
]);

function statusOf(thrown: AppError): number {
  if (thrown instanceof PolicyError) return 422;
  if (thrown instanceof QueryError && thrown.kind === "canceled") return 499;
  if (thrown.code === "not_running" || thrown.code === "unreachable") return 503;
  return statusOfCode.get(thrown.code) ?? 404;
}
