/**
 * The messages of Hubble's API linked for walks over plain objects: each field's name, JSON kind,
 * default and sub-message. Made once from generated/fields.ts; read by jsonpb.ts (fast, forgiving) and
 * protojson.ts (strict, with Go's error texts).
 */

import { enumNumbers } from "./generated/enums.ts";
import { messageFields } from "./generated/fields.ts";

/** How a field's value is written in JSON; "any" = google.protobuf.Any, "int64" = decimal text. */
export type FieldKind =
  | "string"
  | "bool"
  | "uint32"
  | "int32"
  | "double"
  | "int64"
  | "enum"
  | "message"
  | "any";

/** One field of a message. */
export interface Field {
  readonly name: string;
  /** Number on the wire. */
  readonly number: number;
  /** One of the fields of which a message holds one at most; no message has two such groups. */
  readonly isOneof: boolean;
  /** Place in the declaration, from 0. */
  readonly index: number;
  /** `"name":` as JSON text. */
  readonly jsonKey: string;
  /** Full protobuf type: "uint32", "flow.Verdict", "google.protobuf.BoolValue"… */
  readonly type: string;
  readonly kind: FieldKind;
  readonly isRepeated: boolean;
  /** Written even when it holds the default: members of a oneof and the wrapper types. */
  readonly hasPresence: boolean;
  readonly message: Message | undefined;
  readonly numberByName: Readonly<Record<string, number>>;
  readonly nameByNumber: ReadonlyMap<number, string>;
}

/** A message: its fields in declaration order, and by proto name and lowerCamelCase name. */
export interface Message {
  /** In full: "flow.Layer4". */
  readonly name: string;
  readonly fields: Field[];
  readonly byNumber: Map<number, Field>;
  readonly byName: Map<string, Field>;
}

const kindByType: Readonly<Record<string, FieldKind>> = {
  string: "string",
  bool: "bool",
  uint32: "uint32",
  int32: "int32",
  double: "double",
  uint64: "int64",
  int64: "int64",
  "google.protobuf.Timestamp": "string",
  "google.protobuf.FieldMask": "string",
  "google.protobuf.BoolValue": "bool",
  "google.protobuf.UInt32Value": "uint32",
  "google.protobuf.Int32Value": "int32",
  "google.protobuf.Any": "any",
};

/** Whether a single value is proto3's default, which is not written. A message that is there never is. */
export function isDefaultValue({ kind, numberByName }: Field, value: unknown): boolean {
  switch (kind) {
    case "message":
    case "any":
      return false;
    case "enum":
      return value === 0 || numberByName[value as string] === 0;
    case "int64":
      return value === "0";
    default:
      return value === "" || value === 0 || value === false;
  }
}

/** Every message by full name ("flow.Flow"). */
export const messageSchemas: ReadonlyMap<string, Message> = linkMessages();
function linkMessages(): Map<string, Message> {
  const linked = new Map<string, Message>();
  for (const name of Object.keys(messageFields)) {
    linked.set(name, { name, fields: [], byName: new Map(), byNumber: new Map() });
  }
  for (const [name, rows] of Object.entries(messageFields)) {
    const message = linked.get(name) as Message;
    for (const [fieldName, number, type, flags] of rows) {
      const numberByName = enumNumbers[type] ?? {};
      const field: Field = {
        name: fieldName,
        number,
        isOneof: flags.includes("o"),
        index: message.fields.length,
        jsonKey: `${JSON.stringify(fieldName)}:`,
        type,
        kind: kindByType[type] ?? (type in enumNumbers ? "enum" : "message"),
        isRepeated: flags.includes("r"),
        hasPresence: flags.includes("o") || type.endsWith("Value"),
        message: linked.get(type),
        numberByName,
        nameByNumber: new Map(Object.entries(numberByName).map(([n, value]) => [value, n])),
      };
      message.fields.push(field);
      message.byNumber.set(number, field);
      message.byName.set(fieldName, field);
      message.byName.set(toLowerCamel(fieldName), field);
    }
  }
  return linked;
}

/** `source_pod` → `sourcePod`. */
export function toLowerCamel(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
