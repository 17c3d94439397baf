/**
 * GET requests as a Prometheus client makes them, over node:http with kept connections: credentials
 * (files read anew for each request), TLS, redirects, a deadline for the whole exchange, a size
 * limit before and after gzip. Error texts are Go's. One client for each scrape pool; close it.
 */

import { readFileSync, statSync } from "node:fs";
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestOptions,
} from "node:http";
import { type AgentOptions, Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { gunzipSync } from "node:zlib";
import type { Clock } from "../base/clock.ts";
import { AppError, errorMessage } from "../base/errors.ts";
import type { HttpClientConfig, SecretSource, TlsClientConfig } from "./http-client-config.ts";
import { networkErrorText } from "./network-error.ts";

/** Go's http.Client gives up after so many. */
const redirectsMax = 10;
/** Refused even where the config sets no limit: one body must not take the process down. */
const bodyMaxBytes = 512 * 1024 * 1024;
/** Idle connections kept for each client. */
const idleSocketsMax = 20_000;
const redirectStatuses = new Set([301, 302, 303, 307, 308]);

/** What went wrong, as a reader of the targets page sees it. */
export class HttpClientError extends AppError {
  override readonly name = "HttpClientError";
  readonly reason: "network" | "timeout" | "body_too_large";
  constructor(message: string, reason: HttpClientError["reason"], options?: { cause?: unknown }) {
    super("unreachable", message, options);
    this.reason = reason;
  }
}

/** One request. */
export interface HttpGet {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** For the whole exchange. */
  readonly timeoutMs: number;
  /** 0: only the client's own limit. A body of exactly so many bytes is already too large, as in Prometheus. */
  readonly bodyMaxBytes: number;
  /** How large the body will be, if known from the last time; saves growing buffers. */
  readonly bodySizeHint?: number;
  readonly signal?: AbortSignal;
}

/** An answer with its whole body, ungzipped. */
export interface HttpAnswer {
  readonly status: number;
  /** "500 Internal Server Error" */
  readonly statusLine: string;
  readonly headers: IncomingHttpHeaders;
  /** Empty unless the status is 200. Owned by the caller. */
  readonly body: Uint8Array;
}

const emptyBody = new Uint8Array(0);

/** Makes requests with one configuration. */
export class HttpClient {
  readonly #config: HttpClientConfig;
  readonly #clock: Clock;
  readonly #httpAgent: HttpAgent;
  #httpsAgent: HttpsAgent | undefined;
  #tlsFilesKey = "";
  #underWay = 0;
  #isClosed = false;

  constructor(config: HttpClientConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
    this.#httpAgent = new HttpAgent({ keepAlive: true, maxFreeSockets: idleSocketsMax });
  }

  /** Fetches a URL. Throws HttpClientError; an answer with a bad status is an answer. */
  async get(get: HttpGet): Promise<HttpAnswer> {
    const deadline = new Deadline(this.#clock, get.timeoutMs, get.signal);
    this.#underWay++;
    try {
      return await this.#follow(get, deadline);
    } finally {
      deadline.end();
      this.#underWay--;
      if (this.#isClosed) this.close();
    }
  }

  /** Ends the connections, once the requests under way are done. */
  close(): void {
    this.#isClosed = true;
    // Destroying an agent cuts requests under way too.
    if (this.#underWay > 0) return;
    this.#httpAgent.destroy();
    this.#httpsAgent?.destroy();
  }

  async #follow(get: HttpGet, deadline: Deadline): Promise<HttpAnswer> {
    const first = parseUrl(get.url);
    let url = first;
    // As the config wrote it: URL drops default ports, and error texts should name what people know.
    let text = get.url;
    for (let hops = 0; ; hops++) {
      const headers = this.#headers(get.headers, url.host === first.host);
      const answer = await this.#exchange({ url, text }, headers, get, deadline);
      const { location } = answer.headers;
      const isRedirect = redirectStatuses.has(answer.status) && location !== undefined;
      if (!isRedirect || !this.#config.followsRedirects) return answer;
      const next = new URL(location, url);
      if (hops === redirectsMax - 1) {
        throw failed(next.href, `stopped after ${redirectsMax} redirects`, "network");
      }
      url = next;
      text = next.href;
    }
  }

  /** One hop; a kept connection that the server closed just now is tried once more on a new one. */
  async #exchange(
    target: { readonly url: URL; readonly text: string },
    headers: OutgoingHttpHeaders,
    get: HttpGet,
    deadline: Deadline,
  ): Promise<HttpAnswer> {
    const { url, text } = target;
    if (url.protocol !== "http:" && url.protocol !== "https:") {
      const scheme = JSON.stringify(url.protocol.slice(0, -1));
      throw failed(text, `unsupported protocol scheme ${scheme}`, "network");
    }
    const options: RequestOptions = {
      method: "GET",
      host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
      port: url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port),
      path: `${url.pathname}${url.search}`,
      headers,
      setHost: true,
      agent: url.protocol === "https:" ? this.#tlsAgent(text) : this.#httpAgent,
    };
    const send = url.protocol === "https:" ? httpsRequest : httpRequest;
    const attempt = (): { request: ClientRequest; done: Promise<HttpAnswer> } => {
      const request = send(options);
      return { request, done: receive(request, text, get, deadline) };
    };
    const { request, done } = attempt();
    try {
      return await done;
    } catch (thrown) {
      const isStaleSocket =
        request.reusedSocket && thrown instanceof HttpClientError && isReset(thrown.cause);
      if (!isStaleSocket || deadline.isOver) throw thrown;
      return await attempt().done;
    }
  }

  #headers(own: Readonly<Record<string, string>>, isFirstHost: boolean): OutgoingHttpHeaders {
    const headers: OutgoingHttpHeaders = { ...own };
    // Credentials stay with the host that the config names; a redirect elsewhere does not get them.
    if (!isFirstHost) return headers;
    const { basicAuth, authorization } = this.#config;
    for (const header of this.#config.headers) {
      headers[header.name] = [
        ...header.values,
        ...header.secrets.map((secret) => secret.reveal()),
        ...header.files.map(readSecretFile),
      ];
    }
    if (basicAuth !== undefined) {
      const username =
        basicAuth.usernameFile === undefined
          ? basicAuth.username
          : readSecretFile(basicAuth.usernameFile);
      const pair = `${username}:${readSecret(basicAuth.password)}`;
      headers["Authorization"] = `Basic ${Buffer.from(pair, "utf8").toString("base64")}`;
    } else if (authorization?.credentials !== undefined) {
      headers["Authorization"] = `${authorization.type} ${readSecret(authorization.credentials)}`;
    }
    return headers;
  }

  /** The agent for TLS, made anew when a certificate file has changed. */
  #tlsAgent(url: string): HttpsAgent {
    const { tls } = this.#config;
    try {
      const filesKey = [tls.caFile, tls.certFile, tls.keyFile].map(fileStamp).join(";");
      if (this.#httpsAgent !== undefined && filesKey === this.#tlsFilesKey) return this.#httpsAgent;
      const agent = new HttpsAgent(tlsAgentOptions(tls));
      this.#httpsAgent?.destroy();
      this.#httpsAgent = agent;
      this.#tlsFilesKey = filesKey;
      return agent;
    } catch (thrown) {
      throw failed(url, errorMessage(thrown), "network", thrown);
    }
  }
}

/** One point in time that ends whatever is under way. */
class Deadline {
  isOver = false;
  #wasCanceled = false;
  #onEnd: (() => void) | undefined;
  readonly #cancelTimer: () => void;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => {
    this.#wasCanceled = true;
    this.#expire();
  };

  constructor(clock: Clock, timeoutMs: number, signal: AbortSignal | undefined) {
    this.#cancelTimer = clock.after(timeoutMs, () => this.#expire());
    this.#signal = signal;
    if (signal?.aborted === true) this.#onAbort();
    else signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  get text(): string {
    return this.#wasCanceled ? "context canceled" : "context deadline exceeded";
  }

  /** Calls `run` at the deadline, at once where it has passed; replaces the one before. */
  whenOver(run: () => void): void {
    this.#onEnd = run;
    if (this.isOver) run();
  }

  end(): void {
    this.#cancelTimer();
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#onEnd = undefined;
  }

  #expire(): void {
    this.isOver = true;
    this.#onEnd?.();
  }
}

function receive(
  request: ClientRequest,
  url: string,
  get: HttpGet,
  deadline: Deadline,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const fail = (error: HttpClientError): void => {
      reject(error);
      request.destroy();
    };
    deadline.whenOver(() => fail(failed(url, deadline.text, "timeout")));
    request.on("error", (cause) => reject(failed(url, networkErrorText(cause), "network", cause)));
    request.on("response", (message) => {
      // From here on Go's errors come from reading the body and do not name the URL.
      deadline.whenOver(() => fail(new HttpClientError(deadline.text, "timeout")));
      readBody(message, get).then(resolve, (thrown: unknown) => {
        fail(
          thrown instanceof HttpClientError
            ? thrown
            : new HttpClientError(bodyErrorText(thrown), "network", { cause: thrown }),
        );
      });
    });
    request.end();
  });
}

async function readBody(message: IncomingMessage, get: HttpGet): Promise<HttpAnswer> {
  const status = message.statusCode ?? 0;
  const answer = {
    status,
    statusLine: `${status} ${message.statusMessage ?? ""}`.trimEnd(),
    headers: message.headers,
  };
  if (status !== 200) {
    // Drained, so that the connection can be used again.
    message.resume();
    return { ...answer, body: emptyBody };
  }
  const limit = get.bodyMaxBytes > 0 ? get.bodyMaxBytes : bodyMaxBytes;
  const isGzip = message.headers["content-encoding"] === "gzip";
  const raw = await collect(message, isGzip ? Math.max(limit, 1024) : limit);
  if (!isGzip) return { ...answer, body: raw };
  return { ...answer, body: gunzip(raw, limit, get.bodySizeHint ?? 0) };
}

function collect(message: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    message.on("data", (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size >= limit) reject(tooLarge());
    });
    message.on("end", () => {
      const [only] = chunks;
      resolve(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, size));
    });
    message.on("error", reject);
    message.on("aborted", () => reject(new Error("unexpected EOF")));
  });
}

/** Synchronous: a body of this kind takes well under a millisecond, a trip to the thread pool costs more. */
function gunzip(raw: Buffer, limit: number, sizeHint: number): Uint8Array {
  try {
    const body = gunzipSync(raw, {
      maxOutputLength: limit,
      // One output buffer where the size is as last time.
      chunkSize: Math.min(Math.max(16_384, sizeHint + 1024), 16 * 1024 * 1024),
    });
    if (body.length >= limit) throw tooLarge();
    return body;
  } catch (thrown) {
    if (thrown instanceof HttpClientError) throw thrown;
    if ((thrown as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge();
    const isTruncated = (thrown as NodeJS.ErrnoException).code === "Z_BUF_ERROR";
    throw new HttpClientError(isTruncated ? "unexpected EOF" : "gzip: invalid header", "network", {
      cause: thrown,
    });
  }
}

function tooLarge(): HttpClientError {
  return new HttpClientError("body size limit exceeded", "body_too_large");
}

function bodyErrorText(thrown: unknown): string {
  const message = errorMessage(thrown);
  return message === "aborted" ? "unexpected EOF" : networkErrorText(thrown);
}

function isReset(cause: unknown): boolean {
  const { code } = (cause ?? {}) as NodeJS.ErrnoException;
  return code === "ECONNRESET" || code === "EPIPE";
}

function failed(
  url: string,
  why: string,
  reason: HttpClientError["reason"],
  cause?: unknown,
): HttpClientError {
  return new HttpClientError(`Get ${JSON.stringify(url)}: ${why}`, reason, { cause });
}

function parseUrl(text: string): URL {
  try {
    return new URL(text);
  } catch (cause) {
    throw new HttpClientError(`parse ${JSON.stringify(text)}: invalid URL`, "network", { cause });
  }
}

function readSecret(source: SecretSource | undefined): string {
  if (source === undefined) return "";
  return source.kind === "inline" ? source.secret.reveal() : readSecretFile(source.file);
}

function readSecretFile(file: string): string {
  try {
    return readFileSync(file, "utf8").trim();
  } catch (cause) {
    const message = `unable to read file ${file}: ${errorMessage(cause)}`;
    throw new HttpClientError(message, "network", { cause });
  }
}

function fileStamp(file: string | undefined): string {
  if (file === undefined) return "";
  const { mtimeMs, size } = statSync(file);
  return `${mtimeMs}/${size}`;
}

function tlsAgentOptions(tls: TlsClientConfig): AgentOptions {
  const read = (inline: string | undefined, file: string | undefined): string | undefined =>
    inline ?? (file === undefined ? undefined : readFileSync(file, "utf8"));
  const ca = read(tls.ca, tls.caFile);
  const cert = read(tls.cert, tls.certFile);
  const key = read(tls.key?.reveal(), tls.keyFile);
  return {
    keepAlive: true,
    maxFreeSockets: idleSocketsMax,
    rejectUnauthorized: !tls.isVerifySkipped,
    minVersion: tls.minVersion,
    ...(tls.maxVersion === undefined ? {} : { maxVersion: tls.maxVersion }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
}
