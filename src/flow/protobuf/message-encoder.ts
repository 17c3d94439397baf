/**
 * The plain objects of flow.ts to protobuf bytes, byte for byte as Go's protobuf writes them: fields
 * in the order of their numbers, those of a oneof last, defaults left out, numbers of a list packed. One pass: a message's
 * length is written when its end is known, and the bytes move up where it needs more than one byte.
 */

import { assert } from "../../base/assert.ts";
import { AppError } from "../../base/errors.ts";
import {
  type Field,
  isDefaultValue,
  type Message,
  messageSchemas,
} from "../model/message-schema.ts";
import type { MessageName } from "../model/protojson.ts";
import { FlowTimeParser } from "../store/flow-time.ts";
import { wireTypes } from "./byte-cursor.ts";
import { timestampParts } from "./timestamp-text.ts";

/** Messages that flows share as one object (decoders make equal ones once): their bytes are kept. */
const sharedMessages: ReadonlySet<string> = new Set(["flow.Endpoint", "flow.Service"]);
/** Beyond it all are forgotten; one is about 300 bytes. */
const sharedMax = 8192;
/** Texts shorter than this are copied by hand; a call of Buffer.write costs more. */
const shortText = 40;

type JsonObject = Readonly<Record<string, unknown>>;

const firstBytes = 2048;

/** The fields of a message as they are written, and the place of each by name. */
interface FieldOrder {
  readonly fields: readonly Field[];
  readonly ranks: ReadonlyMap<string, number>;
}

/** Encodes messages into one growing buffer. Not shared between threads. */
export class MessageEncoder {
  #bytes = Buffer.allocUnsafe(firstBytes);
  #at = 0;
  readonly #ordered = new Map<Message, FieldOrder>();
  /** Members of the messages that are being written, outermost first: places in their order, and values. */
  readonly #ranks: number[] = [];
  readonly #values: unknown[] = [];
  #top = 0;
  readonly #shared = new Map<object, Buffer>();
  /** The last time and its two fields: a flow's time comes twice. */
  readonly #times = new FlowTimeParser();
  #lastTime = "";
  #lastTimeBytes = Buffer.alloc(0);

  /** The bytes of a message; the caller owns them. Throws AppError on a value that its type cannot hold. */
  encode(name: MessageName, message: object): Buffer {
    this.#at = 0;
    this.#top = 0;
    this.#message(messageSchemas.get(name) as Message, message as JsonObject);
    return Buffer.from(this.#bytes.subarray(0, this.#at));
  }

  /** Looks at the members that are there, which are few of those that may be, and puts them in order. */
  #message(message: Message, object: JsonObject): void {
    const { fields, ranks } = this.#inOrder(message);
    const base = this.#top;
    let top = base;
    for (const key in object) {
      const value = object[key];
      const rank = value === undefined ? undefined : ranks.get(key);
      if (rank === undefined) continue;
      let at = top++;
      for (; at > base && this.#ranks[at - 1]! > rank; at--) {
        this.#ranks[at] = this.#ranks[at - 1]!;
        this.#values[at] = this.#values[at - 1];
      }
      this.#ranks[at] = rank;
      this.#values[at] = value;
    }
    this.#top = top;
    for (let i = base; i < top; i++) {
      const field = fields[this.#ranks[i]!]!;
      if (field.isRepeated) this.#list(field, this.#values[i] as readonly unknown[]);
      else this.#single(field, this.#values[i]);
    }
    this.#top = base;
  }

  #inOrder(message: Message): FieldOrder {
    let order = this.#ordered.get(message);
    if (order === undefined) {
      const fields = [...message.fields].sort(
        (a, b) => Number(a.isOneof) - Number(b.isOneof) || a.number - b.number,
      );
      order = { fields, ranks: new Map(fields.map(({ name }, rank) => [name, rank])) };
      this.#ordered.set(message, order);
    }
    return order;
  }

  #list(field: Field, values: readonly unknown[]): void {
    if (values.length === 0) return;
    if (isText(field) || field.kind === "message" || field.kind === "any") {
      for (const value of values) this.#tagged(field, value);
      return;
    }
    this.#varint(field.number * 8 + wireTypes.bytes);
    const start = this.#open();
    for (const value of values) this.#number(field, value);
    this.#close(start);
  }

  #single(field: Field, value: unknown): void {
    if (!field.hasPresence && isDefault(field, value)) return;
    this.#tagged(field, value);
  }

  #tagged(field: Field, value: unknown): void {
    const isWrapped = field.type.startsWith("google.");
    if (!isWrapped && !isText(field) && field.kind !== "message") {
      this.#varint(field.number * 8 + (field.kind === "double" ? 1 : 0));
      this.#number(field, value);
      return;
    }
    this.#varint(field.number * 8 + wireTypes.bytes);
    if (!isWrapped && field.kind === "string") {
      this.#text(value as string);
      return;
    }
    if (sharedMessages.has(field.type)) {
      this.#sharedMessage(field.message as Message, value as JsonObject);
      return;
    }
    const start = this.#open();
    if (isWrapped) this.#wellKnown(field, value);
    else this.#message(field.message as Message, value as JsonObject);
    this.#close(start);
  }

  /** The bytes of an object that was encoded before are those of then: flows never change. */
  #sharedMessage(message: Message, object: JsonObject): void {
    const known = this.#shared.get(object);
    if (known !== undefined) {
      this.#raw(known);
      return;
    }
    const lengthAt = this.#at;
    const start = this.#open();
    this.#message(message, object);
    this.#close(start);
    if (this.#shared.size >= sharedMax) this.#shared.clear();
    this.#shared.set(object, Buffer.from(this.#bytes.subarray(lengthAt, this.#at)));
  }

  #wellKnown(field: Field, value: unknown): void {
    switch (field.type) {
      case "google.protobuf.Timestamp":
        this.#timestamp(value as string);
        return;
      case "google.protobuf.FieldMask":
        for (const path of (value as string).split(",")) {
          if (path !== "") this.#textField(10, path);
        }
        return;
      case "google.protobuf.Any":
        this.#any(value as JsonObject);
        return;
      default:
        if (value === 0 || value === false) return;
        this.#varint(8);
        this.#number(field, value);
    }
  }

  #timestamp(text: string): void {
    if (text === this.#lastTime) {
      this.#raw(this.#lastTimeBytes);
      return;
    }
    const start = this.#at;
    this.#writeTimestamp(text);
    this.#lastTime = text;
    this.#lastTimeBytes = Buffer.from(this.#bytes.subarray(start, this.#at));
  }

  #writeTimestamp(text: string): void {
    if (this.#times.parse(text) && this.#times.ms >= 0) {
      // Fast path: after 1970, no BigInt.
      const { ms, nanos } = this.#times;
      const seconds = Math.floor(ms / 1000);
      const below = (ms - seconds * 1000) * 1_000_000 + nanos;
      if (seconds > 0) {
        this.#varint(8);
        this.#varint(seconds);
      }
      if (below > 0) {
        this.#varint(16);
        this.#varint(below);
      }
      return;
    }
    const parts = timestampParts(text);
    if (parts === undefined) refuse(`${JSON.stringify(text)} is no time`);
    if (parts.seconds !== 0n) {
      this.#varint(8);
      this.#varint64(BigInt.asUintN(64, parts.seconds));
    }
    if (parts.nanos !== 0) {
      this.#varint(16);
      this.#varint(parts.nanos);
    }
  }

  #any(object: JsonObject): void {
    const url = String(object["@type"] ?? "");
    if (url !== "") this.#textField(10, url);
    const message = messageSchemas.get(url.slice(url.lastIndexOf("/") + 1));
    if (message === undefined && object["value"] === undefined) return;
    this.#varint(18);
    const start = this.#open();
    if (message !== undefined) this.#message(message, object);
    else this.#raw(Buffer.from(String(object["value"]), "base64"));
    this.#close(start);
  }

  #number(field: Field, value: unknown): void {
    switch (field.kind) {
      case "bool":
        this.#varint(value === true ? 1 : 0);
        return;
      case "double":
        this.#reserve(8);
        this.#at = this.#bytes.writeDoubleLE(value as number, this.#at);
        return;
      case "int64": {
        const number = Number(value);
        if (number >= 0 && Number.isSafeInteger(number)) this.#varint(number);
        else this.#varint64(BigInt.asUintN(64, BigInt(value as string)));
        return;
      }
      case "enum":
        this.#signed(typeof value === "number" ? value : (field.numberByName[String(value)] ?? 0));
        return;
      default:
        this.#signed(value as number);
    }
  }

  /** Negative numbers take ten bytes, as protobuf has it. */
  #signed(value: number): void {
    if (value >= 0) this.#varint(value);
    else this.#varint64(BigInt.asUintN(64, BigInt(value)));
  }

  #textField(tag: number, text: string): void {
    this.#varint(tag);
    this.#text(text);
  }

  #text(text: string): void {
    // At most three bytes a UTF-16 unit, and five for the length.
    this.#reserve(text.length * 3 + 5);
    const start = this.#open();
    if (text.length >= shortText || !this.#ascii(text)) {
      this.#at += this.#bytes.write(text, this.#at, "utf8");
    }
    this.#close(start);
  }

  /** Writes a text of ASCII; false, and nothing done, for another. */
  #ascii(text: string): boolean {
    const bytes = this.#bytes;
    const at = this.#at;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) return false;
      bytes[at + i] = code;
    }
    this.#at = at + text.length;
    return true;
  }

  #raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #varint(value: number): void {
    this.#reserve(10);
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#at++] = (rest % 128) + 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#at++] = rest;
  }

  #varint64(value: bigint): void {
    this.#reserve(10);
    let rest = value;
    while (rest > 0x7fn) {
      this.#bytes[this.#at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#at++] = Number(rest);
  }

  /** One byte is kept for the length; close() makes room where it needs more. */
  #open(): number {
    this.#reserve(1);
    return ++this.#at;
  }

  #close(start: number): void {
    const length = this.#at - start;
    if (length < 0x80) {
      this.#bytes[start - 1] = length;
      return;
    }
    const more = length < 0x4000 ? 1 : length < 0x200000 ? 2 : length < 0x10000000 ? 3 : 4;
    this.#reserve(more);
    this.#bytes.copyWithin(start + more, start, this.#at);
    const end = this.#at + more;
    this.#at = start - 1;
    this.#varint(length);
    assert(this.#at === start + more, "a length took another number of bytes than was kept for it");
    this.#at = end;
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const bytes = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + count));
    this.#bytes.copy(bytes, 0, 0, this.#at);
    this.#bytes = bytes;
  }
}

function isText(field: Field): boolean {
  return field.kind === "string";
}

function isDefault(field: Field, value: unknown): boolean {
  // A time or a mask that is there is a message that is there.
  if (field.kind === "string" && field.type !== "string") return false;
  return isDefaultValue(field, value);
}

function refuse(why: string): never {
  throw new AppError("parse", `cannot encode protobuf: ${why}`);
}
