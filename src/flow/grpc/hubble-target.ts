/**
 * Where a Hubble server is and how to reach it: addresses as the hubble CLI takes them (HOST:PORT,
 * tls://HOST:PORT, unix:PATH) and as URLs (grpc://, grpcs://), with the settings of TLS.
 */

import { existsSync, readFileSync } from "node:fs";
import { type ChannelCredentials, credentials, Metadata } from "@grpc/grpc-js";
import { ConfigError, errorMessage } from "../../base/errors.ts";

/** TLS on the client's side; files are read at every connect, so that renewed ones are taken. */
export interface ClientTls {
  readonly caFiles: readonly string[];
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  /** The name that the server's certificate must bear, where it is not the address's. */
  readonly serverName: string | undefined;
  readonly isVerified: boolean;
}

/** A server to call. */
export interface HubbleTarget {
  /** HOST:PORT or unix:PATH, as grpc takes it. */
  readonly address: string;
  /** undefined = plain text. */
  readonly tls: ClientTls | undefined;
  readonly basicAuth?: { readonly user: string; readonly password: string } | undefined;
}

/** Verified against the machine's own authorities. */
export const plainTls: ClientTls = {
  caFiles: [],
  certFile: undefined,
  keyFile: undefined,
  serverName: undefined,
  isVerified: true,
};

/** An address with or without scheme; `defaultPort` where it has none. Throws ConfigError. */
export function parseServerAddress(
  text: string,
  defaultPort: number,
): { readonly address: string; readonly isTls: boolean } {
  if (text.startsWith("unix:")) {
    return { address: text.replace(/^unix:\/\/(?=\/)/, "unix:"), isTls: false };
  }
  const match =
    /^(?:(grpc|grpcs|tls|tcp):\/\/)?(\[[0-9a-fA-F:.]+\]|[^:/[\]]+)(?::(\d{1,5}))?\/?$/.exec(text);
  const port = Number(match?.[3] ?? defaultPort);
  if (match === null || port > 65_535 || port === 0) {
    throw new ConfigError(
      `${JSON.stringify(text)} is no address of a Hubble server; write HOST:PORT, grpc://HOST:PORT or grpcs://HOST:PORT`,
      { path: "" },
    );
  }
  const isTls = match[1] === "grpcs" || match[1] === "tls";
  return { address: `${match[2]}:${port}`, isTls };
}

/** What grpc needs to connect. Throws ConfigError naming the file that cannot be used. */
export function channelCredentials({ tls }: HubbleTarget): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  if ((tls.certFile === undefined) !== (tls.keyFile === undefined)) {
    throw new ConfigError(
      "a client certificate needs its key and a key its certificate; give both files",
      { path: "" },
    );
  }
  const ca = tls.caFiles.map((file) => readPem(file, "CA certificates", "CERTIFICATE"));
  const cert = tls.certFile && readPem(tls.certFile, "client certificate", "CERTIFICATE");
  const key = tls.keyFile && readPem(tls.keyFile, "client key", "PRIVATE KEY");
  try {
    return credentials.createSsl(
      ca.length === 0 ? null : Buffer.concat(ca),
      key || null,
      cert || null,
      tls.isVerified ? {} : { rejectUnauthorized: false, checkServerIdentity: () => undefined },
    );
  } catch (thrown) {
    throw new ConfigError(`cannot use the TLS files: ${errorMessage(thrown)}`, { path: "" });
  }
}

/** Options of the channel that follow from the target. */
export function channelOptions({ tls, address }: HubbleTarget): Record<string, string | number> {
  const options: Record<string, string | number> = {
    "grpc.max_receive_message_length": messageBytesMax,
    // We reconnect ourselves, with our own back-off; grpc's must not be slower.
    "grpc.initial_reconnect_backoff_ms": 500,
    "grpc.max_reconnect_backoff_ms": 2000,
    // A server that went away without a word is noticed. Go's servers allow one in five minutes.
    "grpc.keepalive_time_ms": 310_000,
    "grpc.keepalive_timeout_ms": 20_000,
    "grpc.use_local_subchannel_pool": 1,
    "grpc.enable_retries": 0,
  };
  if (tls?.serverName !== undefined) {
    options["grpc.ssl_target_name_override"] = tls.serverName;
    options["grpc.default_authority"] = tls.serverName;
  } else if (address.startsWith("unix:")) options["grpc.default_authority"] = "localhost";
  return options;
}

/** Largest message taken: a flow is about 1 kB. */
const messageBytesMax = 16 * 1024 * 1024;

/** What goes with every call. */
export function callMetadata({ basicAuth }: HubbleTarget): Metadata {
  const metadata = new Metadata();
  if (basicAuth !== undefined) {
    const { user, password } = basicAuth;
    const text = Buffer.from(`${user}:${password}`).toString("base64");
    metadata.set("authorization", `Basic ${text}`);
  }
  return metadata;
}

function readPem(file: string, what: string, kind: string): Buffer {
  if (!existsSync(file)) {
    throw new ConfigError(`cannot read the ${what}: ${file} does not exist`, { path: "" });
  }
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (thrown) {
    throw new ConfigError(`cannot read the ${what}: ${errorMessage(thrown)}`, { path: "" });
  }
  if (!bytes.includes(`${kind}-----`)) {
    const mend = `want PEM, a block that begins with -----BEGIN ${kind}-----`;
    throw new ConfigError(`cannot use ${file} as ${what}: ${mend}`, { path: "" });
  }
  return bytes;
}
