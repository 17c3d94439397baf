/**
 * What the agent's JSON decoder would say of a policy whose values have wrong types, in its words: the
 * first complaint in the order of the keys' names, but one of a decoder of its own (selectors, ICMP
 * fields) ends the decoding and is told instead. Nothing is checked here beyond types.
 */

import type { Schema } from "./crd-schema.ts";
import type { PolicyFault } from "./policy-fault.ts";
import { isOfSchemaType } from "./schema-type.ts";
import type { YamlCursor } from "./yaml-cursor.ts";

/** Types of fields that have a name of their own in Go. */
const fieldTypes: Readonly<Record<string, string>> = {
  fromCIDR: "api.CIDRSlice",
  toCIDR: "api.CIDRSlice",
  fromCIDRSet: "api.CIDRRuleSlice",
  toCIDRSet: "api.CIDRRuleSlice",
  fromEntities: "api.EntitySlice",
  toEntities: "api.EntitySlice",
  fromEndpoints: "[]api.EndpointSelector",
  toEndpoints: "[]api.EndpointSelector",
  fromNodes: "[]api.EndpointSelector",
  toNodes: "[]api.EndpointSelector",
  toFQDNs: "api.FQDNSelectorSlice",
  icmps: "api.ICMPRules",
  fields: "[]api.ICMPField",
  http: "api.PortRulesHTTP",
  dns: "api.PortRulesDNS",
  l7: "api.PortRulesL7",
  serverNames: "[]api.ServerName",
  except: "[]api.CIDR",
  protocol: "api.L4Proto",
  cidr: "api.CIDR",
  cidrGroupRef: "api.CIDRGroupRef",
  mode: "api.AuthenticationMode",
  mismatch: "api.MismatchAction",
  priority: "uint8",
  operator: "v1.LabelSelectorOperator",
  labels: "labels.LabelArray",
  specs: "api.Rules",
  headerMatches: "[]*api.HeaderMatch",
};
/** Types of list items that are texts. */
const itemTypes: Readonly<Record<string, string>> = {
  fromCIDR: "api.CIDR",
  toCIDR: "api.CIDR",
  except: "api.CIDR",
  fromEntities: "api.Entity",
  toEntities: "api.Entity",
  serverNames: "api.ServerName",
};
const icmpFieldType =
  'struct { Family string "json:\\"family,omitempty\\""; Type *intstr.IntOrString "json:\\"type\\"" }';
/** Structs of other packages than api, and those with a decoder of their own. */
const structTypes: Readonly<Record<string, string>> = {
  EndpointSelector: "v1.LabelSelector",
  LabelSelectorRequirement: "v1.LabelSelectorRequirement",
  KafkaRule: "kafka.PortRule",
  ICMPField: icmpFieldType,
  Label: "labels.Label",
};
const opaqueStructs: readonly string[] = ["EndpointSelector", "ICMPField"];

const peerStruct = /^(from|to)(Endpoints|Entities|CIDR|CIDRSet|Nodes|Groups|Services)$/;

const text: Schema = { type: "string" };
const textMap: Schema = { type: "map", values: text };

/** `metadata`, as far as people write it; the API server knows more. */
export const objectMetaSchema: Extract<Schema, { type: "object" }> = {
  type: "object",
  goType: "ObjectMeta",
  fields: {
    name: text,
    generateName: text,
    namespace: text,
    uid: text,
    resourceVersion: text,
    generation: { type: "any" },
    creationTimestamp: { type: "any" },
    deletionTimestamp: { type: "any" },
    deletionGracePeriodSeconds: { type: "any" },
    labels: textMap,
    annotations: textMap,
    ownerReferences: { type: "any" },
    finalizers: { type: "array", items: text },
    managedFields: { type: "any" },
    selfLink: text,
  },
};

/** The decoder's complaint; undefined = it takes the document. */
export function decodeAsGo(cursor: YamlCursor, schema: Schema): PolicyFault | undefined {
  const decoder = new GoDecoder();
  const kind = cursor.field("kind");
  const structName = kind?.jsonType === "string" ? kind.text() : "";
  const ending = decoder.decode(cursor, schema, { structName, path: [], field: "" });
  return ending ?? decoder.first;
}

interface GoPlace {
  /** The struct around the value. */
  readonly structName: string;
  readonly path: readonly string[];
  /** The field that holds the value or its list. */
  readonly field: string;
  /** Inside a decoder of its own. */
  readonly isOpaque?: boolean;
}

class GoDecoder {
  first: PolicyFault | undefined;

  /** Gives the complaint that ends the decoding. */
  decode(cursor: YamlCursor, schema: Schema, place: GoPlace): PolicyFault | undefined {
    if (cursor.isNull() || schema.type === "any") return undefined;
    // Unlike the schema the decoder takes any number that fits.
    if (!isOfSchemaType(cursor, schema, fitsInt32)) return this.#refuse(cursor, schema, place);
    switch (schema.type) {
      case "object":
        return this.#decodeStruct(cursor, schema, place);
      case "map":
        for (const [, value] of sortedEntries(cursor)) {
          const ending = this.decode(value, schema.values, { ...place, field: "" });
          if (ending !== undefined) return ending;
        }
        return undefined;
      case "array":
        for (const item of cursor.items()) {
          const ending = this.decode(item, schema.items, place);
          if (ending !== undefined) return ending;
        }
        return undefined;
      default:
        return undefined;
    }
  }

  #decodeStruct(
    cursor: YamlCursor,
    { goType = "EndpointSelector", fields }: Extract<Schema, { type: "object" }>,
    place: GoPlace,
  ): PolicyFault | undefined {
    const isOpaque = place.isOpaque === true || opaqueStructs.includes(goType);
    const structName = isOpaque ? place.structName : nameOfStruct(goType, place);
    for (const [key, value] of sortedEntries(cursor)) {
      const field = key === "metadata" && place.path.length === 0 ? objectMetaSchema : fields[key];
      if (field === undefined) continue;
      const embedded = peerStruct.test(key) && /^(In|E)gress/.test(goType);
      const common = goType.startsWith("In") ? "IngressCommonRule" : "EgressCommonRule";
      const path = [...place.path, ...(embedded ? [common] : []), key];
      const ending = this.decode(value, field, { structName, path, field: key, isOpaque });
      if (ending !== undefined) return ending;
    }
    return undefined;
  }

  #refuse(cursor: YamlCursor, schema: Schema, place: GoPlace): PolicyFault | undefined {
    const { file, path, line } = cursor;
    const { structName, path: goPath } = place;
    const fault: PolicyFault = {
      stage: "agent",
      file,
      path,
      line,
      reason: `json: cannot unmarshal ${goKind(cursor, schema)} into Go struct field ${structName}.${goPath.join(".")} of type ${goTypeOf(schema, cursor, place)}`,
      mend: mendOfType(cursor, schema),
    };
    const isEnding =
      place.isOpaque === true ||
      (schema.type === "object" && opaqueStructs.includes(schema.goType ?? "EndpointSelector"));
    if (isEnding) return fault;
    this.first ??= fault;
    return undefined;
  }
}

/** The document's own struct is named by its kind. */
function nameOfStruct(goType: string, { path, structName }: GoPlace): string {
  if (path.length === 0) return structName === "" ? goType : structName;
  return (structTypes[goType] ?? goType).replace(/^.*\./, "");
}

function sortedEntries(cursor: YamlCursor): [string, YamlCursor][] {
  return cursor.entries().sort(([a], [b]) => (a < b ? -1 : 1));
}

const int32Max = 2 ** 31 - 1;

function fitsInt32(cursor: YamlCursor): boolean {
  const value = Number(cursor.scalar());
  return Number.isInteger(value) && Math.abs(value) <= int32Max;
}

function goKind(cursor: YamlCursor, schema: Schema): string {
  const { jsonType } = cursor;
  if (jsonType === "boolean") return "bool";
  const wantsNumber = schema.type === "integer" || schema.type === "intOrString";
  return jsonType === "number" && wantsNumber ? `number ${cursor.scalar()}` : jsonType;
}

function goTypeOf(schema: Schema, cursor: YamlCursor, { field }: GoPlace): string {
  const isItem = cursor.path.endsWith("]");
  switch (schema.type) {
    case "object":
      return structType(schema.goType);
    case "map":
      // metadata.labels too.
      return isItem ? "api.PortRuleL7" : "map[string]string";
    case "array":
      return fieldTypes[field] ?? listType(schema.items);
    case "integer":
      return fieldTypes[field] ?? "int32";
    case "intOrString":
      return "int32";
    case "boolean":
      return "bool";
    default:
      return (isItem ? itemTypes : fieldTypes)[field] ?? "string";
  }
}

function structType(goType = "EndpointSelector"): string {
  return structTypes[goType] ?? `api.${goType}`;
}

function listType(items: Schema): string {
  if (items.type !== "object") return "[]string";
  const { goType } = items;
  if (goType === "PortRule" || goType === "PortDenyRule") return `api.${goType}s`;
  return `[]${structType(goType)}`;
}

/** What to write where a single value has the wrong type. */
export function mendOfType(cursor: YamlCursor, schema: Schema): string {
  const { jsonType } = cursor;
  const isSingle = jsonType === "number" || jsonType === "boolean";
  return schema.type === "string" && isSingle ? `quote it, as in "${String(cursor.scalar())}"` : "";
}
