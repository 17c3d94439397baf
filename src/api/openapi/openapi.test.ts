import { Ajv2020 } from "ajv/dist/2020.js";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { openTestApp } from "../testing/test-app.ts";
import { openApiDocument, openApiPath } from "./document.ts";
import { operations } from "./operations.ts";

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: object;
}

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: object }>> }>
  >;
}

const app = openTestApp();

async function served(): Promise<Document> {
  const answer = await app.request("/api/v1/openapi.yaml");
  expect(answer.headers.get("content-type")).toBe("application/yaml; charset=utf-8");
  return parse(await answer.text()) as Document;
}

/** Requests whose answers are checked: each JSON route of Prometheus' API and of ours. */
const requests: readonly string[] = [
  "/api/v1/query?query=up&time=60&stats=all",
  "/api/v1/query?query=1",
  "/api/v1/query?query=%22a%22",
  "/api/v1/query?query=up%5B5m%5D&time=60",
  "/api/v1/query?query=sum(",
  "/api/v1/query_range?query=rate(up%5B1m%5D)&start=0&end=60&step=15",
  "/api/v1/query_exemplars?query=up",
  "/api/v1/format_query?query=sum(up)",
  "/api/v1/parse_query?query=sum(rate(up%5B5m%5D))",
  "/api/v1/series?match[]=up&limit=1",
  "/api/v1/series",
  "/api/v1/labels",
  "/api/v1/label/job/values",
  "/api/v1/metadata",
  "/api/v1/targets",
  "/api/v1/targets/metadata",
  "/api/v1/scrape_pools",
  "/api/v1/rules",
  "/api/v1/rules?type=x",
  "/api/v1/alerts",
  "/api/v1/alertmanagers",
  "/api/v1/status/buildinfo",
  "/api/v1/status/runtimeinfo",
  "/api/v1/status/config",
  "/api/v1/status/flags",
  "/api/v1/status/tsdb",
  "/api/v1/status/tsdb/blocks",
  "/api/v1/features",
  "/api/v1/notifications",
  "/api/v1/scrape_pools/config?scrapePool=agent",
  "/api/v1/targets/relabel_steps?scrapePool=agent&labels=%7B%22a%22:%221%22%7D",
  "/api/v1/status/walreplay",
  "/api/ciliascope/v1/status",
  "/api/ciliascope/v1/dashboards",
  "/api/ciliascope/v1/dashboards/none",
  "/api/ciliascope/v1/query-nodes?query=sum(up)&time=60",
  "/api/ciliascope/v1/query-nodes?query=sum(",
];

describe("the OpenAPI document", () => {
  it("describes what each route really answers", async () => {
    const document = await served();
    const ajv = new Ajv2020({ strict: true, validateFormats: false });
    ajv.addVocabulary(["components"]);
    ajv.addSchema({ $id: "document", components: document.components });
    for (const request of requests) {
      const answer = await app.request(request);
      const [path = ""] = request.split("?");
      const { responses } =
        document.paths[templateOf(document, path)]?.["get"] ?? ({ responses: {} } as Operation);
      const response = responses[String(answer.status)] ?? responses["default"];
      const schema = response?.content?.["application/json"]?.schema;
      expect(schema, request).toBeDefined();
      const text = JSON.stringify(schema).replaceAll('"#/comp', '"document#/comp');
      const validate = ajv.compile(JSON.parse(text) as object);
      validate(await answer.json());
      expect(ajv.errorsText(validate.errors), request).toBe("No errors");
    }
  });

  it("has each route of the application, and no other", async () => {
    const { paths } = await served();
    const routed = app.routes
      .map(({ path }) => openApiPath(path))
      .filter((path) => !path.includes("*") && !path.includes("//"));
    for (const path of routed) expect(Object.keys(paths)).toContain(path);
    for (const path of Object.keys(paths)) expect(routed).toContain(path);
  });

  it("names each operation once", async () => {
    const { openapi, paths } = await served();
    const ids = Object.values(paths).flatMap((path) =>
      Object.values(path).map(({ operationId }) => operationId),
    );
    expect(openapi).toBe("3.1.0");
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("lists routes of features that it does not know, each method once", () => {
    const feature = new Hono();
    feature.get("/api/ciliascope/v1/things/:id", () => new Response());
    feature.delete("/api/ciliascope/v1/things/:id", () => new Response());
    const { paths } = openApiDocument("1", feature.routes) as unknown as Document;
    expect(Object.keys(paths["/api/ciliascope/v1/things/{id}"] ?? {})).toEqual(["get", "delete"]);
  });

  it("checks a JSON answer for each described route that has one", () => {
    const asked = new Set(requests.map((request) => request.split("?")[0]));
    const unasked = operations
      .filter(({ methods, data, body }) => methods[0] === "get" && (data ?? body) !== undefined)
      .map(({ path }) => path.replace("{name}", "job").replace("{uid}", "none"))
      .filter((path) => !asked.has(path));
    expect(unasked).toEqual([]);
  });
});

function templateOf({ paths }: Document, path: string): string {
  if (paths[path] !== undefined) return path;
  const isOf = (template: string) =>
    new RegExp(`^${template.replace(/\{\w+\}/g, "[^/]+")}$`).test(path);
  return Object.keys(paths).find(isOf) ?? path;
}
