import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Socket,
  type Server as TcpServer,
} from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { type Clock, FakeClock, systemClock } from "../base/clock.ts";
import { Secret } from "../schema/scalars.ts";
import { HttpClient, type HttpGet } from "./http-client.ts";
import { defaultHttpClientConfig, type HttpClientConfig } from "./http-client-config.ts";

const open: (Server | TcpServer | HttpClient)[] = [];

afterEach(() => {
  for (const one of open.splice(0)) {
    if ("closeAllConnections" in one) one.closeAllConnections();
    one.close();
  }
});

/** The address of a server that answers with `listener`. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** The address of a server that speaks for itself; `onRequest` is called for each piece that comes. */
async function serveBytes(onRequest: (socket: Socket, count: number) => void): Promise<string> {
  let count = 0;
  const server = createTcpServer((socket) => {
    socket.on("data", () => onRequest(socket, ++count));
    socket.on("error", () => socket.destroy());
  });
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function client(
  config: Partial<HttpClientConfig> = {},
  clock: Clock = new FakeClock(),
): HttpClient {
  const made = new HttpClient({ ...defaultHttpClientConfig, ...config }, clock);
  open.push(made);
  return made;
}

function request(url: string, more: Partial<HttpGet> = {}): HttpGet {
  return { url, headers: { Accept: "x" }, timeoutMs: 1000, bodyMaxBytes: 0, ...more };
}

async function errorOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => "none",
    (thrown: Error) => thrown.message,
  );
}

describe("HttpClient", () => {
  it("fetches plain and gzipped bodies over one kept connection", async () => {
    const ports = new Set<number | undefined>();
    const url = await serve((asked, response) => {
      ports.add(asked.socket.remotePort);
      if (asked.url === "/z") {
        response.setHeader("Content-Encoding", "gzip");
        response.end(gzipSync("zipped"));
      } else response.end("plain");
    });
    const http = client();
    const text = async (path: string) =>
      Buffer.from((await http.get(request(url + path))).body).toString();
    expect(await text("/z")).toBe("zipped");
    expect(await text("/p")).toBe("plain");
    expect(await text("/z")).toBe("zipped");
    expect(ports.size).toBe(1);
  });

  it("names a refused connection as Go does", async () => {
    expect(await errorOf(client().get(request("http://127.0.0.1:1/metrics")))).toBe(
      'Get "http://127.0.0.1:1/metrics": dial tcp 127.0.0.1:1: connect: connection refused',
    );
    expect(await errorOf(client().get(request("ftp://h/x")))).toBe(
      'Get "ftp://h/x": unsupported protocol scheme "ftp"',
    );
  });

  it("gives up at the deadline, before the answer and within the body", async () => {
    let asked = (): void => {};
    const arrived = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const url = await serve((incoming, response) => {
      if (incoming.url === "/half") response.write("half");
      else asked();
    });
    const clock = new FakeClock();
    const slow = errorOf(client({}, clock).get(request(`${url}/slow`)));
    await arrived;
    await clock.advance(1000);
    expect(await slow).toBe(`Get "${url}/slow": context deadline exceeded`);
    // The real clock here: the first half of the body has to arrive before the deadline.
    const half = client({}, systemClock).get(request(`${url}/half`, { timeoutMs: 300 }));
    expect(await errorOf(half)).toBe("context deadline exceeded");
  });

  it("refuses a body of the limit's size or more, zipped or not", async () => {
    const url = await serve((asked, response) => {
      const body = "x".repeat(1000);
      if (asked.url === "/z") response.setHeader("Content-Encoding", "gzip");
      response.end(asked.url === "/z" ? gzipSync(body) : body);
    });
    for (const path of ["/p", "/z"]) {
      const get = (bodyMaxBytes: number) => client().get(request(url + path, { bodyMaxBytes }));
      expect(await errorOf(get(1000))).toBe("body size limit exceeded");
      expect((await get(1001)).body.length).toBe(1000);
    }
  });

  it("follows redirects, ten at most, or not at all", async () => {
    const url = await serve((asked, response) => {
      const count = Number(asked.url?.slice(1));
      if (count === 0) return void response.end("there");
      response.writeHead(302, { Location: `/${count - 1}` }).end();
    });
    expect((await client().get(request(`${url}/9`))).status).toBe(200);
    expect(await errorOf(client().get(request(`${url}/10`)))).toBe(
      `Get "${url}/0": stopped after 10 redirects`,
    );
    const answer = await client({ followsRedirects: false }).get(request(`${url}/1`));
    expect(answer.statusLine).toBe("302 Found");
  });

  it("sends credentials, from a file as it is now, and never to another host", async () => {
    const seen: (string | undefined)[] = [];
    const other = await serve((asked, response) => {
      seen.push(asked.headers.authorization);
      response.end();
    });
    const url = await serve((asked, response) => {
      seen.push(asked.headers.authorization);
      response.writeHead(302, { Location: `${other}/` }).end();
    });
    const file = join(mkdtempSync(join(tmpdir(), "token-")), "token");
    const http = client({
      authorization: { type: "Bearer", credentials: { kind: "file", file } },
    });
    writeFileSync(file, "one\n");
    await http.get(request(url));
    writeFileSync(file, "two\n");
    await http.get(request(url));
    expect(seen).toEqual(["Bearer one", undefined, "Bearer two", undefined]);
    seen.length = 0;
    const password = { kind: "inline", secret: new Secret("p") } as const;
    await client({ basicAuth: { username: "u", usernameFile: undefined, password } }).get(
      request(url),
    );
    expect(seen[0]).toBe("Basic dTpw");
  });

  it("reports a status that is not 200 as an answer", async () => {
    const url = await serve((_asked, response) => response.writeHead(500).end("boom"));
    const answer = await client().get(request(url));
    expect(answer.statusLine).toBe("500 Internal Server Error");
    expect(answer.body.length).toBe(0);
  });

  it("says so when the other end does not speak TLS", async () => {
    const url = await serve((_asked, response) => response.end());
    const secure = url.replace("http:", "https:");
    expect(await errorOf(client().get(request(secure)))).toBe(
      `Get "${secure}": http: server gave HTTP response to HTTPS client`,
    );
  });

  it("asks again on a new connection when the kept one was closed under it", async () => {
    const url = await serveBytes((socket, count) => {
      // The second request reaches a server that closes without a word.
      if (count === 2) socket.resetAndDestroy();
      else socket.write("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
    });
    const http = client();
    await http.get(request(url));
    expect((await http.get(request(url))).status).toBe(200);
  });

  it("tells an answer that is none, one that stops, and one that never began", async () => {
    const answers = ["SSH-2.0-x\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", ""];
    const texts: string[] = [];
    for (const answer of answers) {
      const url = await serveBytes((socket) => socket.end(answer));
      texts.push((await errorOf(client().get(request(url)))).replace(url, "URL"));
    }
    expect(texts).toEqual([
      'Get "URL": net/http: HTTP/1.x transport connection broken: malformed HTTP response "SSH-2.0-x"',
      "unexpected EOF",
      'Get "URL": EOF',
    ]);
  });

  it("answers with a bad status although its body never ends", async () => {
    const url = await serveBytes((socket) => {
      socket.write("HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nshort");
    });
    const answer = await client({}, systemClock).get(request(url, { timeoutMs: 50 }));
    expect(answer.statusLine).toBe("404 Not Found");
  });

  it("reads chunks, and a body whose gzip is cut or spoiled fails as in Go", async () => {
    const zipped = gzipSync("x".repeat(100_000));
    const spoiled = Buffer.from(zipped);
    spoiled[spoiled.length - 5] = 1 ^ (spoiled[spoiled.length - 5] as number);
    const bodies: Record<string, Buffer> = {
      "/whole": zipped,
      "/cut": zipped.subarray(0, 100),
      "/spoiled": spoiled,
      "/plain": Buffer.from("plain"),
    };
    const url = await serve((asked, response) => {
      response.setHeader("Content-Encoding", "gzip");
      const body = bodies[asked.url ?? ""] as Buffer;
      response.write(body.subarray(0, 50));
      response.end(body.subarray(50));
    });
    const http = client();
    expect((await http.get(request(`${url}/whole`))).body.length).toBe(100_000);
    expect(await errorOf(http.get(request(`${url}/cut`)))).toBe("unexpected EOF");
    expect(await errorOf(http.get(request(`${url}/plain`)))).toBe("gzip: invalid header");
    expect(await errorOf(http.get(request(`${url}/spoiled`)))).toBe("gzip: invalid checksum");
  });

  it("sends no header that would break the request, and does not show its value", async () => {
    const url = await serve((_asked, response) => response.end());
    const secret = new Secret("a\r\nX-Evil: 1");
    const headers = [{ name: "X-Key", values: [], secrets: [secret], files: [] }];
    expect(await errorOf(client({ headers }).get(request(url)))).toBe(
      `Get "${url}": net/http: invalid header field value for "X-Key"`,
    );
  });

  it("cancels a request under way when its signal says so", async () => {
    const abort = new AbortController();
    const url = await serve(() => abort.abort());
    const { signal } = abort;
    expect(await errorOf(client().get(request(url, { signal })))).toBe(
      `Get "${url}": context canceled`,
    );
    expect(await errorOf(client().get(request(url, { signal })))).toBe(
      `Get "${url}": context canceled`,
    );
  });
});
