/**
 * Protobuf's JSON read as Go's protojson reads it: every message of Hubble's API, unknown and
 * repeated fields refused, errors word for word ("proto: (line 1:2): unknown field …"). The result has
 * the one form of flow.ts. For bulk reading of flows see jsonpb.ts.
 */

import type { ParseError } from "../../base/errors.ts";
import type { messageFields } from "./generated/fields.ts";
import { type JsonToken, JsonTokens } from "./json-tokens.ts";
import { type Field, type Message, messageSchemas, toLowerCamel } from "./message-schema.ts";
import { readTimestamp } from "./timestamp-reader.ts";

type JsonObject = Record<string, unknown>;

/** How strict to be. */
export interface ProtojsonOptions {
  /** Skips unknown fields and enum names instead of refusing them. */
  readonly discardUnknown?: boolean;
}

/** Full name of a message: "flow.FlowFilter". */
export type MessageName = keyof typeof messageFields;

/** Reads `text` as the message `name`. Throws ParseError in protojson's words. */
export function parseProtojson(
  text: string,
  name: MessageName,
  options: ProtojsonOptions = {},
): JsonObject {
  const reader: Reader = {
    tokens: new JsonTokens(text),
    discardUnknown: options.discardUnknown === true,
  };
  const result = readMessage(reader, messageSchemas.get(name) as Message);
  const end = reader.tokens.read();
  if (end.kind !== "end") throw reader.tokens.unexpected(end);
  return result;
}

interface Reader {
  readonly tokens: JsonTokens;
  readonly discardUnknown: boolean;
}

function readMessage(reader: Reader, message: Message): JsonObject {
  const { tokens } = reader;
  const open = tokens.read();
  if (open.kind !== "{") throw tokens.unexpected(open);
  const object: JsonObject = {};
  const seen = new Set<Field>();
  let hasOneof = false;
  for (;;) {
    const name = tokens.read();
    if (name.kind === "}") return object;
    if (name.kind !== "name") throw tokens.unexpected(name);
    const field = findField(reader, message, name);
    if (field === undefined) continue;
    if (seen.has(field)) throw tokens.valueError(name.at, `duplicate field ${name.raw}`);
    seen.add(field);
    if (tokens.peek().kind === "null") {
      tokens.read();
      continue;
    }
    if (field.isOneof && hasOneof) throw tokens.valueError(name.at, secondOneof(message, name));
    hasOneof ||= field.isOneof;
    const value = field.isRepeated ? readList(reader, field) : readValue(reader, field);
    if (value !== undefined) object[field.name] = value;
  }
}

/** undefined: a field that is not known and was skipped. */
function findField({ tokens, discardUnknown }: Reader, message: Message, name: JsonToken) {
  const field = message.byName.get(name.value);
  if (field !== undefined) return field;
  if (!discardUnknown) throw tokens.valueError(name.at, `unknown field ${name.raw}`);
  tokens.skipValue();
  return undefined;
}

/** The groups of which a message holds one member at most. */
const oneofNames: Readonly<Record<string, string>> = {
  "flow.Layer4": "protocol",
  "flow.Layer7": "record",
  "flow.AgentEvent": "notification",
  "observer.GetFlowsResponse": "response_types",
  "observer.ExportEvent": "response_types",
};

function secondOneof({ name }: Message, token: JsonToken): string {
  return `error parsing ${token.raw}, oneof ${name}.${oneofNames[name] ?? ""} is already set`;
}

function readList(reader: Reader, field: Field): unknown[] {
  const open = reader.tokens.read();
  if (open.kind !== "[") throw reader.tokens.unexpected(open);
  const list: unknown[] = [];
  while (reader.tokens.peek().kind !== "]") {
    const value = readValue(reader, field);
    if (value !== undefined) list.push(value);
  }
  reader.tokens.read();
  return list;
}

/** undefined: an enum name that is not known and may be skipped. */
function readValue(reader: Reader, field: Field): unknown {
  const { tokens } = reader;
  if (field.kind === "message") return readMessage(reader, field.message as Message);
  if (field.kind === "any") return readAny(tokens);
  const token = tokens.read();
  switch (field.kind) {
    case "string":
      return readText(tokens, field, token);
    case "bool":
      if (token.kind === "bool") return token.raw === "true";
      break;
    case "uint32":
    case "int32":
      return Number(readInteger(token, field) ?? fail(tokens, field, token));
    case "int64":
      return String(readInteger(token, field) ?? fail(tokens, field, token));
    case "double":
      if (token.kind === "number" || token.kind === "string") return Number(token.value);
      break;
    case "enum":
      return readEnum(reader, field, token);
  }
  return fail(tokens, field, token);
}

/** google.protobuf.Any is kept as it is. */
function readAny(tokens: JsonTokens): unknown {
  const token = tokens.read();
  switch (token.kind) {
    case "null":
      return null;
    case "bool":
      return token.raw === "true";
    case "number":
      return Number(token.raw);
    case "[": {
      const list: unknown[] = [];
      while (tokens.peek().kind !== "]") list.push(readAny(tokens));
      tokens.read();
      return list;
    }
    case "{": {
      const object: JsonObject = {};
      while (tokens.peek().kind !== "}") object[tokens.read().value] = readAny(tokens);
      tokens.read();
      return object;
    }
    default:
      return token.value;
  }
}

function readText(tokens: JsonTokens, field: Field, token: JsonToken): string {
  if (field.type === "string") {
    return token.kind === "string" ? token.value : fail(tokens, field, token);
  }
  // A timestamp or a field mask.
  if (token.kind !== "string") throw tokens.unexpected(token);
  if (field.type !== "google.protobuf.Timestamp") return token.value;
  const read = readTimestamp(token.value);
  if (read === "invalid") {
    throw tokens.valueError(token.at, `invalid ${field.type} value ${token.raw}`);
  }
  if (read === "out of range") {
    throw tokens.valueError(token.at, `${field.type} value out of range: ${token.raw}`);
  }
  return read.text;
}

const ranges: Readonly<Record<string, readonly [bigint, bigint]>> = {
  uint32: [0n, 0xffffffffn],
  int32: [-0x80000000n, 0x7fffffffn],
  uint64: [0n, 0xffffffffffffffffn],
  int64: [-0x8000000000000000n, 0x7fffffffffffffffn],
};

/** Numbers may be written as text, and with a fraction or exponent where the value is whole. */
function readInteger(token: JsonToken, field: Field): bigint | undefined {
  if (token.kind !== "number" && token.kind !== "string") return undefined;
  const number = wholeNumber(token.value);
  const type = field.type.replace(/^google\.protobuf\.(\w+)Value$/, "$1").toLowerCase();
  const [least, most] = ranges[field.kind === "enum" ? "int32" : type] as [bigint, bigint];
  return number === undefined || number < least || number > most ? undefined : number;
}

function wholeNumber(text: string): bigint | undefined {
  if (/^-?(?:0|[1-9]\d*)$/.test(text)) return BigInt(text);
  if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/.test(text)) return undefined;
  const number = Number(text);
  return Number.isSafeInteger(number) ? BigInt(number) : undefined;
}

function readEnum(reader: Reader, field: Field, token: JsonToken): unknown {
  if (token.kind === "string") {
    if (Object.hasOwn(field.numberByName, token.value)) return token.value;
    return reader.discardUnknown ? undefined : fail(reader.tokens, field, token);
  }
  const number = token.kind === "number" ? readInteger(token, field) : undefined;
  if (number === undefined) return fail(reader.tokens, field, token);
  return field.nameByNumber.get(Number(number)) ?? Number(number);
}

function fail(tokens: JsonTokens, field: Field, token: JsonToken): never {
  throw badValue(tokens, field, token);
}

/** A wrapper's inner field is always called `value`. */
function badValue(tokens: JsonTokens, field: Field, token: JsonToken): ParseError {
  const wrapped = /^google\.protobuf\.(\w+)Value$/.exec(field.type)?.[1]?.toLowerCase();
  const type = wrapped ?? (field.kind === "enum" ? "enum" : field.type);
  const name = wrapped === undefined ? toLowerCamel(field.name) : "value";
  return tokens.valueError(token.at, `invalid value for ${type} field ${name}: ${token.raw}`);
}
