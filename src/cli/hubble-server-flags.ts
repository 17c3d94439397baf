/**
 * The flags by which `observe`, `list` and `status` reach a Hubble server: those of the hubble CLI,
 * with its environment variables (HUBBLE_SERVER, HUBBLE_TLS_CA_CERT_FILES…).
 */

import { ConfigError } from "../base/errors.ts";
import { type HubbleTarget, parseServerAddress } from "../flow/grpc/hubble-target.ts";
import { parseDuration } from "../model/duration.ts";
import { type FlagSpec, parseBoolFlag } from "./flag-set.ts";

/** Values of the flags. */
export interface HubbleServerFlags {
  /** "" = not given. */
  server: string;
  isTls: boolean;
  allowsInsecure: boolean;
  readonly caFiles: string[];
  certFile: string;
  keyFile: string;
  serverName: string;
  user: string;
  password: string;
  /** To connect, ms. */
  timeoutMs: number;
  /** For an answer that is no stream, ms. */
  requestTimeoutMs: number;
}

/** Where hubble looks without --server. */
const serverDefault = "localhost:4245";
const relayPort = 4245;

/** Defaults, and what the environment says. Throws ConfigError. */
export function hubbleServerFlags(env: Readonly<Record<string, string | undefined>>): {
  readonly flags: HubbleServerFlags;
  readonly specs: readonly FlagSpec[];
} {
  const flags: HubbleServerFlags = {
    server: "",
    isTls: false,
    allowsInsecure: false,
    caFiles: [],
    certFile: "",
    keyFile: "",
    serverName: "",
    user: "",
    password: "",
    timeoutMs: 5000,
    requestTimeoutMs: 12_000,
  };
  const specs = specsOf(flags);
  for (const { name, set } of specs) {
    const value = env[`HUBBLE_${name.toUpperCase().replaceAll("-", "_")}`];
    if (value !== undefined && value !== "") set(value);
  }
  return { flags, specs };
}

/** The server to call. Throws ConfigError. */
export function toHubbleTarget(flags: HubbleServerFlags): HubbleTarget {
  const { address, isTls } = parseServerAddress(flags.server || serverDefault, relayPort);
  const asksTls = isTls || flags.isTls || flags.certFile !== "" || flags.keyFile !== "";
  const { user, password } = flags;
  const basicAuth = user === "" ? undefined : { user, password };
  if (!asksTls) {
    if (basicAuth !== undefined) {
      throw new ConfigError("user and password need TLS; add --tls", { path: "" });
    }
    return { address, tls: undefined };
  }
  return {
    address,
    tls: {
      caFiles: flags.caFiles,
      certFile: flags.certFile || undefined,
      keyFile: flags.keyFile || undefined,
      serverName: flags.serverName || undefined,
      isVerified: !flags.allowsInsecure,
    },
    basicAuth,
  };
}

function specsOf(flags: HubbleServerFlags): FlagSpec[] {
  type TextName = "server" | "certFile" | "keyFile" | "serverName" | "user" | "password";
  const text = (key: TextName, name: string, help: string): FlagSpec => ({
    name,
    help,
    valueName: "string",
    set: (value) => {
      flags[key] = value;
    },
  });
  const bool = (key: "isTls" | "allowsInsecure", name: string, help: string): FlagSpec => ({
    name,
    help,
    bareValue: "true",
    set: (value) => {
      flags[key] = parseBoolFlag(value);
    },
  });
  const time = (key: "timeoutMs" | "requestTimeoutMs", name: string, help: string): FlagSpec => ({
    name,
    help,
    valueName: "duration",
    set: (value) => {
      const ms = parseDuration(value);
      if (ms === undefined || ms === 0) {
        throw new ConfigError(`"${value}" is no duration; write it as in 12s`, { path: "" });
      }
      flags[key] = ms;
    },
  });
  return [
    text(
      "server",
      "server",
      `Hubble server: HOST:PORT, tls://HOST:PORT, unix:PATH (${serverDefault})`,
    ),
    time("timeoutMs", "timeout", "longest time to connect (5s)"),
    time(
      "requestTimeoutMs",
      "request-timeout",
      "longest time for an answer that is no stream (12s)",
    ),
    bool("isTls", "tls", "speak TLS, as for tls:// addresses"),
    bool("allowsInsecure", "tls-allow-insecure", "do not verify the server's certificate"),
    {
      name: "tls-ca-cert-files",
      help: "certificates of authorities, PEM, separated by commas",
      valueName: "strings",
      set: (value) => flags.caFiles.push(...value.split(",").filter((file) => file !== "")),
    },
    text("certFile", "tls-client-cert-file", "client certificate, PEM (implies TLS)"),
    text("keyFile", "tls-client-key-file", "key of the client certificate, PEM (implies TLS)"),
    text("serverName", "tls-server-name", "name that the server's certificate must bear"),
    text("user", "basic-auth-username", "user, where the server asks for one (needs TLS)"),
    text("password", "basic-auth-password", "password"),
  ];
}
