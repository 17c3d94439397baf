/**
 * The curl that every pod has: runs a command line and prints what the real one prints. Output goes
 * out as it comes; the result is the exit code.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { dirname, join, normalize } from "node:path";
import { addressOn, familyOf } from "../address-family.ts";
import type { OpenedConnection } from "../datapath/datapath.ts";
import { CurlError } from "./curl-error.ts";
import {
  type CurlData,
  type CurlOptions,
  curlVersion,
  parseCurlArguments,
} from "./curl-options.ts";
import { type CurlRequest, type CurlSurroundings, runTransfer } from "./curl-transfer.ts";
import { formatWriteOut, type TransferFigures } from "./curl-write-out.ts";

/** Where output goes, and which folder is the pod's disk. */
export interface CurlIo {
  stdout(bytes: Buffer): void;
  stderr(text: string): void;
  /** Files of -o and -d @; undefined = the pod has no disk. */
  readonly podDir: string | undefined;
}

const redirectCodes = new Set([301, 302, 303, 307, 308]);

/** Runs `curl ARGS`; resolves to the exit code of the last transfer that failed, else 0. */
export async function runCurl(
  args: readonly string[],
  around: CurlSurroundings,
  io: CurlIo,
): Promise<number> {
  const line = parseCurlArguments(args);
  if (line.kind === "text") {
    io.stdout(Buffer.from(line.text));
    return 0;
  }
  if (line.kind === "error") {
    io.stderr(line.message);
    return 2;
  }
  let exitCode = 0;
  for (const [index, url] of line.options.urls.entries()) {
    exitCode = await new CurlRun(line.options, around, io, line.options.outputs[index]).run(url);
  }
  return exitCode;
}

/** One URL with its redirects. */
class CurlRun {
  readonly #options: CurlOptions;
  readonly #around: CurlSurroundings;
  readonly #io: CurlIo;
  readonly #output: string | undefined;
  readonly #startMs: number;
  readonly #chunks: Buffer[] = [];
  readonly #figures: { -readonly [Key in keyof TransferFigures]: TransferFigures[Key] };
  #location: string | undefined;

  constructor(
    options: CurlOptions,
    around: CurlSurroundings,
    io: CurlIo,
    output: string | undefined,
  ) {
    this.#options = options;
    this.#around = around;
    this.#io = io;
    this.#output = output;
    this.#startMs = around.clock.monotonicMs();
    this.#figures = emptyFigures();
  }

  async run(urlText: string): Promise<number> {
    const figures = this.#figures;
    try {
      await this.#follow(urlText);
    } catch (thrown) {
      if (!(thrown instanceof CurlError)) throw thrown;
      figures.exitCode = thrown.code;
      figures.errorMessage = thrown.message;
    }
    figures.totalSeconds = this.#elapsedSeconds();
    this.#saveOutput();
    const { isSilent, showsError, writeOut, isVerbose } = this.#options;
    if (figures.exitCode !== 0) {
      if (isVerbose) this.#io.stderr(`* ${figures.errorMessage}\n* Closing connection 0\n`);
      if (!isSilent || showsError)
        this.#io.stderr(`curl: (${figures.exitCode}) ${figures.errorMessage}\n`);
    }
    if (writeOut !== undefined) {
      const text = formatWriteOut(writeOut, figures, (warning) => this.#io.stderr(warning));
      this.#io.stdout(Buffer.from(text));
    }
    return figures.exitCode;
  }

  async #follow(urlText: string): Promise<void> {
    const { followsRedirects, redirectsMax } = this.#options;
    let request = this.#firstRequest(urlText);
    for (;;) {
      this.#location = undefined;
      await this.#transfer(request);
      const next = this.#location;
      if (next === undefined) break;
      this.#figures.redirectUrl = new URL(next, request.url).href;
      if (!followsRedirects) break;
      if (this.#figures.redirectCount >= redirectsMax) {
        throw new CurlError(47, `Maximum (${redirectsMax}) redirects followed`);
      }
      this.#figures.redirectCount++;
      this.#figures.redirectSeconds = this.#elapsedSeconds();
      request = this.#redirected(request, new URL(next, request.url));
    }
    if (this.#options.failsWithBody && this.#figures.responseCode >= 400) throw this.#statusError();
  }

  #firstRequest(urlText: string): CurlRequest {
    const body = this.#readData();
    const { isGet, isHead, method, connectTimeoutMs, maxTimeMs, family } = this.#options;
    const url = parseUrl(urlText);
    if (isGet && body !== undefined) {
      url.search = url.search === "" ? body.toString() : `${url.search}&${body.toString()}`;
    }
    const sent = isGet ? undefined : body;
    return {
      url,
      method: method ?? (isHead ? "HEAD" : sent === undefined ? "GET" : "POST"),
      headers: this.#headersFor(url, sent),
      body: sent,
      connectTimeoutMs,
      family,
      maxTimeMs,
      startMs: this.#startMs,
    };
  }

  /** A POST becomes a GET on 301, 302 and 303, unless -X says otherwise. */
  #redirected(request: CurlRequest, url: URL): CurlRequest {
    const isKept = this.#figures.responseCode === 307 || this.#figures.responseCode === 308;
    const body = isKept ? request.body : undefined;
    const method =
      this.#options.method ?? (isKept || request.method === "HEAD" ? request.method : "GET");
    return { ...request, url, body, method, headers: this.#headersFor(url, body) };
  }

  #headersFor(url: URL, body: Buffer | undefined): [string, string][] {
    const headers = new Map<string, [string, string]>();
    const set = (name: string, value: string): void => {
      headers.set(name.toLowerCase(), [name, value]);
    };
    set("Host", url.host);
    set("User-Agent", this.#options.userAgent ?? `curl/${curlVersion}`);
    set("Accept", "*/*");
    for (const header of this.#options.headers) {
      const [, name, separator, value] = /^([^:;]+)([:;])\s*(.*)$/s.exec(header) ?? [];
      if (name === undefined || value === undefined) continue;
      // "Name:" takes a header away, "Name;" sends it empty.
      if (value === "" && separator === ":") headers.delete(name.toLowerCase());
      else set(name, value);
    }
    if (body !== undefined) {
      // A body that is sent in chunks does not say how long it is.
      if (!headers.has("transfer-encoding")) set("Content-Length", String(body.length));
      if (!headers.has("content-type")) set("Content-Type", "application/x-www-form-urlencoded");
    }
    return [...headers.values()];
  }

  async #transfer(request: CurlRequest): Promise<void> {
    const { isVerbose } = this.#options;
    const figures = this.#figures;
    figures.url = request.url.href;
    figures.method = request.method;
    const say = (text: string): void => {
      if (isVerbose) this.#io.stderr(text);
    };
    await runTransfer(this.#around, request, {
      resolved: (address, port) => {
        figures.nameLookupSeconds = this.#elapsedSeconds();
        say(`*   Trying ${address}:${port}...\n`);
      },
      connected: (opened, address, port) => {
        this.#noteConnection(opened, address, port);
        say(
          `* Connected to ${request.url.hostname} (${address}) port ${port} (#${figures.connectCount - 1})\n`,
        );
        this.#noteRequest(request, say);
      },
      sent: () => {
        figures.uploadBytes += request.body?.length ?? 0;
      },
      head: (response) => this.#head(request, response, say),
      body: (chunk) => {
        figures.downloadBytes += chunk.length;
        this.#write(chunk);
      },
    });
    say(`* Connection #${figures.connectCount - 1} to host ${request.url.hostname} left intact\n`);
  }

  #noteConnection(opened: OpenedConnection, address: string, port: number): void {
    const figures = this.#figures;
    figures.connectCount++;
    figures.connectSeconds = this.#elapsedSeconds();
    figures.preTransferSeconds = figures.connectSeconds;
    figures.localAddress = addressOn(this.#around.pod.facts, familyOf(address)) ?? "";
    figures.localPort = opened.localPort;
    figures.remoteAddress = address;
    figures.remotePort = port;
  }

  #noteRequest(request: CurlRequest, say: (text: string) => void): void {
    const lines = [
      `${request.method} ${request.url.pathname}${request.url.search} HTTP/1.1`,
      ...request.headers.map(([name, value]) => `${name}: ${value}`),
      "",
    ];
    this.#figures.requestBytes += lines.reduce((sum, line) => sum + line.length + 2, 0);
    say(lines.map((line) => `> ${line}\n`).join(""));
  }

  #head(request: CurlRequest, response: IncomingMessage, say: (text: string) => void): boolean {
    const figures = this.#figures;
    const { rawHeaders, statusCode = 0, statusMessage = "", httpVersion } = response;
    const lines = [`HTTP/${httpVersion} ${statusCode} ${statusMessage}`];
    for (let i = 0; i + 1 < rawHeaders.length; i += 2)
      lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
    lines.push("");
    figures.startTransferSeconds = this.#elapsedSeconds();
    figures.responseCode = statusCode;
    figures.httpVersion = httpVersion;
    figures.contentType = response.headers["content-type"] ?? "";
    figures.headerCount = rawHeaders.length / 2;
    figures.headerBytes += lines.reduce((sum, line) => sum + line.length + 2, 0);
    say(lines.map((line) => `< ${line}\n`).join(""));
    if (this.#options.includesHeaders || this.#options.isHead) {
      this.#write(Buffer.from(lines.map((line) => `${line}\r\n`).join("")));
    }
    if (redirectCodes.has(statusCode)) this.#location = response.headers.location;
    if (this.#options.fails && statusCode >= 400) throw this.#statusError();
    const isFollowed = this.#location !== undefined && this.#options.followsRedirects;
    return request.method !== "HEAD" && !isFollowed;
  }

  #statusError(): CurlError {
    return new CurlError(22, `The requested URL returned error: ${this.#figures.responseCode}`);
  }

  #write(chunk: Buffer): void {
    if (this.#output === undefined || this.#output === "-") this.#io.stdout(chunk);
    else if (this.#output !== "/dev/null") this.#chunks.push(chunk);
  }

  #saveOutput(): void {
    if (this.#chunks.length === 0 || this.#output === undefined) return;
    const path = this.#podPath(this.#output);
    if (path === undefined) {
      this.#figures.exitCode = 23;
      this.#figures.errorMessage = "Failure writing output to destination";
      return;
    }
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, Buffer.concat(this.#chunks));
  }

  #readData(): Buffer | undefined {
    const { data } = this.#options;
    if (data.length === 0) return undefined;
    const parts = data.map((part) => this.#readPart(part));
    return Buffer.concat(
      parts.flatMap((part, index) => (index === 0 ? [part] : [Buffer.from("&"), part])),
    );
  }

  #readPart(part: CurlData): Buffer {
    if (part.isRaw || !part.text.startsWith("@")) return Buffer.from(part.text);
    const name = part.text.slice(1);
    try {
      const content = readFileSync(this.#podPath(name) ?? "");
      return part.isBinary
        ? content
        : Buffer.from(content.toString("latin1").replaceAll(/[\r\n\0]/g, ""), "latin1");
    } catch {
      this.#io.stderr(
        `Warning: Couldn't read data from file "${name}", this makes an empty POST.\n`,
      );
      return Buffer.alloc(0);
    }
  }

  /** A path on the pod's disk: absolute and relative ones alike stay inside its folder. */
  #podPath(path: string): string | undefined {
    const { podDir } = this.#io;
    return podDir === undefined ? undefined : join(podDir, normalize(join("/", path)));
  }

  #elapsedSeconds(): number {
    return (this.#around.clock.monotonicMs() - this.#startMs) / 1000;
  }
}

/** As curl reads URLs: http unless told, and only http and https here. */
function parseUrl(text: string): URL {
  const scheme = /^([a-zA-Z][-+.a-zA-Z0-9]*):\/\//.exec(text)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== "http" && scheme !== "https") {
    throw new CurlError(1, `Protocol "${scheme}" not supported or disabled in libcurl`);
  }
  const withScheme = scheme === undefined ? `http://${text}` : text;
  if (!URL.canParse(withScheme)) {
    throw new CurlError(3, "URL using bad/illegal format or missing URL");
  }
  return new URL(withScheme);
}

function emptyFigures(): TransferFigures {
  return {
    url: "",
    method: "GET",
    exitCode: 0,
    errorMessage: "",
    responseCode: 0,
    httpVersion: "",
    contentType: "",
    redirectUrl: "",
    localAddress: "",
    localPort: 0,
    remoteAddress: "",
    remotePort: 0,
    headerBytes: 0,
    headerCount: 0,
    requestBytes: 0,
    downloadBytes: 0,
    uploadBytes: 0,
    connectCount: 0,
    redirectCount: 0,
    nameLookupSeconds: 0,
    connectSeconds: 0,
    preTransferSeconds: 0,
    startTransferSeconds: 0,
    redirectSeconds: 0,
    totalSeconds: 0,
  };
}
