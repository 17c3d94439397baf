import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { Hono } from "hono";
import { expect, test } from "vitest";
import { FakeClock } from "../../base/clock.ts";
import { silentLogger } from "../../base/logger.ts";
import { MapRollups } from "../../flow/map/map-rollups.ts";
import { mapTable } from "../../flow/map/map-table.ts";
import type { Flow } from "../../flow/model/flow.ts";
import { FileSource } from "../../flow/source/file-source.ts";
import { FlowFeed } from "../../flow/source/flow-feed.ts";
import { CompletenessLog } from "../../flow/store/completeness-log.ts";
import { FlowStore } from "../../flow/store/flow-store.ts";
import { flowRoutes } from "../flow-routes.ts";
import { flowSourceRoutes } from "../flow-source-routes.ts";
import { mapRoutes } from "../map-routes.ts";
import { openApiDocument, openApiPath } from "./document.ts";
import { flowOperations } from "./flow-operations.ts";

const nowMs = Date.parse("2026-01-15T10:10:00Z");
const uuid = "00000000-0000-4000-8000-000000000001";
const flow: Flow = {
  uuid,
  time: "2026-01-15T10:00:00Z",
  verdict: "DROPPED",
  drop_reason_desc: "POLICY_DENIED",
  source: { namespace: "a", pod_name: "x", workloads: [{ name: "x", kind: "Deployment" }] },
  destination: { namespace: "b", pod_name: "y" },
  l4: { TCP: { source_port: 40_000, destination_port: 80 } },
  l7: { type: "RESPONSE", latency_ns: "1000000", http: { code: 200, method: "GET" } },
};
const asked = [
  "/flows?count=true",
  "/flows?q=--verdict",
  "/flows?q=--nonsense",
  `/flows/${uuid}`,
  "/flows/none",
  "/flows/groups?by=verdict,source",
  "/flows/groups?by=colour",
  "/flows/values?field=verdict",
  "/flows/timeline",
  "/flows/completeness",
  "/flows/fields",
  "/flows/store",
  "/flow-sources",
  "/map",
  "/map?level=pod&vs-since=9m&vs-until=1m",
];

async function openApp(dir: string) {
  const clock = new FakeClock(nowMs);
  const options = { dir, clock, logger: silentLogger, retentionMs: 1e12, retentionBytes: 1e12 };
  const store = await FlowStore.open({ ...options, tables: [mapTable] });
  store.append([flow]);
  const node = { node: "n", seen: 1, lost: { X: 2 }, state: "", message: "" };
  const completeness = new CompletenessLog({ ...options, nodes: () => [node] });
  const retention = { retentionMs: 1, retentionBytes: 1 };
  const feed = new FlowFeed(silentLogger);
  const path = join(dir, "none.log");
  feed.add(
    new FileSource({
      name: path,
      cluster: "",
      path,
      isOnlyNew: false,
      clock,
      logger: silentLogger,
    }),
  );
  const routes = [
    flowRoutes({ store, completeness, live: () => () => undefined, clock, retention }),
    mapRoutes({ store, rollups: new MapRollups(store, silentLogger), completeness, clock }),
    flowSourceRoutes(feed, () => "127.0.0.1:9194"),
  ];
  const app = new Hono();
  for (const part of routes) app.route("/api/ciliascope/v1", part);
  const close = async () => {
    await feed.close();
    completeness.close();
    await store.close();
  };
  return { app, close };
}

test("flows, map and sources answer as the OpenAPI document says", async () => {
  const dir = mkdtempSync(join(tmpdir(), "flow-operations-"));
  const { app, close } = await openApp(dir);
  const document = openApiDocument("1", app.routes) as {
    paths: Record<string, { get: { responses: Record<string, { content: object }> } }>;
    components: object;
  };
  const ajv = new Ajv2020({ strict: true, validateFormats: false });
  ajv.addVocabulary(["components"]);
  ajv.addSchema({ $id: "document", components: document.components });
  for (const request of asked) {
    const answer = await app.request(`/api/ciliascope/v1${request}`);
    const path = request.split("?")[0]?.replace(/\/flows\/(none|0.*)$/, "/flows/{uuid}");
    const { responses } = document.paths[`/api/ciliascope/v1${path}`]?.get ?? { responses: {} };
    const response = responses[String(answer.status)] ?? responses["default"];
    const content = response?.content as Record<string, { schema: object }>;
    const text = JSON.stringify(content["application/json"]?.schema);
    const schema = JSON.parse(text.replaceAll('"#/comp', '"document#/comp')) as object;
    const validate = ajv.compile(schema);
    validate(await answer.json());
    expect(`${request}: ${ajv.errorsText(validate.errors)}`).toBe(`${request}: No errors`);
  }
  await close();
  rmSync(dir, { recursive: true });
});

test("each row is a route", async () => {
  const dir = mkdtempSync(join(tmpdir(), "flow-operations-"));
  const { app, close } = await openApp(dir);
  const routed = app.routes.map(({ path }) => openApiPath(path));
  for (const { path } of flowOperations) expect(routed).toContain(path);
  await close();
  rmSync(dir, { recursive: true });
});
