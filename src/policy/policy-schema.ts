/**
 * A walk over a policy with the CRD's schema: what the API server would refuse, in its words, and
 * the fields that it would not know. Cost: one pass over the document.
 */

import { didYouMean } from "../schema/did-you-mean.ts";
import { parseCidr } from "./cidr.ts";
import type { Schema } from "./crd-schema.ts";
import type { FaultStage, PolicyFault } from "./policy-fault.ts";
import type { YamlCursor } from "./yaml-cursor.ts";

type ObjectSchema = Extract<Schema, { type: "object" }>;
type StringSchema = Extract<Schema, { type: "string" }>;

/** What a walk found, in document order. */
export interface SchemaReport {
  readonly schemaFaults: readonly PolicyFault[];
  /** One per unknown field. */
  readonly unknownFields: readonly PolicyFault[];
  /** The first value that the agent's JSON decoder could not take. */
  readonly decodeFault: PolicyFault | undefined;
}

/** Checks a document against a schema. */
export function checkSchema(cursor: YamlCursor, schema: Schema): SchemaReport {
  const walk = new SchemaWalk();
  walk.check(cursor, schema, { goType: "", goPath: "" });
  return walk;
}

/** The innermost Go struct, and the path of fields below the outermost. */
interface GoPlace {
  readonly goType: string;
  readonly goPath: string;
}

class SchemaWalk implements SchemaReport {
  readonly schemaFaults: PolicyFault[] = [];
  readonly unknownFields: PolicyFault[] = [];
  decodeFault: PolicyFault | undefined;

  check(cursor: YamlCursor, schema: Schema, place: GoPlace): void {
    if (schema.type === "any") return;
    if (!isOfType(cursor, schema)) {
      this.#reportType(cursor, schema, place);
      return;
    }
    switch (schema.type) {
      case "object":
        this.#checkObject(cursor, schema, place);
        break;
      case "map":
        for (const [, value] of cursor.entries()) this.check(value, schema.values, place);
        break;
      case "array":
        this.#checkList(cursor, schema, place);
        break;
      case "string":
        this.#checkText(cursor, schema);
        break;
      case "integer":
        this.#checkNumber(cursor, schema);
        break;
      case "intOrString":
        if (cursor.jsonType === "string") {
          this.#checkText(cursor, { type: "string", pattern: schema.pattern });
        }
        break;
      case "boolean":
        break;
    }
  }

  #reportType(cursor: YamlCursor, schema: Schema, { goType, goPath }: GoPlace): void {
    const { path, jsonType } = cursor;
    const wanted =
      schema.type === "map"
        ? "object"
        : schema.type === "intOrString"
          ? "integer,string"
          : schema.type;
    const mend =
      wanted === "string" && jsonType !== "object" && jsonType !== "array"
        ? `quote it, as in "${String(cursor.scalar())}"`
        : "";
    this.#fault(
      cursor,
      "schema",
      `${path}: Invalid value: "${jsonType}": ${path} in body must be of type ${wanted}: "${jsonType}"`,
      mend,
    );
    const kind = jsonType === "boolean" ? "bool" : jsonType;
    this.decodeFault ??= {
      ...placeOf(cursor),
      stage: "agent",
      reason: `json: cannot unmarshal ${kind} into Go struct field ${goType}.${goPath} of type ${goTypeOf(schema)}`,
      mend,
    };
  }

  #checkObject(cursor: YamlCursor, schema: ObjectSchema, place: GoPlace): void {
    const goType = schema.goType ?? place.goType;
    const present = new Map(cursor.entries());
    const unknown: string[] = [];
    for (const [key, value] of present) {
      const field = schema.fields[key];
      if (field === undefined) {
        unknown.push(key);
        this.#reportUnknown(value, key, Object.keys(schema.fields));
        continue;
      }
      const goPath = place.goPath === "" ? key : `${place.goPath}.${key}`;
      this.check(value, field, { goType, goPath });
    }
    const hint = unknown
      .map((key) => didYouMean(key, Object.keys(schema.fields)).replace(/^; /, `"${key}": `))
      .filter((words) => words !== "")
      .join(", ");
    for (const name of schema.required ?? []) {
      if (!present.has(name))
        this.#fault(cursor, "schema", `${pathOf(cursor, name)}: Required value`, hint);
    }
    this.#checkAlternatives(cursor, schema, new Set(present.keys()), hint);
  }

  #checkAlternatives(
    cursor: YamlCursor,
    { oneOf, anyOf }: ObjectSchema,
    present: ReadonlySet<string>,
    hint: string,
  ): void {
    const valid = (oneOf ?? []).filter((names) => names.every((name) => present.has(name)));
    const where = `<nil>: Invalid value: "": "${cursor.path}" must validate`;
    const first = oneOf?.[0]?.[0];
    if (first !== undefined && valid.length !== 1) {
      const found = valid.length === 0 ? "none valid" : `${valid.length} valid alternatives`;
      this.#fault(
        cursor,
        "schema",
        `${where} one and only one schema (oneOf). Found ${found}`,
        hint,
      );
      if (valid.length === 0)
        this.#fault(cursor, "schema", `${pathOf(cursor, first)}: Required value`, hint);
    }
    const firstAny = anyOf?.[0];
    if (firstAny !== undefined && !anyOf?.some((name) => present.has(name))) {
      this.#fault(cursor, "schema", `${where} at least one schema (anyOf)`, hint);
      this.#fault(cursor, "schema", `${pathOf(cursor, firstAny)}: Required value`, hint);
    }
  }

  #reportUnknown(cursor: YamlCursor, key: string, known: readonly string[]): void {
    const hint = didYouMean(key, known).replace(/^; /, "");
    const mend = hint === "" ? `known here: ${known.join(", ")}` : hint;
    // Cilium's validator lists the leaves of what it does not know.
    const extra = leafPaths(cursor, 0).join(" ");
    this.unknownFields.push({
      ...placeOf(cursor),
      stage: "unknown-field",
      reason: `unknown fields found, extra:[${extra}]`,
      mend,
    });
  }

  #checkList(cursor: YamlCursor, schema: Extract<Schema, { type: "array" }>, place: GoPlace): void {
    const items = cursor.items();
    const { itemsMax, itemsMin = 0 } = schema;
    if (items.length < itemsMin) {
      const { path } = cursor;
      this.#fault(
        cursor,
        "schema",
        `${path}: Invalid value: ${items.length}: ${path} in body should have at least ${itemsMin} items`,
      );
    }
    if (itemsMax !== undefined && items.length > itemsMax) {
      this.#fault(
        cursor,
        "schema",
        `${cursor.path}: Too many: ${items.length}: must have at most ${itemsMax} items`,
      );
    }
    for (const item of items) this.check(item, schema.items, place);
  }

  #checkText(cursor: YamlCursor, schema: StringSchema): void {
    const text = cursor.text();
    const { path } = cursor;
    const { values, pattern, bytesMax, lengthMax, lengthMin = 0 } = schema;
    const quoted = JSON.stringify(text);
    if (values !== undefined && !values.includes(text)) {
      const known = values.map((value) => `"${value}"`).join(", ");
      this.#fault(
        cursor,
        "schema",
        `${path}: Unsupported value: ${quoted}: supported values: ${known}`,
        didYouMean(text.toUpperCase(), values).replace(/^; /, "") ||
          didYouMean(text.toLowerCase(), values).replace(/^; /, ""),
      );
    }
    if (text.length < lengthMin) {
      this.#fault(
        cursor,
        "schema",
        `${path}: Invalid value: ${quoted}: ${path} in body should be at least ${lengthMin} chars long`,
      );
    }
    if (pattern !== undefined && !pattern.test(text)) {
      this.#fault(
        cursor,
        "schema",
        `${path}: Invalid value: ${quoted}: ${path} in body should match '${schema.patternText ?? pattern.source}'`,
      );
    }
    if (schema.isCidr === true && (!text.includes("/") || parseCidr(text) === undefined)) {
      const cidr = parseCidr(text);
      this.#fault(
        cursor,
        "schema",
        `${path}: Invalid value: ${quoted}: ${path} in body must be of type cidr: ${quoted}`,
        cidr === undefined ? "want as in 10.0.0.0/8" : `write ${text}/${cidr.isIpv4 ? 32 : 128}`,
      );
    }
    if (bytesMax !== undefined && new TextEncoder().encode(text).length > bytesMax) {
      this.#fault(cursor, "schema", `${path}: Too long: may not be more than ${bytesMax} bytes`);
    }
    if (lengthMax !== undefined && text.length > lengthMax) {
      this.#fault(cursor, "schema", `${path}: Too long: may not be more than ${lengthMax} bytes`);
    }
  }

  #checkNumber(cursor: YamlCursor, { min, max }: Extract<Schema, { type: "integer" }>): void {
    const value = Number(cursor.scalar());
    const words =
      max !== undefined && value > max
        ? `less than or equal to ${max}`
        : min !== undefined && value < min
          ? `greater than or equal to ${min}`
          : undefined;
    if (words === undefined) return;
    const { path } = cursor;
    this.#fault(
      cursor,
      "schema",
      `${path}: Invalid value: ${value}: ${path} in body should be ${words}`,
    );
  }

  #fault(cursor: YamlCursor, stage: FaultStage, reason: string, mend = ""): void {
    this.schemaFaults.push({ ...placeOf(cursor), stage, reason, mend });
  }
}

function placeOf({ file, path, line }: YamlCursor) {
  return { file, path, line };
}

function pathOf(cursor: YamlCursor, name: string): string {
  return cursor.path === "" ? name : `${cursor.path}.${name}`;
}

function isOfType(cursor: YamlCursor, schema: Schema): boolean {
  const { jsonType } = cursor;
  switch (schema.type) {
    case "object":
    case "map":
      return jsonType === "object";
    case "integer":
      return jsonType === "number" && Number.isInteger(cursor.scalar());
    case "intOrString":
      return jsonType === "string" || (jsonType === "number" && Number.isInteger(cursor.scalar()));
    case "any":
      return true;
    default:
      return jsonType === schema.type;
  }
}

function goTypeOf(schema: Schema): string {
  switch (schema.type) {
    case "object":
      return `api.${schema.goType ?? "EndpointSelector"}`;
    case "map":
      return "map[string]string";
    case "array":
      return "[]json.RawMessage";
    case "integer":
      return "int32";
    case "boolean":
      return "bool";
    default:
      return "string";
  }
}

/** Levels below an unknown field that are listed. */
const leafDepthMax = 32;

/** "spec.ingress.0.fromFQDNs.0.matchName": leaves below an unknown field; label maps count as one. */
function leafPaths(cursor: YamlCursor, depth: number): string[] {
  const dotted = cursor.path.replaceAll(/\[(\d+)\]/g, ".$1");
  if (depth > leafDepthMax || dotted.endsWith(".matchLabels")) return [dotted];
  const { jsonType } = cursor;
  const children =
    jsonType === "object"
      ? cursor.entries().map(([, value]) => value)
      : jsonType === "array"
        ? cursor.items()
        : [];
  return children.length === 0
    ? [dotted]
    : children.flatMap((child) => leafPaths(child, depth + 1));
}
