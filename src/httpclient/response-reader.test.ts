import { describe, expect, it } from "vitest";
import { ResponseReader } from "./response-reader.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text, "latin1");

/** Reads `text` in parts of `partSize` bytes and ends the connection; "status|body|what" in short. */
function outcome(text: string, partSize = text.length, limit = 1000): string {
  const reader = new ResponseReader(() => ({ limit, isKept: true }));
  const all = bytes(text);
  for (let at = 0; at < all.length; at += partSize) reader.read(all.slice(at, at + partSize));
  reader.finish();
  if (reader.isTooLarge) return "too large";
  if (reader.problem !== undefined) return reader.problem;
  const body = Buffer.from(reader.body).toString("latin1");
  return `${reader.head?.statusLine}|${body}|${reader.isReusable ? "kept" : "closed"}`;
}

const ok = "HTTP/1.1 200 OK\r\n";

/** Response, and what comes of it. */
const cases: readonly (readonly [string, string])[] = [
  [`${ok}Content-Length: 4\r\n\r\nbody`, "200 OK|body|kept"],
  [`${ok}content-length:4\r\nConnection: Close\r\n\r\nbody`, "200 OK|body|closed"],
  [`${ok}Content-Length: 0\r\n\r\n`, "200 OK||kept"],
  [`${ok}\r\nto the end`, "200 OK|to the end|closed"],
  ["HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", "200 OK|x|closed"],
  ["HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx", "200 OK|x|kept"],
  ["HTTP/1.1 200 OK\nContent-Length: 1\n\nx", "200 OK|x|kept"],
  ["HTTP/1.1 503\r\nContent-Length: 0\r\n\r\n", "503||kept"],
  ["HTTP/1.1 503 \r\nContent-Length: 0\r\n\r\n", "503||kept"],
  ["HTTP/1.1 204 No Content\r\n\r\n", "204 No Content||kept"],
  ["HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "304 Not Modified||kept"],
  [`HTTP/1.1 100 Continue\r\n\r\n${ok}Content-Length: 1\r\n\r\nx`, "200 OK|x|kept"],
  [`${"HTTP/1.1 103 Early\r\n\r\n".repeat(6)}${ok}\r\n`, "too many 1xx informational responses"],
  [`${ok}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n`, "200 OK|abc|kept"],
  [
    `${ok}Transfer-Encoding: Chunked\r\n\r\nA \r\n0123456789\r\n0\r\nT: x\r\n\r\n`,
    "200 OK|0123456789|kept",
  ],
  [
    `${ok}Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n1\r\nx\r\n0\r\n\r\n`,
    "200 OK|x|kept",
  ],
  [`${ok}Transfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n`, "malformed chunked encoding"],
  [`${ok}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`, "invalid byte in chunk length"],
  [`${ok}Transfer-Encoding: chunked\r\n\r\n${"f".repeat(17)}\r\n`, "http chunk length too large"],
  [`${ok}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n`, "unexpected EOF"],
  [`${ok}Transfer-Encoding: gzip\r\n\r\n`, 'unsupported transfer encoding: "gzip"'],
  [`${ok}Content-Length: 9\r\n\r\nshort`, "unexpected EOF"],
  [`${ok}Content-Length: 4\r\n`, "unexpected EOF"],
  [`${ok}Content-Length: -1\r\n\r\n`, 'bad Content-Length "-1"'],
  [`${ok}Content-Length: 1\r\nContent-Length: 1\r\n\r\nx`, "200 OK|x|kept"],
  [
    `${ok}Content-Length: 1\r\nContent-Length: 2\r\n\r\nx`,
    'http: message cannot contain multiple Content-Length headers; got ["1" "2"]',
  ],
  ["SSH-2.0-OpenSSH_9\r\n\r\n", 'malformed HTTP response "SSH-2.0-OpenSSH_9"'],
  [
    "\x15\x03\x01\x00\x02\x02\x80\n\n",
    'malformed HTTP response "\\x15\\x03\\x01\\x00\\x02\\x02\\x80"',
  ],
  ["HTTP/1.1 2x0 OK\r\n\r\n", 'malformed HTTP status code "2x0"'],
  ["HTTQ/1.1 200 OK\r\n\r\n", 'malformed HTTP version "HTTQ/1.1"'],
  [`${ok}no colon\r\n\r\n`, "malformed MIME header line: no colon"],
  [`${ok}Content-Length: 1000\r\n\r\n${"x".repeat(1000)}`, "too large"],
  [`${ok}Content-Length: 999\r\n\r\n${"x".repeat(999)}`, `200 OK|${"x".repeat(999)}|kept`],
];

describe("ResponseReader", () => {
  it("reads what servers send, as Go does", () => {
    for (const [text, want] of cases) expect(outcome(text), text).toBe(want);
  });

  it("reads the same wherever the bytes are cut", () => {
    for (const [text, want] of cases) {
      for (const partSize of [1, 2, 3, 7]) expect(outcome(text, partSize), text).toBe(want);
    }
  });

  it("does not keep a connection with bytes after the answer", () => {
    expect(outcome(`${ok}Content-Length: 1\r\n\r\nxyz`)).toBe("200 OK|x|closed");
  });

  it("takes the first of repeated headers and joins folded ones", () => {
    const reader = new ResponseReader(() => ({ limit: 1, isKept: false }));
    reader.read(bytes(`${ok}A: 1\r\na: 2\r\nB: x\r\n\ty\r\n__proto__: z\r\n\r\n`));
    expect({ ...reader.head?.headers }).toEqual({ a: "1", b: "x y", ["__proto__"]: "z" });
  });

  it("refuses a head without end", () => {
    const endless = `${ok}${"X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(2000)}`;
    const want = "server response headers exceeded 65536 bytes; aborted";
    expect(outcome(endless, 1000)).toBe(want);
    expect(outcome(`${endless}\r\n`)).toBe(want);
  });

  it("does not trust a promised length with memory", () => {
    const reader = new ResponseReader(() => ({ limit: 2 ** 40, isKept: true }));
    reader.read(bytes(`${ok}Content-Length: 100000000000\r\n\r\nxy`));
    expect(reader.body.buffer.byteLength).toBeLessThanOrEqual(1024 * 1024);
  });
});
