/**
 * One HTTP transfer of the laboratory's curl: resolve, connect through the datapath, send, receive.
 * Time limits and errors are curl's.
 */

import { type ClientRequest, type IncomingMessage, request as sendRequest } from "node:http";
import type { Duplex } from "node:stream";
import type { Clock } from "../../base/clock.ts";
import type { AddressFamily } from "../address-family.ts";
import type { Endpoint } from "../cluster/endpoint.ts";
import type { Datapath, OpenedConnection } from "../datapath/datapath.ts";
import { ConnectError } from "../datapath/syn-schedule.ts";
import type { HostResolver } from "../pods/resolver.ts";
import { CurlError, type CurlPhase, connectError, timeoutError } from "./curl-error.ts";

/** Where a transfer runs. */
export interface CurlSurroundings {
  readonly pod: Endpoint;
  readonly datapath: Datapath;
  readonly resolver: HostResolver;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** What to send. */
export interface CurlRequest {
  readonly url: URL;
  readonly method: string;
  /** In the order in which they are sent. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer | undefined;
  readonly connectTimeoutMs: number | undefined;
  /** Since `startMs`. */
  readonly maxTimeMs: number | undefined;
  /** Monotonic; the begin of the whole command's transfer, redirects included. */
  readonly startMs: number;
  readonly family: AddressFamily | undefined;
}

/** What curl tells of a transfer as it goes. */
export interface CurlProgress {
  resolved(address: string, port: number): void;
  connected(opened: OpenedConnection, address: string, port: number): void;
  sent(): void;
  /** The answer's head; returns whether the body is wanted. */
  head(response: IncomingMessage): boolean;
  body(chunk: Buffer): void;
}

/** Runs one transfer; rejects with CurlError. */
export async function runTransfer(
  around: CurlSurroundings,
  request: CurlRequest,
  progress: CurlProgress,
): Promise<void> {
  const transfer = new Transfer(around, request, progress);
  let isComplete = false;
  try {
    await transfer.run();
    isComplete = true;
  } finally {
    transfer.close(isComplete);
  }
}

class Transfer {
  readonly #around: CurlSurroundings;
  readonly #request: CurlRequest;
  readonly #progress: CurlProgress;
  readonly #connectAbort = new AbortController();
  readonly #startMs: number;
  readonly #host: string;
  readonly #port: number;
  readonly #cleanups: (() => void)[] = [];
  #phase: CurlPhase = "resolving";
  #receivedBytes = 0;
  #expectedBytes: number | undefined;
  #stream: Duplex | undefined;

  constructor(around: CurlSurroundings, request: CurlRequest, progress: CurlProgress) {
    this.#around = around;
    this.#request = request;
    this.#progress = progress;
    this.#startMs = around.clock.monotonicMs();
    this.#host = request.url.hostname;
    const isTls = request.url.protocol === "https:";
    this.#port = request.url.port === "" ? (isTls ? 443 : 80) : Number(request.url.port);
  }

  run(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#limit(reject);
      this.#perform().then(resolve, reject);
    });
  }

  /** Ends the connection: in order after a complete transfer, else at once. */
  close(isComplete: boolean): void {
    for (const cleanup of this.#cleanups) cleanup();
    this.#connectAbort.abort();
    if (!isComplete) this.#stream?.destroy();
    else this.#stream?.resume().end();
  }

  /** Arms both time limits and the caller's wish to stop. */
  #limit(reject: (error: CurlError) => void): void {
    const { clock, signal } = this.#around;
    const { maxTimeMs, connectTimeoutMs, startMs } = this.#request;
    const strike = (isConnectLimit: boolean): void => {
      if (isConnectLimit && this.#phase === "transferring") return;
      // A timer may fire a fraction of a millisecond early; the limit is never said to be shorter.
      const limitMs = (isConnectLimit ? connectTimeoutMs : maxTimeMs) ?? 0;
      const sinceMs = clock.monotonicMs() - (isConnectLimit ? this.#startMs : startMs);
      reject(
        timeoutError({
          phase: this.#phase,
          isConnectLimit,
          elapsedMs: Math.max(limitMs, sinceMs),
          host: this.#host,
          port: this.#port,
          receivedBytes: this.#receivedBytes,
          expectedBytes: this.#expectedBytes,
        }),
      );
    };
    if (connectTimeoutMs !== undefined)
      this.#cleanups.push(clock.after(connectTimeoutMs, () => strike(true)));
    if (maxTimeMs !== undefined) {
      const leftMs = Math.max(0, maxTimeMs - (this.#startMs - startMs));
      this.#cleanups.push(clock.after(leftMs, () => strike(false)));
    }
    const abort = (): void => reject(new CurlError(130, "interrupted"));
    signal.addEventListener("abort", abort, { once: true });
    this.#cleanups.push(() => signal.removeEventListener("abort", abort));
    if (signal.aborted) abort();
  }

  async #perform(): Promise<void> {
    const address = await this.#resolve();
    this.#progress.resolved(address, this.#port);
    this.#phase = "connecting";
    const opened = await this.#connect(address);
    this.#stream = opened.stream;
    this.#phase = "transferring";
    this.#progress.connected(opened, address, this.#port);
    if (this.#request.url.protocol === "https:") {
      throw new CurlError(35, "OpenSSL/3.0.19: error:0A00010B:SSL routines::wrong version number");
    }
    await this.#exchange(opened.stream);
  }

  async #resolve(): Promise<string> {
    const { resolver, pod } = this.#around;
    let addresses: readonly string[] = [];
    try {
      addresses = await resolver.resolve(pod, this.#host, { family: this.#request.family });
    } catch (thrown) {
      // No DNS server answered: to curl the same as an unknown name.
      if (!(thrown instanceof ConnectError)) throw thrown;
    }
    const [address] = addresses;
    if (address === undefined) throw new CurlError(6, `Could not resolve host: ${this.#host}`);
    return address;
  }

  async #connect(address: string): Promise<OpenedConnection> {
    const { datapath, pod, clock } = this.#around;
    try {
      return await datapath.connectTcp(pod, address, this.#port, this.#connectAbort.signal);
    } catch (thrown) {
      if (!(thrown instanceof ConnectError)) throw thrown;
      const elapsedMs = clock.monotonicMs() - this.#startMs;
      throw connectError(thrown.code, { host: this.#host, port: this.#port, elapsedMs });
    }
  }

  #exchange(stream: Duplex): Promise<void> {
    const { url, method, headers, body } = this.#request;
    return new Promise((resolve, reject) => {
      const outgoing: ClientRequest = sendRequest({
        method,
        path: `${url.pathname}${url.search}`,
        setHost: false,
        createConnection: () => stream,
      });
      // Only what curl sends: nothing of Node's own.
      outgoing.removeHeader("connection");
      if (body === undefined) {
        outgoing.removeHeader("content-length");
        outgoing.removeHeader("transfer-encoding");
      }
      for (const [name, value] of headers) outgoing.setHeader(name, value);
      outgoing.on("error", (error: NodeJS.ErrnoException) => reject(this.#streamError(error)));
      outgoing.on("response", (response) => this.#receive(response, resolve, reject));
      outgoing.end(body, () => this.#progress.sent());
    });
  }

  #receive(response: IncomingMessage, resolve: () => void, reject: (error: unknown) => void): void {
    const length = response.headers["content-length"];
    this.#expectedBytes = length === undefined ? undefined : Number(length);
    let wantsBody: boolean;
    try {
      wantsBody = this.#progress.head(response);
    } catch (thrown) {
      // -f: the caller refuses the answer.
      reject(thrown);
      return;
    }
    if (!wantsBody) response.resume();
    response.on("data", (chunk: Buffer) => {
      if (!wantsBody) return;
      this.#receivedBytes += chunk.length;
      this.#progress.body(chunk);
    });
    response.on("end", resolve);
    response.on("error", () => {
      const missing = (this.#expectedBytes ?? 0) - this.#receivedBytes;
      reject(
        missing > 0
          ? new CurlError(18, `transfer closed with ${missing} bytes remaining to read`)
          : new CurlError(56, "Recv failure: Connection reset by peer"),
      );
    });
  }

  #streamError(error: NodeJS.ErrnoException): CurlError {
    if (error.code?.startsWith("HPE_") === true) {
      return new CurlError(1, "Received HTTP/0.9 when not allowed");
    }
    if (error.message === "socket hang up") return new CurlError(52, "Empty reply from server");
    return new CurlError(56, "Recv failure: Connection reset by peer");
  }
}
