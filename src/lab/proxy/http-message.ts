/**
 * HTTP/1.1 messages as a proxy needs them: heads parsed, bodies passed on as the bytes they are. One
 * reader takes the bytes of one direction of a connection and tells heads, body bytes and ends in
 * order. Strict where leniency lets two servers read different messages (RFC 9112): no folded lines,
 * no blank before a colon, one way to say how long a body is. O(bytes); a head is read once, as text.
 */

/** Longest head; a longer one ends the connection. */
export const headBytesMax = 64 * 1024;

/** A head: names in lower case, in order. */
export interface MessageHead {
  /** "POST /v1 HTTP/1.1" or "HTTP/1.1 200 OK", in its three parts. */
  readonly start: readonly [string, string, string];
  /** Name, value, name, value… */
  readonly fields: readonly string[];
}

/** Hears of one direction's messages. `pause` of the reader may be called from within. */
export interface MessageListener {
  onHead(head: MessageHead): void;
  /** Body bytes with their framing, to be passed on as they are. */
  onBody(bytes: Buffer): void;
  /** The message is whole. */
  onEnd(): void;
  /** What came is no HTTP; nothing more will be read. */
  onError(reason: string): void;
}

/** The value of a field; repeated ones joined as lists are. */
export function fieldOf({ fields }: MessageHead, name: string): string | undefined {
  let found: string | undefined;
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] !== name) continue;
    found = found === undefined ? fields[i + 1] : `${found},${fields[i + 1]}`;
  }
  return found;
}

type BodyState =
  | { readonly kind: "length"; rest: number }
  | { readonly kind: "chunked"; readonly chunks: ChunkScanner }
  | { readonly kind: "until-close" };

const tokenPattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Reads one direction. */
export class MessageReader {
  readonly #listener: MessageListener;
  readonly #isRequest: boolean;
  /** For responses: whether the answer to the request under way has a body at all. */
  hasBodyFor: (status: number) => boolean = () => true;
  #waiting: Buffer | undefined;
  #body: BodyState | undefined;
  #isPaused = false;
  #isOver = false;

  constructor(kind: "request" | "response", listener: MessageListener) {
    this.#isRequest = kind === "request";
    this.#listener = listener;
  }

  /** Takes the next bytes. */
  push(bytes: Buffer): void {
    if (this.#isOver) return;
    this.#waiting =
      this.#waiting === undefined || this.#waiting.length === 0
        ? bytes
        : Buffer.concat([this.#waiting, bytes]);
    this.#run();
  }

  /** Whether a message's body is not whole yet. */
  get isInBody(): boolean {
    return this.#body !== undefined;
  }

  /** No next head is read until `resume`. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#run();
  }

  /** Ends reading as HTTP; returns bytes that were not read yet: they belong to another protocol. */
  detach(): Buffer {
    this.#isOver = true;
    const rest = this.#waiting ?? Buffer.alloc(0);
    this.#waiting = undefined;
    return rest;
  }

  /** The sender said its last. */
  close(): void {
    if (this.#body?.kind !== "until-close") return;
    this.#body = undefined;
    this.#listener.onEnd();
  }

  #run(): void {
    while (!this.#isOver && this.#waiting !== undefined && this.#waiting.length > 0) {
      if (this.#body !== undefined) {
        this.#readBody(this.#waiting);
        continue;
      }
      if (this.#isPaused || !this.#readHead(this.#waiting)) return;
    }
  }

  /** Whether a whole head was there. */
  #readHead(bytes: Buffer): boolean {
    // Empty lines before a request are tolerated, as RFC 9112 asks.
    let from = 0;
    while (bytes[from] === 13 && bytes[from + 1] === 10) from += 2;
    const end = bytes.indexOf("\r\n\r\n", from, "latin1");
    if (end < 0) {
      if (bytes.length > headBytesMax) this.#fail("the head is too long");
      return false;
    }
    if (end - from > headBytesMax) {
      this.#fail("the head is too long");
      return false;
    }
    const text = bytes.toString("latin1", from, end);
    this.#waiting = bytes.subarray(end + 4);
    const head = this.#parseHead(text);
    if (head === undefined) return false;
    const body = this.#bodyOf(head);
    if (body === "bad") return false;
    this.#body = body;
    this.#listener.onHead(head);
    if (body === undefined && !this.#isOver) this.#listener.onEnd();
    return true;
  }

  #parseHead(text: string): MessageHead | undefined {
    const lines = text.split("\r\n");
    const first = lines[0] ?? "";
    const a = first.indexOf(" ");
    let b = first.indexOf(" ", a + 1);
    if (b < 0 && !this.#isRequest) b = first.length;
    const start: [string, string, string] = [
      first.slice(0, a),
      first.slice(a + 1, b),
      first.slice(b + 1),
    ];
    const isGood = this.#isRequest
      ? a > 0 && b > a + 1 && tokenPattern.test(start[0]) && /^HTTP\/1\.[01]$/.test(start[2])
      : /^HTTP\/1\.[01]$/.test(start[0]) && /^\d{3}$/.test(start[1]);
    if (!isGood) return this.#fail("the first line is no HTTP/1");
    const fields: string[] = [];
    for (let i = 1; i < lines.length; i++) {
      const line = lines[i] as string;
      const colon = line.indexOf(":");
      const name = line.slice(0, colon);
      if (colon < 1 || !tokenPattern.test(name)) return this.#fail("a header line is malformed");
      const value = line.slice(colon + 1).trim();
      if (value.includes("\0") || value.includes("\r") || value.includes("\n"))
        return this.#fail("a header value is malformed");
      fields.push(name.toLowerCase(), value);
    }
    return { start, fields };
  }

  #bodyOf(head: MessageHead): BodyState | undefined | "bad" {
    const encoding = fieldOf(head, "transfer-encoding");
    const length = fieldOf(head, "content-length");
    if (!this.#isRequest && !this.hasBodyFor(Number(head.start[1]))) return undefined;
    if (encoding !== undefined) {
      if (length !== undefined || encoding.toLowerCase() !== "chunked") {
        this.#fail("the body's length is said in two ways");
        return "bad";
      }
      return { kind: "chunked", chunks: new ChunkScanner() };
    }
    if (length !== undefined) {
      if (!/^\d{1,15}$/.test(length)) {
        this.#fail("the content-length is no number");
        return "bad";
      }
      const rest = Number(length);
      return rest === 0 ? undefined : { kind: "length", rest };
    }
    return this.#isRequest ? undefined : { kind: "until-close" };
  }

  #readBody(bytes: Buffer): void {
    const body = this.#body;
    if (body === undefined) return;
    let take = bytes.length;
    let isEnd = false;
    if (body.kind === "length") {
      take = Math.min(take, body.rest);
      body.rest -= take;
      isEnd = body.rest === 0;
    } else if (body.kind === "chunked") {
      const end = body.chunks.scan(bytes);
      if (end === "bad") {
        this.#fail("a chunk is malformed");
        return;
      }
      isEnd = end !== undefined;
      take = end ?? take;
    }
    this.#waiting = bytes.subarray(take);
    if (take > 0) this.#listener.onBody(take === bytes.length ? bytes : bytes.subarray(0, take));
    if (!isEnd) return;
    this.#body = undefined;
    this.#listener.onEnd();
  }

  #fail(reason: string): undefined {
    if (this.#isOver) return undefined;
    this.#isOver = true;
    this.#listener.onError(reason);
    return undefined;
  }
}

/** Finds the end of a chunked body without unpacking it. */
class ChunkScanner {
  #state: "size" | "data" | "data-end" | "trailer" = "size";
  #line = "";
  #rest = 0;

  /** Offset after the body's last byte; undefined = it goes on; "bad" = no chunks. */
  scan(bytes: Buffer): number | undefined | "bad" {
    let i = 0;
    while (i < bytes.length) {
      if (this.#state === "data") {
        const take = Math.min(this.#rest, bytes.length - i);
        this.#rest -= take;
        i += take;
        if (this.#rest === 0) this.#state = "data-end";
        continue;
      }
      this.#line += String.fromCharCode(bytes[i++] as number);
      if (!this.#line.endsWith("\r\n")) {
        if (this.#line.length > headBytesMax) return "bad";
        continue;
      }
      const line = this.#line.slice(0, -2);
      this.#line = "";
      const next = this.#step(line);
      if (next !== undefined) return next === "end" ? i : "bad";
    }
    return undefined;
  }

  #step(line: string): "end" | "bad" | undefined {
    switch (this.#state) {
      case "data-end":
        if (line !== "") return "bad";
        this.#state = "size";
        return undefined;
      case "trailer":
        return line === "" ? "end" : undefined;
      default: {
        const size = /^([0-9a-fA-F]{1,8})[ \t]*(;.*)?$/.exec(line)?.[1];
        if (size === undefined) return "bad";
        this.#rest = Number.parseInt(size, 16);
        this.#state = this.#rest === 0 ? "trailer" : "data";
        return undefined;
      }
    }
  }
}
