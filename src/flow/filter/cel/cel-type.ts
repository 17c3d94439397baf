/** Types of CEL: how they print, which value fits where, and the types of Hubble's message fields. */

import type { Field } from "../../model/message-schema.ts";

/** A type. "param" stands for a type that a call fixes; "wrapper" is a value or null. */
export type CelType =
  | { readonly kind: SimpleKind }
  | { readonly kind: "list"; readonly item: CelType }
  | { readonly kind: "map"; readonly key: CelType; readonly value: CelType }
  | { readonly kind: "message"; readonly name: string }
  | { readonly kind: "wrapper"; readonly of: CelType }
  | { readonly kind: "param"; readonly name: string };

/** Types without parts. "error" is the type of what is already reported as wrong. */
export type SimpleKind =
  | "bool"
  | "int"
  | "uint"
  | "double"
  | "string"
  | "bytes"
  | "null"
  | "timestamp"
  | "duration"
  | "dyn"
  | "error";

/** The type of that kind. */
export function simple(kind: SimpleKind): CelType {
  return { kind };
}

/** A list of `item`. */
export function listOf(item: CelType): CelType {
  return { kind: "list", item };
}

/** As cel-go prints it: "uint", "list(string)", "wrapper(bool)", "flow.Flow". */
export function typeText(type: CelType): string {
  switch (type.kind) {
    case "list":
      return `list(${typeText(type.item)})`;
    case "map":
      return `map(${typeText(type.key)}, ${typeText(type.value)})`;
    case "wrapper":
      return `wrapper(${typeText(type.of)})`;
    case "message":
    case "param":
      return type.name;
    case "error":
      return "!error!";
    default:
      return type.kind;
  }
}

/** What each type parameter of a call stands for so far. */
export type Bindings = Map<string, CelType>;

/** Whether a value of type `from` may stand where `to` is wanted; fixes parameters of `to` in `bindings`. */
export function fits(from: CelType, to: CelType, bindings: Bindings): boolean {
  if (to.kind === "param") return fitsParameter(from, to.name, bindings);
  if (isOpen(from) || isOpen(to)) return true;
  if (from.kind === "null") return isNullable(to);
  if (from.kind === "wrapper") {
    return fits(from.of, to.kind === "wrapper" ? to.of : to, bindings);
  }
  if (to.kind === "wrapper") return fits(from, to.of, bindings);
  if (from.kind === "list" && to.kind === "list") return fits(from.item, to.item, bindings);
  if (from.kind === "map" && to.kind === "map") {
    return fits(from.key, to.key, bindings) && fits(from.value, to.value, bindings);
  }
  if (from.kind === "message" && to.kind === "message") return from.name === to.name;
  return from.kind === to.kind;
}

/** The first argument fixes the parameter; a later, more general one widens it. */
function fitsParameter(from: CelType, name: string, bindings: Bindings): boolean {
  const bound = bindings.get(name);
  if (bound !== undefined && bound.kind !== "dyn") {
    if (fits(from, bound, bindings)) return true;
    if (!fits(bound, from, bindings)) return false;
  }
  bindings.set(name, from);
  return true;
}

/** `type` with its parameters replaced; a parameter that nothing fixed is dyn. */
export function substitute(type: CelType, bindings: Bindings): CelType {
  switch (type.kind) {
    case "param":
      return bindings.get(type.name) ?? simple("dyn");
    case "list":
      return listOf(substitute(type.item, bindings));
    case "map":
      return {
        kind: "map",
        key: substitute(type.key, bindings),
        value: substitute(type.value, bindings),
      };
    default:
      return type;
  }
}

/** The type that both fit; dyn where there is none. For the items of a list, or the arms of a choice. */
export function joinTypes(a: CelType | undefined, b: CelType): CelType {
  if (a === undefined) return b;
  if (fits(b, a, new Map())) return a;
  return fits(a, b, new Map()) ? b : simple("dyn");
}

/** The CEL type of a message's field. */
export function fieldType(field: Field): CelType {
  const item = itemType(field);
  return field.isRepeated ? listOf(item) : item;
}

/** The CEL type of a field's value, or of an item of a repeated field. */
export function itemType(field: Field): CelType {
  const wrapped = /^google\.protobuf\.(Bool|UInt32|Int32)Value$/.exec(field.type)?.[1];
  if (wrapped !== undefined) {
    const of = wrapped === "Bool" ? "bool" : wrapped === "UInt32" ? "uint" : "int";
    return { kind: "wrapper", of: simple(of) };
  }
  switch (field.kind) {
    case "message":
      return { kind: "message", name: field.type };
    case "string":
      if (field.type === "google.protobuf.Timestamp") return simple("timestamp");
      if (field.type === "google.protobuf.FieldMask") return simple("dyn");
      return simple("string");
    case "uint32":
      return simple("uint");
    case "int64":
      return simple(field.type === "uint64" ? "uint" : "int");
    case "int32":
    case "enum":
      return simple("int");
    case "any":
      return simple("dyn");
    default:
      return simple(field.kind);
  }
}

function isOpen(type: CelType): boolean {
  return type.kind === "dyn" || type.kind === "error";
}

function isNullable(type: CelType): boolean {
  return ["null", "wrapper", "message", "timestamp", "duration"].includes(type.kind);
}
