/**
 * The web configuration file, Prometheus' format (exporter-toolkit): TLS of our own listener, users
 * with bcrypt hashes, headers of every answer. Checked when loaded; certificates are read by the
 * listener, which gets absolute paths.
 */

import { accessSync, constants, readFileSync } from "node:fs";
import { z } from "zod";
import { ConfigError, errorMessage } from "../base/errors.ts";
import { resolveConfigFile } from "../httpclient/http-client-config.ts";
import { checkDocument, errorAt, listOf, mapping } from "../schema/mapping.ts";
import { booleanScalar, textMap, textScalar } from "../schema/scalars.ts";
import { parseYamlDocument, type YamlDocument } from "../schema/yaml-document.ts";

/** What the listener and the guard need; frozen. */
export interface WebConfig {
  readonly tls: WebTlsConfig | undefined;
  /** User → bcrypt hash; empty: no authentication. */
  readonly basicAuthUsers: ReadonlyMap<string, string>;
  /** Headers of every answer. */
  readonly headers: Readonly<Record<string, string>>;
}

/** TLS of the listener, files as absolute paths (or relative to the working directory without a config file). */
export interface WebTlsConfig {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clientCaFile: string | undefined;
  /** Go's names: NoClientCert, RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven, RequireAndVerifyClientCert. */
  readonly clientAuthType: ClientAuthType;
  readonly minVersion: "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";
  readonly maxVersion: "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";
}

const clientAuthTypes = [
  "NoClientCert",
  "RequestClientCert",
  "RequireAnyClientCert",
  "RequireClientCert",
  "VerifyClientCertIfGiven",
  "RequireAndVerifyClientCert",
] as const;
export type ClientAuthType = (typeof clientAuthTypes)[number];

const tlsVersions = {
  TLS10: "TLSv1",
  TLS11: "TLSv1.1",
  TLS12: "TLSv1.2",
  TLS13: "TLSv1.3",
} as const;

/** Headers that a web config may set, as in the exporter-toolkit. */
const settableHeaders = [
  "Strict-Transport-Security",
  "X-Content-Type-Options",
  "X-Frame-Options",
  "X-XSS-Protection",
  "Content-Security-Policy",
] as const;

const versionScalar = textScalar.transform((text, context) => {
  if (Object.hasOwn(tlsVersions, text)) return tlsVersions[text as keyof typeof tlsVersions];
  context.addIssue({
    code: "custom",
    message: `unknown TLS version: ${text} (one of ${Object.keys(tlsVersions).join(", ")})`,
  });
  return z.NEVER;
});

const clientAuthScalar = textScalar.transform((text, context): ClientAuthType => {
  const known = clientAuthTypes.find((type) => type === text);
  if (known !== undefined) return known;
  const message = `invalid ClientAuth: ${text} (one of ${clientAuthTypes.join(", ")})`;
  context.addIssue({ code: "custom", message });
  return z.NEVER;
});

const webConfigSchema = mapping({
  tls_server_config: mapping({
    cert_file: textScalar.optional(),
    key_file: textScalar.optional(),
    cert: textScalar.optional(),
    key: textScalar.optional(),
    client_ca: textScalar.optional(),
    client_ca_file: textScalar.optional(),
    client_auth_type: clientAuthScalar.optional(),
    client_allowed_sans: listOf(textScalar).optional(),
    min_version: versionScalar.default("TLSv1.2"),
    max_version: versionScalar.default("TLSv1.3"),
    cipher_suites: listOf(textScalar).optional(),
    curve_preferences: listOf(textScalar).optional(),
    prefer_server_cipher_suites: booleanScalar.optional(),
  }).optional(),
  http_server_config: mapping({
    http2: booleanScalar.default(true),
    headers: textMap.optional(),
  }).optional(),
  basic_auth_users: textMap.optional(),
  rate_limit: z.unknown().optional(),
});

type WebConfigFields = z.output<typeof webConfigSchema>;
type TlsFields = NonNullable<WebConfigFields["tls_server_config"]>;

/** `$2a$`, `$2b$` or `$2y$`, a cost of two digits, 53 characters of salt and hash. */
const bcryptHash = /^\$2[aby]\$(?:0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/;

/** Loads a web configuration; throws ConfigError with file, line, path and mend. */
export function loadWebConfig(file: string): WebConfig {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (thrown) {
    const message = `cannot read the web configuration: ${errorMessage(thrown)}`;
    throw new ConfigError(message, { file, path: "" });
  }
  const document = parseYamlDocument(text, file);
  const fields = checkDocument(webConfigSchema, document);
  if (fields.rate_limit !== undefined && fields.rate_limit !== null) {
    throw errorAt("rate_limit is not supported; remove it", ["rate_limit"], document);
  }
  return Object.freeze({
    tls: compileTls(fields.tls_server_config, document),
    basicAuthUsers: compileUsers(fields.basic_auth_users ?? {}, document),
    headers: compileHeaders(fields.http_server_config?.headers ?? {}, document),
  });
}

function compileTls(
  fields: TlsFields | undefined,
  document: YamlDocument,
): WebTlsConfig | undefined {
  if (fields === undefined) return undefined;
  const fail = (message: string, key: keyof TlsFields): ConfigError =>
    errorAt(message, ["tls_server_config", key], document);
  refuseUnbuiltTls(fields, fail);
  const { cert_file: cert, key_file: key, client_ca_file: ca } = fields;
  if (cert === undefined && key === undefined && ca === undefined) return undefined;
  if (!cert) throw fail("missing one of cert or cert_file", "cert_file");
  if (!key) throw fail("missing one of key or key_file", "key_file");
  const readable = (file: string, at: keyof TlsFields): string => {
    const path = resolveConfigFile(file, document);
    try {
      accessSync(path, constants.R_OK);
    } catch (thrown) {
      throw fail(`cannot read ${path}: ${errorMessage(thrown)}`, at);
    }
    return path;
  };
  return Object.freeze({
    certFile: readable(cert, "cert_file"),
    keyFile: readable(key, "key_file"),
    clientCaFile: ca === undefined ? undefined : readable(ca, "client_ca_file"),
    clientAuthType: clientAuthType(fields, fail),
    minVersion: fields.min_version,
    maxVersion: fields.max_version,
  });
}

type Fail = (message: string, key: keyof TlsFields) => ConfigError;

/** Silence about a key that restricts who may connect would be a trap. */
function refuseUnbuiltTls(fields: TlsFields, fail: Fail): void {
  const unbuilt = ["cert", "key", "client_ca", "client_allowed_sans", "cipher_suites"] as const;
  for (const key of unbuilt) {
    if (fields[key] === undefined) continue;
    const mend = key === "cert" || key === "key" || key === "client_ca" ? `; use ${key}_file` : "";
    throw fail(`${key} is not supported${mend}`, key);
  }
}

function clientAuthType(fields: TlsFields, fail: Fail): ClientAuthType {
  const hasCa = fields.client_ca_file !== undefined;
  const type = fields.client_auth_type ?? "NoClientCert";
  if (hasCa && type === "NoClientCert") {
    throw fail(
      "Client CA's have been configured without a Client Auth Policy; set client_auth_type: RequireAndVerifyClientCert",
      "client_ca_file",
    );
  }
  if (!hasCa && type.includes("Verify"))
    throw fail(`${type} wants client_ca_file`, "client_auth_type");
  return type;
}

function compileUsers(
  users: Readonly<Record<string, string>>,
  document: YamlDocument,
): ReadonlyMap<string, string> {
  for (const [user, hash] of Object.entries(users)) {
    if (bcryptHash.test(hash)) continue;
    // The value may be a password in clear text: it must not appear in the message.
    const message =
      "not a bcrypt hash; make one with `htpasswd -nBC 10 \"\" | tr -d ':\\n'` and put it in quotes";
    throw errorAt(message, ["basic_auth_users", user], document);
  }
  return new Map(Object.entries(users));
}

function compileHeaders(
  headers: Readonly<Record<string, string>>,
  document: YamlDocument,
): Readonly<Record<string, string>> {
  for (const [name, value] of Object.entries(headers)) {
    const path = ["http_server_config", "headers", name];
    if (!settableHeaders.some((known) => known.toLowerCase() === name.toLowerCase())) {
      const message = `HTTP header ${JSON.stringify(name)} can not be configured; one of ${settableHeaders.join(", ")}`;
      throw errorAt(message, path, document);
    }
    if (/[\r\n\0]/.test(value)) throw errorAt("a header must be one line", path, document);
  }
  return Object.freeze({ ...headers });
}
