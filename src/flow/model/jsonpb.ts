/**
 * Hubble's events as lines of JSON, byte for byte as Cilium's exporter writes them: protobuf's JSON
 * with proto field names in declaration order, defaults left out, 64-bit integers as text, then Go's
 * HTML escapes. Reading takes what protobuf's JSON takes: lowerCamelCase names, numbers as text,
 * enum numbers; unknown fields are dropped. One walk over the object, driven by generated/fields.ts.
 */

import { ParseError } from "../../base/errors.ts";
import type { ExportEvent, Flow } from "./flow.ts";
import type { messageFields } from "./generated/fields.ts";
import { type Field, isDefaultValue, type Message, messageSchemas } from "./message-schema.ts";
import { readTimestamp } from "./timestamp-reader.ts";

type JsonObject = Record<string, unknown>;

/** One line on its way in. */
interface Reading {
  readonly text: string;
  /** Fields and enum names that are not known and were dropped; the first one's name. */
  unknownCount: number;
  firstUnknown: string;
}

const exportEvent = messageSchemas.get("observer.ExportEvent") as Message;
const responseMessage = messageSchemas.get("observer.GetFlowsResponse") as Message;
const flowMessage = messageSchemas.get("flow.Flow") as Message;

/**
 * One line of the exporter or of `hubble observe -o jsonpb`. Throws ParseError (offsets in UTF-16
 * units) on broken JSON or a value of the wrong kind.
 */
export function parseEventLine(text: string): ExportEvent {
  return readEventLine(text).event;
}

/** A line's event, and what of it was dropped since it is not known here. */
export interface ReadEvent {
  readonly event: ExportEvent;
  readonly unknownCount: number;
  /** Name of a field, or "FIELD: NAME" of an enum; "" = none. */
  readonly firstUnknown: string;
}

/** As parseEventLine, telling what was dropped. */
export function readEventLine(text: string): ReadEvent {
  const object = parseObject(text);
  const reading: Reading = { text, unknownCount: 0, firstUnknown: "" };
  if (!isObject(object)) throw lineError(reading, "the line is not a JSON object");
  normalize(object, exportEvent, reading);
  const { unknownCount, firstUnknown } = reading;
  return { event: object, unknownCount, firstUnknown };
}

function noteUnknown(reading: Reading, name: string): void {
  reading.unknownCount++;
  if (reading.unknownCount === 1) reading.firstUnknown = name;
}

/** A line as the Observer's answer; `hasUnknown`: it held a field or an enum name that was dropped. */
export interface ParsedResponse {
  readonly event: ExportEvent;
  readonly hasUnknown: boolean;
}

/** As parseEventLine, for the events that the Observer sends: flows, lost events, node states. */
export function parseResponseLine(text: string): ParsedResponse {
  const reading: Reading = { text, unknownCount: 0, firstUnknown: "" };
  const event = parseObject(text);
  if (!isObject(event)) throw lineError(reading, "the line is not a JSON object");
  normalize(event, responseMessage, reading);
  return { event, hasUnknown: reading.unknownCount > 0 };
}

/** Any message as protobuf's JSON with proto names, compact, with Go's escapes. */
export function formatProtoMessage(message: object, name: keyof typeof messageFields): string {
  return formatMessage(message as JsonObject, messageSchemas.get(name) as Message);
}

/** The flow of a line, or undefined when the line holds another kind of event. Throws as parseEventLine. */
export function parseFlowLine(text: string): Flow | undefined {
  return parseEventLine(text).flow;
}

/** An event as the exporter writes it, without the newline. Cost: one walk, one string. */
export function formatEventLine(event: ExportEvent): string {
  return formatMessage(event as JsonObject, exportEvent);
}

/** Texts of frozen parts of flows (an endpoint, a node's labels) that many lines have in common. */
export type KnownTexts = WeakMap<object, string>;

/**
 * A flow as the exporter writes it; `nodeName` and `time` are left out when empty. With `known`, an
 * object that is frozen, which promises that nothing below it changes either, is written once.
 */
export function formatFlowLine(flow: Flow, nodeName = "", time = "", known?: KnownTexts): string {
  let line = `{"flow":${formatMessage(flow as JsonObject, flowMessage, known)}`;
  if (nodeName !== "") line += `,"node_name":${quote(nodeName)}`;
  if (time !== "") line += `,"time":${quote(time)}`;
  return `${line}}`;
}

function parseObject(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw lineError({ text }, cause instanceof Error ? cause.message : String(cause));
  }
}

function lineError({ text }: { readonly text: string }, why: string): ParseError {
  return new ParseError(`cannot parse flow line: ${why}`, {
    input: text,
    start: 0,
    end: text.length,
  });
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Brings an object that came from JSON into the one form that the rest of the program reads; in place. */
function normalize(object: JsonObject, message: Message, reading: Reading): void {
  let hasOneof = false;
  for (const key in object) {
    const field = message.byName.get(key);
    const value = object[key];
    if (field === undefined || value === null) {
      if (field === undefined) noteUnknown(reading, key);
      delete object[key];
      continue;
    }
    hasOneof = checkOneof(field, hasOneof, reading);
    const normal = field.isRepeated
      ? normalizeList(value, field, reading)
      : normalizeValue(value, field, reading);
    if (key !== field.name) delete object[key];
    if (normal === undefined) delete object[key];
    else if (normal !== value || key !== field.name) object[field.name] = normal;
  }
}

/** Whether the message has a member of its group now. */
function checkOneof(field: Field, hasOneof: boolean, reading: Reading): boolean {
  if (!field.isOneof) return hasOneof;
  if (hasOneof) throw lineError(reading, `${field.name} stands beside another of its kind`);
  return true;
}

function normalizeList(value: unknown, field: Field, reading: Reading): unknown {
  if (!Array.isArray(value)) throw lineError(reading, `${field.name} is not a list`);
  let hasUnknown = false;
  for (let i = 0; i < value.length; i++) {
    value[i] = normalizeValue(value[i], field, reading);
    hasUnknown ||= value[i] === undefined;
  }
  return hasUnknown ? value.filter((item) => item !== undefined) : value;
}

/** undefined = an enum name that we do not know: dropped as an unknown field would be. */
function normalizeValue(value: unknown, field: Field, reading: Reading): unknown {
  switch (field.kind) {
    case "message":
      if (!isObject(value)) throw lineError(reading, `${field.name} is not an object`);
      normalize(value, field.message as Message, reading);
      return value;
    case "string":
      if (typeof value !== "string") throw lineError(reading, `${field.name} is not a string`);
      return field.type === "google.protobuf.Timestamp" ? timeText(value, field, reading) : value;
    case "bool":
      if (typeof value !== "boolean")
        throw lineError(reading, `${field.name} is not true or false`);
      return value;
    case "uint32":
      return integer(value, field.name, reading, 0, 0xffffffff);
    case "int32":
      return integer(value, field.name, reading, -0x80000000, 0x7fffffff);
    case "double":
      return typeof value === "string" ? Number(value) : value;
    case "int64":
      return integerText(value, field, reading);
    case "enum":
      if (typeof value === "string") {
        if (Object.hasOwn(field.numberByName, value)) return value;
        noteUnknown(reading, `${field.name}: ${value}`);
        return undefined;
      }
      return enumValue(integer(value, field.name, reading, -0x80000000, 0x7fffffff), field);
    case "any":
      if (!isObject(value)) throw lineError(reading, `${field.name} is not an object`);
      return value;
  }
}

function timeText(text: string, { name }: Field, reading: Reading): string {
  const read = readTimestamp(text);
  if (typeof read !== "string") return read.text;
  throw lineError(reading, `${name} is not a time: ${JSON.stringify(text)}`);
}

function enumValue(number: number, field: Field): string | number {
  return field.nameByNumber.get(number) ?? number;
}

function integer(
  value: unknown,
  name: string,
  reading: Reading,
  least: number,
  most: number,
): number {
  const number = typeof value === "string" && wholePattern.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isInteger(number) || number < least || number > most) {
    throw lineError(reading, `${name} is not an integer of its range: ${JSON.stringify(value)}`);
  }
  return number;
}

/** As JSON writes whole numbers. */
const wholePattern = /^-?(?:0|[1-9]\d*)$/;
/** More digits than these may be beyond 64 bits. */
const safeDigits = 18;

function integerText(value: unknown, { name, type }: Field, reading: Reading): string {
  if (typeof value === "string" && wholePattern.test(value)) {
    if (value.length <= safeDigits && (type !== "uint64" || value[0] !== "-")) return value;
    const whole = BigInt(value);
    const cut = type === "uint64" ? BigInt.asUintN(64, whole) : BigInt.asIntN(64, whole);
    if (whole === cut) return String(whole);
  }
  if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
  throw lineError(reading, `${name} is not a 64-bit integer: ${JSON.stringify(value)}`);
}

/**
 * Fast path: the object's keys in their own order, which is the declaration's for whatever was read
 * from a line. Slow path, from the first key out of order: every field of the message in turn.
 */
function formatMessage(object: JsonObject, message: Message, known?: KnownTexts): string {
  const { byName } = message;
  let json = "{";
  let lastIndex = -1;
  for (const key in object) {
    const value = object[key];
    if (value === undefined) continue;
    const field = byName.get(key);
    if (field === undefined || field.index <= lastIndex || field.name !== key) {
      return formatInOrder(object, message, known);
    }
    lastIndex = field.index;
    json += formatField(value, field, json.length > 1, known);
  }
  return `${json}}`;
}

function formatInOrder(object: JsonObject, { fields }: Message, known?: KnownTexts): string {
  let json = "{";
  for (let i = 0; i < fields.length; i++) {
    const field = fields[i] as Field;
    const value = object[field.name];
    if (value !== undefined) json += formatField(value, field, json.length > 1, known);
  }
  return `${json}}`;
}

/** `"name":value`, after a comma where something stands before it; "" for a default. */
function formatField(
  value: unknown,
  field: Field,
  isFollowing: boolean,
  known?: KnownTexts,
): string {
  if (!field.hasPresence && isDefault(value, field)) return "";
  const text =
    known !== undefined && typeof value === "object" && value !== null && Object.isFrozen(value)
      ? formatOnce(value, field, known)
      : formatAny(value, field, known);
  return (isFollowing ? "," : "") + field.jsonKey + text;
}

function formatOnce(value: object, field: Field, known: KnownTexts): string {
  const before = known.get(value);
  if (before !== undefined) return before;
  const text = formatAny(value, field, known);
  known.set(value, text);
  return text;
}

function formatAny(value: unknown, field: Field, known?: KnownTexts): string {
  return field.isRepeated
    ? formatList(value as readonly unknown[], field, known)
    : formatValue(value, field, known);
}

function isDefault(value: unknown, field: Field): boolean {
  if (field.isRepeated) return (value as readonly unknown[]).length === 0;
  return isDefaultValue(field, value);
}

function formatList(values: readonly unknown[], field: Field, known?: KnownTexts): string {
  let json = "[";
  for (let i = 0; i < values.length; i++) {
    if (i > 0) json += ",";
    json += formatValue(values[i], field, known);
  }
  return `${json}]`;
}

function formatValue(value: unknown, field: Field, known?: KnownTexts): string {
  switch (field.kind) {
    case "message":
      return formatMessage(value as JsonObject, field.message as Message, known);
    case "bool":
      return value ? "true" : "false";
    case "uint32":
    case "int32":
    case "double":
      return String(value);
    case "any":
      return escapeForGo(JSON.stringify(value));
    default:
      return typeof value === "string" ? quote(value) : String(value);
  }
}

/** Printable ASCII without what JSON or Go escapes. */
const plainText = /^[ !#-%'-;=?-[\]-~]*$/;

function quote(text: string): string {
  return plainText.test(text) ? `"${text}"` : escapeForGo(JSON.stringify(text));
}

const goEscaped = /[<>&\u2028\u2029]/g;

/** Go's JSON encoder escapes what could end a script element, and the two line separators. */
function escapeForGo(json: string): string {
  return json.replace(
    goEscaped,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
