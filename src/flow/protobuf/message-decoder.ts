/**
 * Protobuf bytes to the plain objects of flow.ts, for every message of Hubble's API, driven by
 * generated/fields.ts: defaults absent, 64-bit integers as decimal text, enum names where there is one.
 * For flows in bulk see flow-decoder.ts, which gives the same objects and is watched by the bench.
 */

import {
  type Field,
  isDefaultValue,
  type Message,
  messageSchemas,
} from "../model/message-schema.ts";
import type { MessageName } from "../model/protojson.ts";
import { TextCache } from "./byte-cache.ts";
import { ByteCursor, wireTypes } from "./byte-cursor.ts";
import { TimestampWriter } from "./timestamp-text.ts";

type JsonObject = Record<string, unknown>;

/** Messages in messages beyond this are refused, as in protobuf's own libraries. */
const depthMax = 100;

/** Decodes messages; keeps texts that it has seen. One a stream is enough; not shared between threads. */
export class MessageDecoder {
  readonly cursor = new ByteCursor();
  readonly texts = new TextCache();
  readonly times = new TimestampWriter();
  /** Fields that this program does not know, passed over since it began. */
  unknownFields = 0;
  #depth = 0;

  /** A whole message. Throws ParseError. */
  decode(name: MessageName, bytes: Uint8Array): JsonObject {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.reset(buffer, 0, buffer.length);
    return this.message(messageSchemas.get(name) as Message, buffer.length);
  }

  /** Turns to other bytes, wherever a broken message before them was left. */
  reset(bytes: Buffer, start: number, end: number): void {
    this.cursor.reset(bytes, start, end);
    this.#depth = 0;
  }

  /** The message from the cursor up to `end`. */
  message(message: Message, end: number, into: JsonObject = {}): JsonObject {
    const { cursor } = this;
    const outerEnd = cursor.end;
    if (++this.#depth > depthMax) cursor.fail(`messages lie more than ${depthMax} deep`);
    cursor.end = end;
    const fields = message.byNumber;
    while (cursor.at < end) {
      const tag = cursor.uint32();
      const field = fields.get(tag >>> 3);
      if (field === undefined) this.#unknown(tag);
      else this.#field(into, message, field, tag & 7);
    }
    cursor.end = outerEnd;
    this.#depth--;
    return into;
  }

  /** The field behind `tag`, which was read already, into `into`. */
  fieldOf(into: JsonObject, message: Message, tag: number): void {
    const field = message.byNumber.get(tag >>> 3);
    if (field === undefined) this.#unknown(tag);
    else this.#field(into, message, field, tag & 7);
  }

  #unknown(tag: number): void {
    if (tag >>> 3 === 0) this.cursor.fail("a field has the number 0");
    this.unknownFields++;
    this.cursor.skip(tag & 7);
  }

  #field(into: JsonObject, message: Message, field: Field, wireType: number): void {
    const { name } = field;
    if (field.isRepeated) {
      this.#listItem(into, field, wireType);
      return;
    }
    if (wireType !== wireTypeOf(field)) {
      // What is not of the declared kind is an unknown field, as in protobuf's libraries.
      this.unknownFields++;
      this.cursor.skip(wireType);
      return;
    }
    const value = this.#value(field, into[name]);
    if (field.hasPresence) {
      if (field.isOneof) clearOthers(into, message, field);
      into[name] = value;
    } else if (isDefaultValue(field, value)) delete into[name];
    else into[name] = value;
  }

  /** Numbers may come packed, one by one, or mixed. */
  #listItem(into: JsonObject, field: Field, wireType: number): void {
    const { cursor } = this;
    const wanted = wireTypeOf(field);
    const list = (into[field.name] ?? []) as unknown[];
    if (wireType === wanted) list.push(this.#value(field, undefined));
    else if (wireType === wireTypes.bytes && wanted === wireTypes.varint) {
      const end = cursor.lengthEnd();
      while (cursor.at < end) list.push(this.#value(field, undefined));
    } else {
      this.unknownFields++;
      cursor.skip(wireType);
    }
    if (list.length > 0) into[field.name] = list;
  }

  #value(field: Field, earlier: unknown): unknown {
    const { cursor } = this;
    switch (field.kind) {
      case "message": {
        const end = cursor.lengthEnd();
        // A message that comes twice is put together, as protobuf demands.
        return this.message(field.message as Message, end, copyOf(earlier));
      }
      case "string":
        if (field.type === "google.protobuf.Timestamp") return this.timestamp();
        return field.type === "google.protobuf.FieldMask" ? this.#fieldMask() : this.text(field);
      case "bool":
        return field.type === "bool" ? cursor.uint64() !== 0 : this.wrapped() !== 0;
      case "uint32":
        return field.type === "uint32" ? cursor.uint32() : this.wrapped() >>> 0;
      case "int32":
        return field.type === "int32" ? cursor.int32() : this.wrapped() | 0;
      case "double":
        return cursor.double();
      case "int64":
        return cursor.int64Text(field.type === "int64");
      case "enum": {
        const number = cursor.int32();
        return field.nameByNumber.get(number) ?? number;
      }
      case "any":
        return this.#any();
    }
  }

  /** A length and a text, the value of `field`. */
  text(field: Field | string): string {
    const { cursor } = this;
    const end = cursor.lengthEnd();
    const text = this.texts.get(cursor.bytes, cursor.at, end);
    if (text === undefined) this.failUtf8(field);
    cursor.at = end;
    return text;
  }

  /** Refuses a text, as every implementation of protobuf 3 must. */
  failUtf8(field: Field | string): never {
    const name = typeof field === "string" ? field : fullNameOf(field);
    return this.cursor.fail(`the string field ${name} contains invalid UTF-8`);
  }

  /** A length and a google.protobuf.Timestamp, as RFC 3339 text. */
  timestamp(): string {
    const { cursor } = this;
    const end = cursor.lengthEnd();
    let seconds = 0;
    let nanos = 0;
    while (cursor.at < end) {
      const tag = cursor.uint32();
      if (tag === 8) seconds = cursor.uint64() ?? signed(cursor);
      else if (tag === 16) nanos = cursor.int32();
      else cursor.skip(tag & 7);
    }
    return this.times.text(seconds, nanos) ?? cursor.fail(`${seconds} s is no time`);
  }

  /** A length and a wrapper message's number; 0 when it is empty. */
  wrapped(): number {
    const { cursor } = this;
    const end = cursor.lengthEnd();
    let value = 0;
    while (cursor.at < end) {
      const tag = cursor.uint32();
      if (tag === 8) value = cursor.uint32();
      else cursor.skip(tag & 7);
    }
    return value;
  }

  /** Paths as they are, separated by commas. */
  #fieldMask(): string {
    const { cursor } = this;
    const end = cursor.lengthEnd();
    const paths: string[] = [];
    while (cursor.at < end) {
      const tag = cursor.uint32();
      if (tag === 10) paths.push(this.text("google.protobuf.FieldMask.paths"));
      else cursor.skip(tag & 7);
    }
    return paths.join(",");
  }

  /** A message of Hubble's API is opened; of any other its bytes stay, as base64. */
  #any(): JsonObject {
    const { cursor } = this;
    const end = cursor.lengthEnd();
    let url = "";
    let valueAt = cursor.at;
    let valueEnd = cursor.at;
    while (cursor.at < end) {
      const tag = cursor.uint32();
      if (tag === 10) url = this.text("google.protobuf.Any.type_url");
      else if (tag === 18) {
        valueEnd = cursor.lengthEnd();
        valueAt = cursor.at;
        cursor.at = valueEnd;
      } else cursor.skip(tag & 7);
    }
    const message = messageSchemas.get(url.slice(url.lastIndexOf("/") + 1));
    if (message === undefined) {
      const value = cursor.bytes.toString("base64", valueAt, valueEnd);
      return value === "" ? { "@type": url } : { "@type": url, value };
    }
    cursor.at = valueAt;
    const object = this.message(message, valueEnd, { "@type": url });
    cursor.at = end;
    return object;
  }
}

/** "flow.Flow.node_name"; looks through all messages: for errors only. */
function fullNameOf(field: Field): string {
  for (const [name, { fields }] of messageSchemas) {
    if (fields.includes(field)) return `${name}.${field.name}`;
  }
  return field.name;
}

function wireTypeOf(field: Field): number {
  switch (field.kind) {
    case "message":
    case "string":
    case "any":
      return wireTypes.bytes;
    case "double":
      return wireTypes.fixed64;
    default:
      return field.type.startsWith("google.") ? wireTypes.bytes : wireTypes.varint;
  }
}

function signed({ low, high }: ByteCursor): number {
  return (high | 0) * 2 ** 32 + low;
}

/** What was decoded may be shared; what is added to must not be. */
function copyOf(earlier: unknown): JsonObject {
  return earlier === undefined ? {} : (structuredClone(earlier) as JsonObject);
}

/** The last member of a oneof on the wire is the one that holds. */
function clearOthers(into: JsonObject, message: Message, field: Field): void {
  for (const other of message.fields) {
    if (other.isOneof && other !== field) delete into[other.name];
  }
}
