/**
 * A walk over a policy with the CRD's schema: what the API server would refuse, in its words, and
 * the fields that it would not know. Cost: one pass over the document.
 */

import { didYouMean } from "../../schema/did-you-mean.ts";
import { parseCidr } from "../selector/cidr.ts";
import type { Schema } from "./crd-schema.ts";
import { decodeAsGo, mendOfType, objectMetaSchema } from "./go-decode.ts";
import type { FaultStage, PolicyFault } from "./policy-fault.ts";
import { isOfSchemaType } from "./schema-type.ts";
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
  walk.check(cursor, schema);
  walk.checkMetadata(cursor.field("metadata"));
  const decodeFault = walk.hasTypeFault ? decodeAsGo(cursor, schema) : undefined;
  const { schemaFaults, unknownFields } = walk;
  // Where the schema has nothing to say, Cilium's own validator repeats the decoder.
  if (decodeFault !== undefined && schemaFaults.length === 0) {
    schemaFaults.push({ ...decodeFault, stage: "schema" });
  }
  return { schemaFaults, unknownFields, decodeFault };
}

class SchemaWalk {
  readonly schemaFaults: PolicyFault[] = [];
  readonly unknownFields: PolicyFault[] = [];
  hasTypeFault = false;

  check(cursor: YamlCursor, schema: Schema): void {
    if (schema.type === "any") return;
    if (!isOfType(cursor, schema)) {
      this.#reportType(cursor, schema);
      return;
    }
    switch (schema.type) {
      case "object":
        this.#checkObject(cursor, schema);
        break;
      case "map":
        for (const [, value] of cursor.entries()) this.check(value, schema.values);
        break;
      case "array":
        this.#checkList(cursor, schema);
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

  /** The CRD leaves metadata to the API server, which refuses wrong types as the decoder does. */
  checkMetadata(cursor: YamlCursor | undefined): void {
    if (cursor?.jsonType !== "object") return;
    for (const [key, value] of cursor.entries()) {
      const field = objectMetaSchema.fields[key];
      if (field === undefined) this.#reportUnknown(value, key, ["name", "namespace", "labels"]);
      else if (!isOfType(value, field)) this.hasTypeFault = true;
    }
  }

  #reportType(cursor: YamlCursor, schema: Schema): void {
    const { path, jsonType } = cursor;
    this.hasTypeFault = true;
    if (schema.type === "string" && schema.isCidr === true) {
      // The format is looked at first, and says the type as Go calls it.
      const goName = { number: "float64", boolean: "bool" } as Readonly<Record<string, string>>;
      const words = `Invalid value: "${goName[jsonType] ?? ""}": ${path} in body must be of type cidr`;
      this.#fault(cursor, "schema", `${path}: ${words}: "${goName[jsonType] ?? ""}"`);
      return;
    }
    const wanted =
      schema.type === "map"
        ? "object"
        : schema.type === "intOrString"
          ? "integer,string"
          : schema.type;
    this.#fault(
      cursor,
      "schema",
      `${path}: Invalid value: "${jsonType}": ${path} in body must be of type ${wanted}: "${jsonType}"`,
      mendOfType(cursor, schema),
    );
    if (schema.type === "string" && schema.values !== undefined) {
      const words = `Unsupported value: ${goJson(cursor)}: supported values: ${quotedList(schema.values)}`;
      this.#fault(cursor, "schema", `${path}: ${words}`);
    }
    // What is no object lacks no field, so that it fits every one of the alternatives.
    if (schema.type === "object" && schema.oneOf !== undefined && jsonType !== "null") {
      this.#reportOneOf(cursor, schema.oneOf.length, "");
    }
  }

  #checkObject(cursor: YamlCursor, schema: ObjectSchema): void {
    const present = new Map(cursor.entriesWithNulls());
    const unknown: string[] = [];
    for (const [key, value] of present) {
      const field = schema.fields[key];
      if (field === undefined) {
        unknown.push(key);
        this.#reportUnknown(value, key, Object.keys(schema.fields));
        continue;
      }
      this.check(value, field);
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
    const first = oneOf?.[0]?.[0];
    if (first !== undefined && valid.length !== 1) {
      this.#reportOneOf(cursor, valid.length, hint);
      if (valid.length === 0)
        this.#fault(cursor, "schema", `${pathOf(cursor, first)}: Required value`, hint);
    }
    const firstAny = anyOf?.[0];
    if (firstAny !== undefined && !anyOf?.some((name) => present.has(name))) {
      const where = `<nil>: Invalid value: "": "${cursor.path}" must validate`;
      this.#fault(cursor, "schema", `${where} at least one schema (anyOf)`, hint);
      this.#fault(cursor, "schema", `${pathOf(cursor, firstAny)}: Required value`, hint);
    }
  }

  #reportOneOf(cursor: YamlCursor, validCount: number, hint: string): void {
    const found = validCount === 0 ? "none valid" : `${validCount} valid alternatives`;
    const where = `<nil>: Invalid value: "": "${cursor.path}" must validate`;
    const words = `${where} one and only one schema (oneOf). Found ${found}`;
    this.#fault(cursor, "schema", words, hint);
  }

  #reportUnknown(cursor: YamlCursor, key: string, known: readonly string[]): void {
    const hint = didYouMean(key, known).replace(/^; /, "");
    const mend = hint === "" ? `known here: ${known.join(", ")}` : hint;
    // Cilium's validator lists the leaves of what it does not know.
    const leaves = [...new Set(leafPaths(cursor, 0))].join(" ");
    if (/\.matchExpressions\[/.test(cursor.path)) return;
    // Its validator overlooks empty values; the API server's strict check does not.
    const extra = leaves === "" ? dottedPath(cursor) : leaves;
    this.unknownFields.push({
      ...placeOf(cursor),
      stage: "unknown-field",
      reason: `unknown fields found, extra:[${extra}]`,
      mend,
    });
  }

  #checkList(cursor: YamlCursor, schema: Extract<Schema, { type: "array" }>): void {
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
    for (const item of items) this.check(item, schema.items);
  }

  #checkText(cursor: YamlCursor, schema: StringSchema): void {
    const text = cursor.text();
    const { path } = cursor;
    const { values, pattern, bytesMax, lengthMax, lengthMin = 0 } = schema;
    const quoted = JSON.stringify(text);
    if (values !== undefined && !values.includes(text)) {
      this.#fault(
        cursor,
        "schema",
        `${path}: Unsupported value: ${quoted}: supported values: ${quotedList(values)}`,
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

function quotedList(values: readonly string[]): string {
  return values.map((value) => `"${value}"`).join(", ");
}

/** The value as Go writes JSON: keys sorted. */
function goJson(cursor: YamlCursor): string {
  switch (cursor.jsonType) {
    case "object": {
      const entries = cursor.entriesWithNulls().sort(([a], [b]) => (a < b ? -1 : 1));
      return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${goJson(value)}`).join(",")}}`;
    }
    case "array":
      return `[${cursor.items().map(goJson).join(",")}]`;
    case "null":
      return "null";
    default:
      return JSON.stringify(cursor.scalar());
  }
}

function placeOf({ file, path, line }: YamlCursor) {
  return { file, path, line };
}

function pathOf(cursor: YamlCursor, name: string): string {
  return cursor.path === "" ? name : `${cursor.path}.${name}`;
}

function isOfType(cursor: YamlCursor, schema: Schema): boolean {
  return isOfSchemaType(cursor, schema, (number) => Number.isInteger(number.scalar()));
}

/** "spec.ingress.0". */
function dottedPath({ path }: YamlCursor): string {
  return path.replaceAll(/\[(\d+)\]/g, ".$1");
}

/** Levels below an unknown field that are listed. */
const leafDepthMax = 32;

/**
 * "spec.ingress.0.fromFQDNs.0.matchName": leaves below an unknown field. Label maps and expressions
 * count as one each; empty mappings and lists are not seen.
 */
function leafPaths(cursor: YamlCursor, depth: number): string[] {
  const dotted = dottedPath(cursor);
  const { jsonType } = cursor;
  if (depth > leafDepthMax || (jsonType !== "object" && jsonType !== "array")) return [dotted];
  const children =
    jsonType === "object" ? cursor.entries().map(([, value]) => value) : cursor.items();
  if (children.length > 0 && /\.(matchLabels|matchExpressions)$/.test(dotted)) return [dotted];
  return children.flatMap((child) => leafPaths(child, depth + 1));
}
