/**
 * One connection over TCP or TLS, and the idle ones of a client. A connection carries one exchange at
 * a time; between exchanges any byte, error or end from the other side closes it. All connections
 * read into one buffer of their pool: what comes is used before the next read begins.
 */

import { connect as connectTcp, isIP, type OnReadOpts, type Socket } from "node:net";
import { connect as connectTls, type SecureContext } from "node:tls";
import { AppError } from "../base/errors.ts";
import type { ResponseReader } from "./response-reader.ts";

/** The most that one read takes; a gzipped body of usual size comes in one. */
const readBytesMax = 64 * 1024;
/** As Go's dialer has it, ms. */
const keepAliveProbeMs = 15_000;
/** Idle connections of one client. */
const idleMax = 20_000;

/** How to reach an origin. */
export interface ConnectionTarget {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsTarget | undefined;
}

/** How TLS is spoken; another object means that kept connections are not to be used any more. */
export interface TlsTarget {
  readonly context: SecureContext;
  readonly serverName: string | undefined;
  readonly isVerifySkipped: boolean;
  /** Sessions to resume, by host and port; filled here. */
  readonly sessions: Map<string, Buffer>;
}

/** The other side ended the connection before a byte of the answer. */
export class ConnectionEndedError extends AppError {
  override readonly name = "ConnectionEndedError";
  constructor() {
    super("unreachable", "EOF");
  }
}

interface Exchange {
  readonly response: ResponseReader;
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

/** A connection, open or being opened. */
export class HttpConnection {
  /** Whether it has carried an exchange. */
  isUsed = false;
  isOpen = true;
  readonly tls: TlsTarget | undefined;
  readonly #socket: Socket;
  readonly #onIdleEnd: (connection: HttpConnection) => void;
  #exchange: Exchange | undefined;

  constructor(
    target: ConnectionTarget,
    pool: ConnectionPool,
    onIdleEnd: (connection: HttpConnection) => void,
  ) {
    this.tls = target.tls;
    this.#onIdleEnd = onIdleEnd;
    const { buffer } = pool;
    const onread: OnReadOpts = {
      buffer,
      callback: (size) => {
        this.#read(buffer.subarray(0, size));
        return true;
      },
    };
    this.#socket = openSocket(target, onread);
    this.#socket.on("error", (cause) => this.#end(cause));
    this.#socket.on("end", () => this.#end(undefined));
    this.#socket.on("close", () => this.#end(undefined));
    // What waits for an answer has a timer of its own; an idle connection must not keep a process.
    this.#socket.unref();
  }

  /** Sends a request; resolves when the response is over, rejects when the connection fails before. */
  exchange(request: string, response: ResponseReader): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.isOpen) {
        reject(new ConnectionEndedError());
        return;
      }
      this.#exchange = { response, resolve, reject };
      this.#socket.write(request);
    });
  }

  /** Closes; an exchange under way fails with EOF. */
  destroy(): void {
    this.#end(undefined);
  }

  #read(bytes: Uint8Array): void {
    const exchange = this.#exchange;
    if (exchange === undefined) {
      this.#end(undefined);
      return;
    }
    const { response } = exchange;
    response.read(bytes);
    if (!response.isOver) return;
    this.#exchange = undefined;
    this.isUsed = true;
    if (!response.isDone || !response.isReusable) this.#close();
    exchange.resolve();
  }

  #end(cause: unknown): void {
    if (!this.isOpen) return;
    this.#close();
    const exchange = this.#exchange;
    this.#exchange = undefined;
    if (exchange === undefined) {
      this.#onIdleEnd(this);
      return;
    }
    const { response } = exchange;
    if (cause !== undefined) exchange.reject(cause);
    else if (response.hasBytes) {
      response.finish();
      exchange.resolve();
    } else exchange.reject(new ConnectionEndedError());
  }

  #close(): void {
    this.isOpen = false;
    this.#socket.destroy();
  }
}

/** Connections of one client by origin, and what they share. */
export class ConnectionPool {
  readonly buffer: Buffer = Buffer.allocUnsafeSlow(readBytesMax);
  readonly #idle = new Map<string, HttpConnection[]>();
  #idleCount = 0;

  /** A kept connection to the origin, the one used last; a new one where there is none. */
  take(origin: string, target: ConnectionTarget): HttpConnection {
    const kept = this.#idle.get(origin) ?? [];
    while (kept.length > 0) {
      const connection = kept.pop() as HttpConnection;
      this.#idleCount--;
      if (kept.length === 0) this.#idle.delete(origin);
      if (connection.tls === target.tls) return connection;
      connection.destroy();
    }
    return new HttpConnection(target, this, (ended) => this.#forget(origin, ended));
  }

  /** Keeps a connection for the next exchange, if it can carry one. */
  giveBack(origin: string, connection: HttpConnection): void {
    if (!connection.isOpen) return;
    if (this.#idleCount >= idleMax) {
      connection.destroy();
      return;
    }
    const kept = this.#idle.get(origin);
    if (kept === undefined) this.#idle.set(origin, [connection]);
    else kept.push(connection);
    this.#idleCount++;
  }

  /** Closes the idle connections. */
  close(): void {
    const all = [...this.#idle.values()].flat();
    this.#idle.clear();
    this.#idleCount = 0;
    for (const connection of all) connection.destroy();
  }

  #forget(origin: string, connection: HttpConnection): void {
    const kept = this.#idle.get(origin);
    const at = kept?.indexOf(connection) ?? -1;
    if (kept === undefined || at < 0) return;
    kept.splice(at, 1);
    this.#idleCount--;
    if (kept.length === 0) this.#idle.delete(origin);
  }
}

function openSocket(target: ConnectionTarget, onread: OnReadOpts): Socket {
  const { host, port, tls } = target;
  if (tls === undefined) {
    return connectTcp({
      host,
      port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveProbeMs,
      onread,
    });
  }
  const key = `${host} ${port}`;
  const { sessions } = tls;
  const session = sessions.get(key);
  const options = {
    host,
    port,
    secureContext: tls.context,
    servername: tls.serverName ?? (isIP(host) === 0 ? host : ""),
    rejectUnauthorized: !tls.isVerifySkipped,
    ALPNProtocols: ["http/1.1"],
    ...(session === undefined ? {} : { session }),
    onread,
  };
  const socket = connectTls(options);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, keepAliveProbeMs);
  socket.on("session", (made: Buffer) => {
    if (sessions.has(key) || sessions.size < idleMax) sessions.set(key, made);
  });
  socket.on("error", () => sessions.delete(key));
  return socket;
}
