/**
 * The listening socket: plain or TLS, one address, a clear error when the port is taken. Closing
 * ends idle connections at once and busy ones after a grace.
 */

import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, isIP } from "node:net";
import type { SecureContextOptions, TlsOptions } from "node:tls";
import { createAdaptorServer } from "@hono/node-server";
import { AppError } from "../base/errors.ts";
import type { WebTlsConfig } from "../config/web-config.ts";
import { findPortHolder } from "./port-holder.ts";

/** How long open requests may go on once the server is told to end, ms. */
const closeGraceMs = 1000;

/** Where to listen. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** A socket that listens. */
export interface HttpListener {
  readonly address: ListenAddress;
  close(): Promise<void>;
}

/** "127.0.0.1:9190", ":9190", "[::1]:9190". Throws AppError `usage`. */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new AppError(
      "usage",
      `cannot listen on ${JSON.stringify(text)}: write HOST:PORT, as in 127.0.0.1:9190`,
    );
  }
  const host = match[1] ?? match[2] ?? "";
  return { host: host === "" ? "0.0.0.0" : host, port };
}

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

/** Host and port as written in a URL. */
export function urlHost(address: ListenAddress): string {
  const host =
    address.host === "0.0.0.0" ? "127.0.0.1" : address.host === "::" ? "::1" : address.host;
  return `${host.includes(":") ? `[${host}]` : host}:${address.port}`;
}

/** Opens the socket. Throws AppError `address_in_use` naming the holder and the flag. */
export async function listenHttp(
  fetch: (request: Request, env: unknown) => Response | Promise<Response>,
  address: ListenAddress,
  options: { readonly tls?: WebTlsConfig; readonly flag: string },
): Promise<HttpListener> {
  const { tls } = options;
  const server = createAdaptorServer({
    fetch,
    ...(tls === undefined
      ? { createServer }
      : {
          createServer: createTlsServer as unknown as typeof createServer,
          serverOptions: tlsOptions(tls),
        }),
  }) as Server;
  // Slow or stuck clients must not hold sockets for ever.
  server.headersTimeout = 30_000;
  server.requestTimeout = 300_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) =>
      reject(listenError(cause, address, options.flag)),
    );
    server.listen(address.port, address.host, resolve);
  });
  const bound = server.address() as AddressInfo;
  return {
    address: { host: address.host, port: bound.port },
    close: () => closeServer(server),
  };
}

function tlsOptions(tls: WebTlsConfig): SecureContextOptions & TlsOptions {
  const asks = tls.clientAuthType !== "NoClientCert";
  const verifies =
    tls.clientAuthType === "RequireAndVerifyClientCert" ||
    tls.clientAuthType === "VerifyClientCertIfGiven";
  return {
    cert: readFileSync(tls.certFile),
    key: readFileSync(tls.keyFile),
    minVersion: tls.minVersion,
    maxVersion: tls.maxVersion,
    requestCert: asks,
    rejectUnauthorized: verifies,
    ...(tls.clientCaFile === undefined ? {} : { ca: readFileSync(tls.clientCaFile) }),
  };
}

function listenError(cause: NodeJS.ErrnoException, address: ListenAddress, flag: string): AppError {
  const where = `${address.host}:${address.port}`;
  if (cause.code === "EADDRINUSE") {
    const holder = findPortHolder(address.port) ?? "another program";
    return new AppError(
      "address_in_use",
      `cannot listen on ${where}: the port is taken by ${holder}. End it, or choose another port with ${flag} ${address.host}:${address.port + 1}`,
      { cause },
    );
  }
  const mends: Readonly<Record<string, string>> = {
    EACCES: "ports below 1024 need rights that this user has not; choose a higher one",
    EADDRNOTAVAIL: "this machine has no such address",
    ENOTFOUND: "the host name does not resolve",
  };
  const why = mends[cause.code ?? ""] ?? cause.message;
  return new AppError("refused", `cannot listen on ${where}: ${why} (${flag})`, { cause });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), closeGraceMs);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
