/**
 * Reads one HTTP/1 response from bytes as they come: status line, headers, body by length, by chunks
 * or up to the connection's end. As lenient as Go's net/http (bare line feeds, folded headers), with
 * its error texts, since those stand on the targets page. Why not node:http: see http-client.ts. Bytes are
 * copied, so a shared read buffer may be given.
 */

import { quoteBytes } from "../textparse/byte-text.ts";

/** Status line and headers together; Node allows 16 KiB, Go 10 MiB. */
const headBytesMax = 64 * 1024;
/** 1xx answers before the real one, as in Go. */
const interimAnswersMax = 5;
/** A chunk's size line or all trailer lines. */
const chunkLineBytesMax = 4096;
/** A body's first memory, at most: what a server only promises is not worth more. */
const firstRoomMax = 1024 * 1024;
const smallestRoom = 16 * 1024;
/** How much of a malformed line an error shows, bytes. */
const quotedBytesMax = 128;
const lineFeed = 10;
const carriageReturn = 13;

/** Header values by lower-case name; of repeated headers the first, as Go's Header.Get has it. */
export type ResponseHeaders = Readonly<Record<string, string | undefined>>;

/** What comes before the body. */
export interface ResponseHead {
  readonly status: number;
  /** "500 Internal Server Error" */
  readonly statusLine: string;
  readonly headers: ResponseHeaders;
}

/** How much of a body is kept; at `limit` bytes it is too large. */
export interface BodyLimit {
  readonly limit: number;
  /** False: bytes are counted and dropped. */
  readonly isKept: boolean;
}

type ReadState = "head" | "sized" | "chunk size" | "chunk" | "chunk end" | "trailers" | "to end";

const emptyBytes = new Uint8Array(0);

/** Reader of one response. */
export class ResponseReader {
  head: ResponseHead | undefined;
  isDone = false;
  /** What is wrong with the bytes, in Go's words; nothing more is read then. */
  problem: string | undefined;
  isTooLarge = false;
  /** Whether the connection may carry another request; known when done. */
  isReusable = false;
  hasBytes = false;
  readonly #limitOf: (head: ResponseHead) => BodyLimit;
  #state: ReadState = "head";
  #limit: BodyLimit = { limit: 0, isKept: false };
  /** The part of a head or of a chunk's line that came before. */
  #carried: Uint8Array = emptyBytes;
  #interimAnswers = 0;
  /** Bytes that the body or the chunk still lacks. */
  #wanted = 0;
  #body: Uint8Array = emptyBytes;
  #bodySize = 0;

  constructor(limitOf: (head: ResponseHead) => BodyLimit) {
    this.#limitOf = limitOf;
  }

  /** The body so far, valid when done; the caller's. */
  get body(): Uint8Array {
    return this.#body.subarray(0, this.#bodySize);
  }

  /** Nothing more is read: done, malformed or too large. */
  get isOver(): boolean {
    return this.isDone || this.problem !== undefined || this.isTooLarge;
  }

  /** Reads what has come; the bytes may change afterwards. */
  read(bytes: Uint8Array): void {
    this.hasBytes = true;
    let at = 0;
    while (at < bytes.length && !this.isOver) at = this.#step(bytes, at);
    // What nobody asked for makes the connection useless.
    if (at < bytes.length) this.isReusable = false;
  }

  /** The connection has ended. */
  finish(): void {
    if (this.isOver) return;
    if (this.#state === "to end") this.isDone = true;
    else this.problem = "unexpected EOF";
  }

  #step(bytes: Uint8Array, at: number): number {
    switch (this.#state) {
      case "head":
        return this.#readHead(bytes, at);
      case "chunk size":
        return this.#readLine(bytes, at, (line) => this.#beginChunk(line));
      case "chunk end":
        return this.#readLine(bytes, at, (line) => {
          this.#state = "chunk size";
          if (line !== "") this.problem = "malformed chunked encoding";
        });
      case "trailers":
        return this.#readLine(bytes, at, (line) => {
          if (line === "") this.isDone = true;
        });
      default:
        return this.#readBody(bytes, at);
    }
  }

  #readHead(bytes: Uint8Array, at: number): number {
    const isFirstPart = this.#carried.length === 0;
    const source = isFirstPart ? bytes.subarray(at) : joinBytes(this.#carried, bytes.subarray(at));
    const headEnd = endOfHead(source);
    if (headEnd < 0 || headEnd > headBytesMax) {
      this.#carried = isFirstPart ? source.slice() : source;
      if (source.length > headBytesMax) {
        this.problem = `server response headers exceeded ${headBytesMax} bytes; aborted`;
      }
      return bytes.length;
    }
    this.#carried = emptyBytes;
    const head = this.#parseHead(source.subarray(0, headEnd));
    if (head !== undefined) this.#beginBody(head);
    return bytes.length - (source.length - headEnd);
  }

  #parseHead(source: Uint8Array): ParsedHead | undefined {
    const lines = decode(source).split("\n");
    const [protocol = "", rest] = cut(trimLineEnd(lines[0] ?? ""), " ");
    if (rest === undefined) return this.#refuse("malformed HTTP response", source);
    const statusLine = rest.trim();
    const [statusText = ""] = cut(statusLine, " ");
    if (!/^\d{3}$/.test(statusText)) {
      this.problem = `malformed HTTP status code ${JSON.stringify(statusText)}`;
      return undefined;
    }
    const version = /^HTTP\/(\d)\.(\d)$/.exec(protocol);
    if (version === null) {
      this.problem = `malformed HTTP version ${JSON.stringify(protocol)}`;
      return undefined;
    }
    const repeated = new Map<string, string[]>();
    const headers = this.#parseHeaders(lines, repeated);
    if (headers === undefined) return undefined;
    const isModern = Number(version[1]) > 1 || (version[1] === "1" && version[2] !== "0");
    return { status: Number(statusText), statusLine, headers, isModern, repeated };
  }

  #parseHeaders(
    lines: readonly string[],
    repeated: Map<string, string[]>,
  ): Record<string, string | undefined> | undefined {
    const headers: Record<string, string | undefined> = Object.create(null);
    let last = "";
    for (let i = 1; i < lines.length; i++) {
      const line = trimLineEnd(lines[i] as string);
      if (line === "") continue;
      if (last !== "" && (line.startsWith(" ") || line.startsWith("\t"))) {
        headers[last] = `${headers[last]} ${line.trim()}`;
        continue;
      }
      const colon = line.indexOf(":");
      const name = line.slice(0, colon).toLowerCase();
      if (colon < 1 || /[\s"(),/;<=>?@[\\\]{}]/.test(name)) {
        this.problem = `malformed MIME header line: ${line}`;
        return undefined;
      }
      const value = line.slice(colon + 1).trim();
      const known = headers[name];
      if (known === undefined) headers[name] = value;
      else repeated.set(name, [...(repeated.get(name) ?? [known]), value]);
      last = name;
    }
    return headers;
  }

  #refuse(what: string, source: Uint8Array): undefined {
    let end = source.indexOf(lineFeed);
    if (end > 0 && source[end - 1] === carriageReturn) end--;
    const line = source.subarray(0, Math.min(end < 0 ? source.length : end, quotedBytesMax));
    this.problem = `${what} ${quoteBytes(line)}`;
    return undefined;
  }

  #beginBody(head: ParsedHead): void {
    const { status, statusLine, headers } = head;
    if (status >= 100 && status < 200 && status !== 101) {
      this.#interimAnswers++;
      if (this.#interimAnswers > interimAnswersMax)
        this.problem = "too many 1xx informational responses";
      return;
    }
    const length = this.#framing(head);
    if (this.problem !== undefined) return;
    const connection = headers["connection"]?.toLowerCase() ?? "";
    this.isReusable =
      status !== 101 &&
      this.#state !== "to end" &&
      (head.isModern ? !connection.includes("close") : connection.includes("keep-alive"));
    this.head = { status, statusLine, headers };
    this.#limit = this.#limitOf(this.head);
    if (this.#state === "sized") {
      this.#wanted = length;
      if (length === 0) this.isDone = true;
      else this.#reserve(Math.min(length, firstRoomMax));
    }
  }

  /** Sets the state for the body; returns its length where that is known. The rules are RFC 9112's. */
  #framing(head: ParsedHead): number {
    const { status, headers, repeated } = head;
    this.#state = "sized";
    if (status === 204 || status === 304 || status === 101) return 0;
    const encoding = headers["transfer-encoding"];
    if (encoding !== undefined && head.isModern) {
      const all = repeated.get("transfer-encoding");
      if (all !== undefined) {
        this.problem = `too many transfer encodings: [${all.map((one) => JSON.stringify(one)).join(" ")}]`;
      } else if (encoding.toLowerCase() !== "chunked") {
        this.problem = `unsupported transfer encoding: ${JSON.stringify(encoding)}`;
      }
      this.#state = "chunk size";
      return 0;
    }
    const text = headers["content-length"];
    const others = repeated.get("content-length");
    if (others?.some((other) => other !== text)) {
      this.problem = `http: message cannot contain multiple Content-Length headers; got [${others.map((one) => JSON.stringify(one)).join(" ")}]`;
    }
    if (text === undefined || text === "") {
      this.#state = "to end";
      return 0;
    }
    if (!/^\d{1,15}$/.test(text)) this.problem = `bad Content-Length ${JSON.stringify(text)}`;
    return Number(text);
  }

  #readBody(bytes: Uint8Array, at: number): number {
    const isCounted = this.#state !== "to end";
    const size = isCounted ? Math.min(this.#wanted, bytes.length - at) : bytes.length - at;
    this.#append(bytes, at, at + size);
    if (!isCounted) return at + size;
    this.#wanted -= size;
    if (this.#wanted > 0) return at + size;
    if (this.#state === "sized") this.isDone = !this.isTooLarge;
    else this.#state = "chunk end";
    return at + size;
  }

  #append(bytes: Uint8Array, from: number, to: number): void {
    const size = this.#bodySize + to - from;
    if (size >= this.#limit.limit) {
      this.isTooLarge = true;
      return;
    }
    if (this.#limit.isKept) {
      if (size > this.#body.length)
        this.#reserve(Math.max(size, this.#body.length * 2, smallestRoom));
      this.#body.set(bytes.subarray(from, to), this.#bodySize);
    }
    this.#bodySize = size;
  }

  #reserve(room: number): void {
    if (!this.#limit.isKept || room <= this.#body.length) return;
    // Not filled with zeros first, and no Buffer: see gunzip in http-client.ts.
    const body = new Uint8Array(Buffer.allocUnsafeSlow(room).buffer);
    body.set(this.body);
    this.#body = body;
  }

  /** Hands over a line without its end, once it is complete. */
  #readLine(bytes: Uint8Array, at: number, use: (line: string) => void): number {
    const feed = bytes.indexOf(lineFeed, at);
    const stop = feed < 0 ? bytes.length : feed + 1;
    const part = bytes.subarray(at, stop);
    const line = this.#carried.length === 0 ? part : joinBytes(this.#carried, part);
    if (line.length > chunkLineBytesMax) {
      this.problem = "header line too long";
    } else if (feed < 0) {
      this.#carried = line.slice();
    } else {
      this.#carried = emptyBytes;
      use(trimLineEnd(decode(line).slice(0, -1)));
    }
    return stop;
  }

  #beginChunk(line: string): void {
    const [digits = ""] = cut(line, ";");
    const text = digits.trim();
    if (!/^[0-9a-f]+$/i.test(text)) {
      this.problem =
        text === "" ? "empty hex number for chunk length" : "invalid byte in chunk length";
      return;
    }
    this.#wanted = Number.parseInt(text, 16);
    if (!Number.isSafeInteger(this.#wanted)) this.problem = "http chunk length too large";
    this.#state = this.#wanted === 0 ? "trailers" : "chunk";
  }
}

interface ParsedHead extends ResponseHead {
  /** HTTP/1.1 or newer. */
  readonly isModern: boolean;
  /** All values of headers that came more than once. */
  readonly repeated: ReadonlyMap<string, readonly string[]>;
}

/** Index after the empty line that ends a head, -1 where it has not come yet. */
function endOfHead(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(lineFeed); at >= 0; at = bytes.indexOf(lineFeed, at + 1)) {
    if (bytes[at + 1] === lineFeed) return at + 2;
    if (bytes[at + 1] === carriageReturn && bytes[at + 2] === lineFeed) return at + 3;
  }
  return -1;
}

function decode(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
}

function trimLineEnd(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}

function cut(text: string, separator: string): readonly [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function joinBytes(first: Uint8Array, second: Uint8Array): Uint8Array {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}
