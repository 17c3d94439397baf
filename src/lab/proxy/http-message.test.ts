import { describe, expect, it } from "vitest";
import { MessageReader } from "./http-message.ts";

/** What a reader tells of some bytes, given in pieces of `size`. */
function read(
  kind: "request" | "response",
  text: string,
  size = text.length,
  hasBody = true,
): string[] {
  const told: string[] = [];
  let body = "";
  const reader = new MessageReader(kind, {
    onHead: ({ start, fields }) => told.push(`${start.join(" ")} [${fields.join(",")}]`),
    onBody: (bytes) => {
      body += bytes.toString("latin1");
    },
    onEnd: () => {
      told.push(`end ${JSON.stringify(body)}`);
      body = "";
    },
    onError: (reason) => told.push(`error: ${reason}`),
  });
  reader.hasBodyFor = () => hasBody;
  const bytes = Buffer.from(text, "latin1");
  for (let i = 0; i < bytes.length; i += Math.max(1, size))
    reader.push(bytes.subarray(i, i + size));
  reader.close();
  return told;
}

describe("MessageReader", () => {
  const two =
    "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\nHost:  y \r\n\r\n";

  it("reads messages one after the other, however the bytes are cut", () => {
    const want = [
      "POST /a HTTP/1.1 [host,x,content-length,3]",
      'end "abc"',
      "GET /b HTTP/1.1 [host,y]",
      'end ""',
    ];
    for (const size of [1, 2, 7, two.length]) expect(read("request", two, size)).toEqual(want);
  });

  it("finds the end of chunks and passes them on with their framing", () => {
    const chunks = "5;x=y\r\nhello\r\n0\r\nTrailer: 1\r\n\r\n";
    const text = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}HTTP/1.1 204 No Content\r\n\r\n`;
    for (const size of [1, 9, text.length]) {
      expect(read("response", text, size).slice(0, 3)).toEqual([
        "HTTP/1.1 200 OK [transfer-encoding,chunked]",
        `end ${JSON.stringify(chunks)}`,
        "HTTP/1.1 204 No Content []",
      ]);
    }
  });

  it("reads an answer without length until the connection ends, and none to HEAD", () => {
    expect(read("response", "HTTP/1.0 200 OK\r\n\r\nabc").at(-1)).toBe('end "abc"');
    expect(read("response", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", 99, false).at(-1)).toBe(
      'end ""',
    );
  });

  it("refuses what two servers would read differently", () => {
    const head = "POST / HTTP/1.1\r\n";
    const bad = [
      `${head}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`,
      `${head}Content-Length: 3\r\nContent-Length: 4\r\n\r\n`,
      `${head}Content-Length: +3\r\n\r\n`,
      `${head}Transfer-Encoding: gzip, chunked\r\n\r\n`,
      `${head}Host : x\r\n\r\n`,
      `${head}Host: x\r\n folded\r\n\r\n`,
      "GET /\r\n\r\n",
      "GET / HTTP/2.0\r\n\r\n",
      "G T / HTTP/1.1\r\n\r\n",
    ];
    for (const text of bad) expect(read("request", text)[0]).toMatch(/^error: /);
    const chunk = `${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`;
    expect(read("request", chunk).at(-1)).toBe("error: a chunk is malformed");
    expect(read("request", `GET / HTTP/1.1\r\nX: ${"a".repeat(70_000)}`)).toEqual([
      "error: the head is too long",
    ]);
  });

  it("waits with the next head while paused", () => {
    const told: string[] = [];
    const reader = new MessageReader("request", {
      onHead: ({ start }) => {
        told.push(start[1]);
        reader.pause();
      },
      onBody: () => {},
      onEnd: () => {},
      onError: (reason) => told.push(reason),
    });
    reader.push(Buffer.from("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n"));
    expect(told).toEqual(["/1"]);
    reader.resume();
    expect(told).toEqual(["/1", "/2"]);
  });
});
