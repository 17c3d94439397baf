/**
 * The OpenAPI 3.1 document, served at Prometheus' place (/api/v1/openapi.yaml). Routes of features
 * that have no row in operations.ts are listed from the application itself, with a JSON body of no
 * further schema, so that no route is ever missing.
 */

import { stringify } from "yaml";
import { flowOperations, flowParameterSpecs, flowSchemas } from "./flow-operations.ts";
import { type OperationSpec, operations, parameterSpecs } from "./operations.ts";
import { policyOperations, policyParameterSpecs, policySchemas } from "./policy-operations.ts";
import { componentSchemas, type JsonSchema, listOf, record, ref } from "./schemas.ts";
import { studioOperations, studioSchemas } from "./studio-operations.ts";

/** Parameters of tags that mean something of their own by them. */
const ownParameters = new Map([
  ["flows", flowParameterSpecs],
  ["policy", policyParameterSpecs],
]);

/** A route as Hono lists it: "GET", "/api/ciliascope/v1/flows/:id". */
export interface ListedRoute {
  readonly method: string;
  readonly path: string;
}

/** The document as an object. */
export function openApiDocument(version: string, routes: readonly ListedRoute[]): JsonSchema {
  const paths: Record<string, Record<string, JsonSchema>> = {};
  const described = [
    ...operations,
    ...served([...flowOperations, ...studioOperations, ...policyOperations], routes),
  ];
  for (const spec of [...described, ...undescribed(routes, described)]) {
    const operationsOfPath = paths[spec.path] ?? {};
    for (const method of spec.methods) operationsOfPath[method] = operationOf(spec, method);
    paths[spec.path] = operationsOfPath;
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Ciliascope",
      description:
        "Prometheus' HTTP API and Ciliascope's own. Times are Unix seconds, values of samples are texts.",
      version,
    },
    servers: [{ url: "/" }],
    paths,
    components: {
      schemas: { ...componentSchemas, ...flowSchemas, ...studioSchemas, ...policySchemas },
    },
  };
}

/** The document as YAML. */
export function openApiYaml(version: string, routes: readonly ListedRoute[]): string {
  return stringify(openApiDocument(version, routes), {
    lineWidth: 0,
    aliasDuplicateObjects: false,
  });
}

/** Hono's ":name" as OpenAPI writes it. */
export function openApiPath(path: string): string {
  return path.replace(/:(\w+)(\{[^}]*\})?/g, "{$1}");
}

/** The rows whose routes there are. */
function served(
  rows: readonly OperationSpec[],
  routes: readonly ListedRoute[],
): readonly OperationSpec[] {
  const paths = new Set(routes.map(({ path }) => openApiPath(path)));
  return rows.filter(({ path }) => paths.has(path));
}

function undescribed(
  routes: readonly ListedRoute[],
  described: readonly OperationSpec[],
): OperationSpec[] {
  const known = new Set(
    described.flatMap(({ methods, path }) => methods.map((method) => `${method} ${path}`)),
  );
  const found: OperationSpec[] = [];
  for (const { method, path } of routes) {
    const place = openApiPath(path);
    const isRoute = method !== "ALL" && place.startsWith("/api/ciliascope/v1/");
    const key = `${method.toLowerCase()} ${place}`;
    if (!isRoute || place.includes("*") || known.has(key)) continue;
    known.add(key);
    const parameters = [...place.matchAll(/\{(\w+)\}/g)].map(([, name]) => `${name}!`);
    found.push({
      path: place,
      methods: [method.toLowerCase()],
      tag: "ciliascope",
      summary: `${method} ${place.slice("/api/ciliascope/v1/".length)}`,
      parameters,
      body: {},
    });
  }
  return found;
}

function operationOf(spec: OperationSpec, method: string): JsonSchema {
  const { path, tag, summary } = spec;
  const isForm = method === "post" && spec.methods.includes("get");
  const parameters = (spec.parameters ?? []).map((text) => parameterOf(text, spec));
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  return {
    tags: [tag],
    summary,
    operationId: [method, ...words].join("_"),
    ...(parameters.length === 0 || isForm ? {} : { parameters }),
    ...(isForm ? { requestBody: formOf(spec) } : {}),
    responses: responsesOf(spec),
  };
}

function parameterOf(text: string, { path, tag }: OperationSpec): JsonSchema {
  const name = text.replace(/!$/, "");
  const own = ownParameters.get(tag)?.[name];
  const [schema, description] = own ?? parameterSpecs[name] ?? [{ type: "string" }, ""];
  const isInPath = path.includes(`{${name}}`);
  return {
    name,
    in: isInPath ? "path" : "query",
    required: isInPath || text.endsWith("!"),
    ...(description === "" ? {} : { description }),
    schema,
  };
}

function formOf(spec: OperationSpec): JsonSchema {
  const fields: Record<string, JsonSchema> = {};
  for (const text of spec.parameters ?? []) {
    const name = text.replace(/!$/, "");
    const [schema = {}] = parameterSpecs[name] ?? [];
    fields[text.endsWith("!") ? name : `${name}?`] = schema;
  }
  return { content: { "application/x-www-form-urlencoded": { schema: record(fields) } } };
}

function responsesOf(spec: OperationSpec): JsonSchema {
  const { data, body, media, status = 200 } = spec;
  const isOwn = spec.path.startsWith("/api/ciliascope/");
  const error = spec.error ?? (isOwn ? ref("OwnError") : ref("Error"));
  const failed = media?.startsWith("text/")
    ? { "text/plain": { schema: { type: "string" } } }
    : { "application/json": { schema: error } };
  const done = { description: "Done", ...contentOf(data, body, media) };
  return {
    [String(status)]: done,
    ...(spec.nothing === undefined ? {} : { 204: { description: spec.nothing } }),
    default: { description: "What was wrong", content: failed },
  };
}

function contentOf(
  data: JsonSchema | undefined,
  body: JsonSchema | undefined,
  media: string | undefined,
): JsonSchema {
  if (data !== undefined) {
    const schema = record({
      status: { const: "success" },
      data,
      "warnings?": listOf({ type: "string" }),
      "infos?": listOf({ type: "string" }),
    });
    return { content: { "application/json": { schema } } };
  }
  if (body !== undefined) return { content: { "application/json": { schema: body } } };
  if (media !== undefined) return { content: { [media]: { schema: { type: "string" } } } };
  return {};
}
