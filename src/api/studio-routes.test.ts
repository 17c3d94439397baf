import { Ajv2020 } from "ajv/dist/2020.js";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { ConfigError } from "../base/errors.ts";
import { type Flow, formatTimestamp } from "../flow/model/flow.ts";
import { openApiDocument } from "./openapi/document.ts";
import { type StudioSources, studioRoutes } from "./studio-routes.ts";
import type { StudioAnswer, StudioBackfillAnswer, StudioPreviewAnswer } from "./wire/studio.ts";

const nowMs = Date.parse("2026-01-15T12:00:00Z");

/** A drop of one of ten pods each second of the last ten minutes. */
const flows: readonly Flow[] = Array.from({ length: 600 }, (_, index) => ({
  time: formatTimestamp(nowMs - 600_000 + index * 1000, 0),
  node_name: "n1",
  verdict: "DROPPED",
  drop_reason_desc: "POLICY_DENIED",
  drop_reason: 133,
  source: { namespace: "default", pod_name: `xwing-${index % 10}` },
  l4: { TCP: { source_port: 1, destination_port: 80 } },
  Type: "L3_L4",
  event_type: { type: 1, sub_type: 133 },
}));

const idle: StudioBackfillAnswer = {
  state: "none",
  metrics: [],
  sinceMs: 0,
  untilMs: 0,
  atMs: 0,
  flows: 0,
  series: 0,
  samples: 0,
  refused: 0,
  message: "",
};

function start(changes: Partial<StudioSources> = {}) {
  const switched: (readonly string[])[] = [];
  const routes = studioRoutes({
    clock: new FakeClock(nowMs),
    history: {
      async *search({ sinceMs = 0 }) {
        yield flows.filter(({ time = "" }) => Date.parse(time) >= sinceMs);
      },
    },
    flowStats: () => ({ flows: 600, oldestMs: nowMs - 600_000, newestMs: nowMs }),
    intervalMs: 15_000,
    choice: () => ({ metrics: ["drop"], source: "default", isStored: false }),
    switchTo: (metrics) => switched.push(metrics),
    backfill: { status: idle, start: async () => idle, cancel: async () => idle },
    ...changes,
  });
  const post = async (path: string, body: unknown) => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const answer = await routes.request(`/studio${path}`, { method: "POST", body: text });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  return { routes, post, switched };
}

/** What is wrong with an answer by the OpenAPI document; "No errors" where nothing is. */
function faultsOf(routes: Hono, method: string, path: string, answer: unknown): string {
  const app = new Hono().route("/api/ciliascope/v1", routes);
  const document = openApiDocument("1", app.routes) as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
    readonly components: object;
  };
  const ajv = new Ajv2020({ strict: true, validateFormats: false });
  ajv.addVocabulary(["components"]);
  ajv.addSchema({ $id: "document", components: document.components });
  const operation = document.paths[`/api/ciliascope/v1/studio${path}`]?.[method];
  const schema = JSON.stringify(operation?.responses["200"]?.content["application/json"]?.schema);
  const validate = ajv.compile(JSON.parse(schema.replaceAll('"#/comp', '"document#/comp')));
  validate(answer);
  return `${path} ${ajv.errorsText(validate.errors)}`;
}

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { readonly schema: object }>> }>
  >;
}

describe("studio routes", () => {
  it("answer as the OpenAPI document says", async () => {
    const { routes, post } = start();
    const overview = await (await routes.request("/studio")).json();
    expect(faultsOf(routes, "get", "", overview)).toBe(" No errors");
    const metrics = ["drop:sourceContext=POD"];
    const all = { metrics, handler: "drop", price: "8/1k-series" };
    const requests = { "/check": { metrics }, "/preview": all, "/helm": { metrics } };
    for (const [path, body] of Object.entries({
      ...requests,
      "/apply": { metrics },
      "/backfill": { metrics },
    })) {
      const answer = (await post(path, body)).body;
      expect(faultsOf(routes, "post", path, answer)).toBe(`${path} No errors`);
    }
  });

  it("tell what there is to choose from and what is counted now", async () => {
    const answer = await (await start().routes.request("/studio")).json();
    const { handlers, now } = answer as StudioAnswer;
    expect(handlers.map(({ name }) => name)).toContain("httpV2");
    expect(now).toEqual({ metrics: ["drop"], source: "default", isStored: false });
  });

  it("count a preview on the window, against what is counted now, at a price", async () => {
    const { status, body } = await start().post("/preview", {
      metrics: ["drop:sourceContext=pod-name"],
      since: "now-1m",
      price: "8 USD/1k-series",
    });
    const preview = body as unknown as StudioPreviewAnswer;
    expect(status).toBe(200);
    expect(preview).toMatchObject({ flows: 60, series: 10, against: { series: 1, change: 9 } });
    expect(preview.cost.money).toEqual({ perMonth: 0.08, currency: "USD" });
  });

  it("refuse what the agent refuses, with the mend, and whatever is no request", async () => {
    const { post, switched } = start();
    const refused = await post("/preview", { metrics: ["drop:sourceContext=pods"] });
    expect(refused.status).toBe(400);
    expect(refused.body["error"]).toContain("did you mean pod?");
    expect((await post("/apply", { metrics: ["http", "httpV2"] })).status).toBe(400);
    expect(switched).toEqual([]);
    for (const body of ["", "[]", { metrics: "drop" }, { metric: ["drop"] }, {}]) {
      expect((await post("/check", body)).status, JSON.stringify(body)).toBe(400);
    }
    const bad = { metrics: ["drop"], interval: "1ms" };
    expect((await post("/preview", bad)).body["error"]).toContain("interval");
    expect((await post("/preview", { metrics: ["drop"], price: "cheap" })).status).toBe(400);
    expect((await post("/preview", { metrics: ["drop"], since: "?" })).status).toBe(400);
  });

  it("check lists and configuration files", async () => {
    const { post } = start();
    const list = await post("/check", { metrics: ["dns:query=false"] });
    expect(list.body).toMatchObject({ isAccepted: true, findings: [{ effect: "misread" }] });
    const file = await post("/check", { config: "metrics:\n- name: drop\n- name: drop\n" });
    expect(file.body["isAccepted"]).toBe(false);
  });

  it("write Helm values, switch on, and fill the past", async () => {
    const { post, switched, routes } = start();
    const helm = await post("/helm", { metrics: ["drop"], dynamic: true });
    expect(helm.body["yaml"]).toContain("dynamic:\n      enabled: true");
    await post("/apply", { metrics: ["tcp"] });
    expect(switched).toEqual([["tcp"]]);
    expect((await post("/backfill", { metrics: ["drop"] })).body["state"]).toBe("none");
    expect((await routes.request("/studio/backfill")).status).toBe(200);
    expect((await routes.request("/studio/backfill", { method: "DELETE" })).status).toBe(200);
  });

  it("say in a sentence why a back-fill is refused", async () => {
    const why = "samples are not written twice";
    const backfill = {
      status: idle,
      start: () => Promise.reject(new ConfigError(why, { path: "until" })),
      cancel: async () => idle,
    };
    const { status, body } = await start({ backfill }).post("/backfill", { metrics: ["drop"] });
    expect(status).toBe(400);
    expect(body["error"]).toBe(`until: ${why}`);
  });
});
