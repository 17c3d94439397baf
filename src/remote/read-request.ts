/**
 * prompb.ReadRequest: what a client of remote read asks. Errors are those of Prometheus' decoder, word for
 * word. Matchers stay as they were written; who answers compiles them.
 */

import { AppError } from "../base/errors.ts";
import { decodeUtf8, isUtf8 } from "../textparse/byte-text.ts";
import { ProtoCursor, wireType, wrongWireType } from "./proto-cursor.ts";
import { decodeSnappyBlock, snappyPlainLength } from "./snappy-block.ts";

/** Largest body, compressed or not, bytes: Prometheus' own bound. */
export const readBodyBytesMax = 32 << 20;
/** Queries and matchers of a request; each costs more memory than its two bytes. Prometheus knows no bound. */
const partsMax = 100_000;

/** Kinds of answers, by number. */
export const responseTypes = { samples: 0, streamedXorChunks: 1 } as const;

/** One request. */
export interface ReadRequest {
  readonly queries: readonly WrittenQuery[];
  /** Numbers of `responseTypes` or others, the best liked first. */
  readonly acceptedTypes: readonly number[];
}

/** One query as sent. */
export interface WrittenQuery {
  startMs: number;
  /** Inclusive. */
  endMs: number;
  readonly matchers: WrittenMatcher[];
  hints: WrittenHints | undefined;
}

/** A matcher as sent; `type` 0 to 3: = != =~ !~. */
export interface WrittenMatcher {
  type: number;
  name: string;
  value: string;
  /** Whether the value's bytes are UTF-8; what is not became U+FFFD. */
  isUtf8: boolean;
}

/** What of the hints changes an answer. */
export interface WrittenHints {
  startMs: number;
  endMs: number;
  /** The function around the selector; "series": only labels are wanted. */
  func: string;
}

/** Reads a request from its snappy block. Throws AppError "parse". */
export function decodeReadRequest(block: Uint8Array): ReadRequest {
  return new RequestReader(plainBytes(block)).request();
}

function plainBytes(block: Uint8Array): Uint8Array {
  const plainLength = inReadersWords(() => snappyPlainLength(block));
  if (plainLength > readBodyBytesMax) {
    throw new AppError(
      "parse",
      `snappy: decoded length ${plainLength} exceeds limit ${readBodyBytesMax}`,
    );
  }
  const plain = new Uint8Array(plainLength);
  inReadersWords(() => decodeSnappyBlock(block, plain));
  return plain;
}

/** Prometheus reads these blocks with another library than those of remote write, which says so. */
function inReadersWords<T>(decode: () => T): T {
  try {
    return decode();
  } catch (thrown) {
    throw new AppError("parse", "snappy: corrupt input", { cause: thrown });
  }
}

class RequestReader {
  readonly #cursor = new ProtoCursor();
  readonly #end: number;
  #parts = 0;

  constructor(plain: Uint8Array) {
    this.#cursor.reset(plain);
    this.#end = plain.length;
  }

  request(): ReadRequest {
    const queries: WrittenQuery[] = [];
    const acceptedTypes: number[] = [];
    this.#fields("ReadRequest", this.#end, (field, type) => {
      if (field === 1) queries.push(this.#query(this.#bytesEnd(type, "Queries")));
      else if (field === 2) this.#acceptedTypes(type, acceptedTypes);
      else return false;
      return true;
    });
    return { queries, acceptedTypes };
  }

  /** Calls `read` with each field's number and wire type; false: the field is skipped. */
  #fields(message: string, end: number, read: (field: number, type: number) => boolean): void {
    const cursor = this.#cursor;
    while (cursor.at < end) {
      const tag = cursor.tag(message, end);
      const type = tag & 7;
      if (!read(tag >>> 3, type)) cursor.skip(type, end);
    }
  }

  /** One number a field, or a field of many. */
  #acceptedTypes(type: number, into: number[]): void {
    const cursor = this.#cursor;
    if (type === wireType.varint) {
      into.push(cursor.uint32(this.#end) | 0);
      return;
    }
    const end = this.#bytesEnd(type, "AcceptedResponseTypes");
    while (cursor.at < end) into.push(cursor.uint32(end) | 0);
  }

  #query(end: number): WrittenQuery {
    this.#countPart();
    const query: WrittenQuery = { startMs: 0, endMs: 0, matchers: [], hints: undefined };
    this.#fields("Query", end, (field, type) => {
      if (field === 1) query.startMs = this.#int64(type, "StartTimestampMs", end);
      else if (field === 2) query.endMs = this.#int64(type, "EndTimestampMs", end);
      else if (field === 3)
        query.matchers.push(this.#matcher(this.#bytesEnd(type, "Matchers", end)));
      else if (field === 4) {
        query.hints ??= { startMs: 0, endMs: 0, func: "" };
        this.#hints(this.#bytesEnd(type, "Hints", end), query.hints);
      } else return false;
      return true;
    });
    return query;
  }

  #matcher(end: number): WrittenMatcher {
    this.#countPart();
    const matcher: WrittenMatcher = { type: 0, name: "", value: "", isUtf8: true };
    this.#fields("LabelMatcher", end, (field, type) => {
      if (field === 1) {
        requireType(type, wireType.varint, "Type");
        matcher.type = this.#cursor.uint32(end) | 0;
      } else if (field === 2) matcher.name = this.#text(this.#bytesEnd(type, "Name", end));
      else if (field === 3) {
        const valueEnd = this.#bytesEnd(type, "Value", end);
        matcher.isUtf8 = isUtf8(this.#cursor.bytes, this.#cursor.at, valueEnd);
        matcher.value = this.#text(valueEnd);
      } else return false;
      return true;
    });
    return matcher;
  }

  #hints(end: number, into: WrittenHints): void {
    this.#fields("ReadHints", end, (field, type) => {
      if (field === 2) into.func = this.#text(this.#bytesEnd(type, "Func", end));
      else if (field === 3) into.startMs = this.#int64(type, "StartMs", end);
      else if (field === 4) into.endMs = this.#int64(type, "EndMs", end);
      else if (field === 5) this.#cursor.at = this.#bytesEnd(type, "Grouping", end);
      else {
        const name = unusedHints.get(field);
        if (name === undefined) return false;
        this.#int64(type, name, end);
      }
      return true;
    });
  }

  #int64(type: number, field: string, end: number): number {
    requireType(type, wireType.varint, field);
    return this.#cursor.int64(end);
  }

  /** The end of the bytes of a field. */
  #bytesEnd(type: number, field: string, end = this.#end): number {
    requireType(type, wireType.bytes, field);
    return this.#cursor.lengthEnd(end);
  }

  #text(end: number): string {
    const cursor = this.#cursor;
    const text = decodeUtf8(cursor.bytes, cursor.at, end);
    cursor.at = end;
    return text;
  }

  #countPart(): void {
    if (++this.#parts <= partsMax) return;
    throw new AppError("parse", `more than ${partsMax} queries and matchers in one request`);
  }
}

/** Numbers among the hints that change no answer. */
const unusedHints: ReadonlyMap<number, string> = new Map([
  [1, "StepMs"],
  [6, "By"],
  [7, "RangeMs"],
]);

function requireType(type: number, wanted: number, field: string): void {
  if (type !== wanted) throw wrongWireType(type, field);
}
