/**
 * Prometheus' HTTP client settings (basic_auth, authorization, tls_config, http_headers…): the zod
 * fields that scrape configs, discovery and remote ends share, their checks with Prometheus' texts,
 * and the compiled, frozen form. Files with secrets are named here and read when a request is made.
 */

import { dirname, isAbsolute, join } from "node:path";
import { z } from "zod";
import { ConfigError } from "../base/errors.ts";
import { errorAt, formatPath, listOf, mapping } from "../schema/mapping.ts";
import { booleanScalar, type Secret, secretScalar, textScalar } from "../schema/scalars.ts";
import type { DocumentPath, YamlDocument } from "../schema/yaml-document.ts";

const tlsVersionNames = {
  TLS10: "TLSv1",
  TLS11: "TLSv1.1",
  TLS12: "TLSv1.2",
  TLS13: "TLSv1.3",
} as const;
type TlsVersionName = keyof typeof tlsVersionNames;
/** What node:tls calls a version. */
export type TlsVersion = (typeof tlsVersionNames)[TlsVersionName];

const tlsVersionScalar = textScalar.transform((text, context): TlsVersionName => {
  if (Object.hasOwn(tlsVersionNames, text)) return text as TlsVersionName;
  context.addIssue({
    code: "custom",
    message: `unknown TLS version: ${text} (one of ${Object.keys(tlsVersionNames).join(", ")})`,
  });
  return z.NEVER;
});

/** tls_config of a client. */
export const tlsConfigSchema = mapping({
  ca: textScalar.optional(),
  cert: textScalar.optional(),
  key: secretScalar.optional(),
  ca_file: textScalar.optional(),
  cert_file: textScalar.optional(),
  key_file: textScalar.optional(),
  server_name: textScalar.optional(),
  insecure_skip_verify: booleanScalar.default(false),
  min_version: tlsVersionScalar.optional(),
  max_version: tlsVersionScalar.optional(),
});

/** The fields themselves, to be spread into a mapping. */
export const httpClientFields = {
  basic_auth: mapping({
    username: textScalar.optional(),
    username_file: textScalar.optional(),
    password: secretScalar.optional(),
    password_file: textScalar.optional(),
  }).optional(),
  authorization: mapping({
    type: textScalar.optional(),
    credentials: secretScalar.optional(),
    credentials_file: textScalar.optional(),
  }).optional(),
  bearer_token: secretScalar.optional(),
  bearer_token_file: textScalar.optional(),
  oauth2: z.unknown().optional(),
  tls_config: tlsConfigSchema.optional(),
  follow_redirects: booleanScalar.default(true),
  enable_http2: booleanScalar.default(true),
  http_headers: z
    .record(
      z.string(),
      mapping({
        values: listOf(textScalar),
        secrets: listOf(secretScalar),
        files: listOf(textScalar),
      }),
    )
    .optional(),
  proxy_url: textScalar.optional(),
  no_proxy: textScalar.optional(),
  proxy_from_environment: booleanScalar.optional(),
  proxy_connect_header: z.record(z.string(), listOf(secretScalar)).optional(),
};

const fieldsSchema = z.object(httpClientFields);
/** The fields after their schema. */
export type HttpClientFields = z.output<typeof fieldsSchema>;

/** A secret given in the file, or in a file of its own that is read at each request. */
export type SecretSource =
  | { readonly kind: "inline"; readonly secret: Secret }
  | { readonly kind: "file"; readonly file: string };

/** TLS settings, files as absolute paths. */
export interface TlsClientConfig {
  readonly ca: string | undefined;
  readonly caFile: string | undefined;
  readonly cert: string | undefined;
  readonly certFile: string | undefined;
  readonly key: Secret | undefined;
  readonly keyFile: string | undefined;
  readonly serverName: string | undefined;
  readonly isVerifySkipped: boolean;
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion | undefined;
}

/** How requests identify themselves and reach the other end. */
export interface HttpClientConfig {
  readonly basicAuth:
    | {
        readonly username: string;
        readonly usernameFile: string | undefined;
        readonly password: SecretSource | undefined;
      }
    | undefined;
  readonly authorization:
    | { readonly type: string; readonly credentials: SecretSource | undefined }
    | undefined;
  readonly headers: readonly {
    readonly name: string;
    readonly values: readonly string[];
    readonly secrets: readonly Secret[];
    readonly files: readonly string[];
  }[];
  readonly tls: TlsClientConfig;
  readonly followsRedirects: boolean;
}

/** Where the fields stand, for errors and relative files. */
export interface ConfigPlace {
  readonly document: YamlDocument | undefined;
  readonly path: DocumentPath;
}

/** Headers that Prometheus sets itself or that belong to the connection. */
const reservedHeaders = new Set([
  "authorization",
  "connection",
  "host",
  "content-encoding",
  "content-length",
  "content-type",
  "user-agent",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "www-authenticate",
  "accept-encoding",
  "x-prometheus-remote-write-version",
  "x-prometheus-remote-read-version",
  "x-prometheus-scrape-timeout-seconds",
  "x-amz-date",
  "x-amz-security-token",
  "x-amz-content-sha256",
]);

/** The client that an empty configuration gives. */
export const defaultHttpClientConfig: HttpClientConfig = {
  basicAuth: undefined,
  authorization: undefined,
  headers: [],
  tls: {
    ca: undefined,
    caFile: undefined,
    cert: undefined,
    certFile: undefined,
    key: undefined,
    keyFile: undefined,
    serverName: undefined,
    isVerifySkipped: false,
    minVersion: "TLSv1.2",
    maxVersion: undefined,
  },
  followsRedirects: true,
};

/** Checks the fields against each other and compiles them; throws ConfigError with Prometheus' text. */
export function compileHttpClientConfig(
  fields: HttpClientFields,
  place: ConfigPlace,
): HttpClientConfig {
  refuseUnbuilt(fields, place);
  checkAuthorization(fields, place);
  const resolveFile = (file: string | undefined) =>
    file === undefined ? undefined : resolveConfigFile(file, place.document);
  const secretOf = (secret: Secret | undefined, file: string | undefined) => {
    if (secret !== undefined) return { kind: "inline", secret } as const;
    const path = resolveFile(file);
    return path === undefined ? undefined : ({ kind: "file", file: path } as const);
  };
  const { basic_auth: basic, authorization } = fields;
  const bearer = secretOf(fields.bearer_token, fields.bearer_token_file);
  return {
    basicAuth: basic && {
      username: basic.username ?? "",
      usernameFile: resolveFile(basic.username_file),
      password: secretOf(basic.password, basic.password_file),
    },
    authorization:
      authorization === undefined
        ? bearer && { type: "Bearer", credentials: bearer }
        : {
            type: authorization.type?.trim() || "Bearer",
            credentials: secretOf(authorization.credentials, authorization.credentials_file),
          },
    headers: Object.entries(fields.http_headers ?? {}).map(([name, header]) => ({
      name,
      values: header.values,
      secrets: header.secrets,
      files: header.files.map((file) => resolveConfigFile(file, place.document)),
    })),
    tls: compileTls(fields.tls_config, place, resolveFile),
    followsRedirects: fields.follow_redirects,
  };
}

/** A path of a config file is relative to the folder of that file, as in Prometheus. */
export function resolveConfigFile(file: string, document: YamlDocument | undefined): string {
  if (isAbsolute(file) || document?.file === undefined) return file;
  return join(dirname(document.file), file);
}

/** Keys that change where requests go and that we cannot honour: silence would be a trap. */
function refuseUnbuilt(fields: HttpClientFields, place: ConfigPlace): void {
  const unbuilt: readonly (readonly [keyof HttpClientFields, boolean, string])[] = [
    ["proxy_url", (fields.proxy_url ?? "") !== "", "a proxy"],
    ["proxy_from_environment", fields.proxy_from_environment === true, "a proxy"],
    ["proxy_connect_header", fields.proxy_connect_header !== undefined, "a proxy"],
    ["oauth2", fields.oauth2 !== undefined && fields.oauth2 !== null, "OAuth 2"],
  ];
  for (const [key, isUsed, what] of unbuilt) {
    if (!isUsed) continue;
    const path = [...place.path, key];
    throw new ConfigError(
      `${what} is not supported yet; remove ${key}, or scrape this job with Prometheus`,
      {
        file: place.document?.file,
        path: formatPath(path),
        line: place.document?.lineOfKey(path),
      },
    );
  }
}

function checkAuthorization(fields: HttpClientFields, place: ConfigPlace): void {
  const fail = (message: string, key: keyof HttpClientFields): never => {
    throw errorAt(message, [...place.path, key], place.document);
  };
  const { basic_auth: basic, authorization } = fields;
  const hasToken = fields.bearer_token !== undefined;
  const hasTokenFile = (fields.bearer_token_file ?? "") !== "";
  if (hasToken && hasTokenFile) {
    fail("at most one of bearer_token & bearer_token_file must be configured", "bearer_token_file");
  }
  if (basic !== undefined && (hasToken || hasTokenFile)) {
    fail(
      "at most one of basic_auth, oauth2, bearer_token & bearer_token_file must be configured",
      "basic_auth",
    );
  }
  if (basic?.username !== undefined && basic.username_file !== undefined) {
    fail("at most one of basic_auth username & username_file must be configured", "basic_auth");
  }
  if (basic?.password !== undefined && basic.password_file !== undefined) {
    fail("at most one of basic_auth password & password_file must be configured", "basic_auth");
  }
  if (authorization !== undefined) checkCredentials(fields, hasToken || hasTokenFile, fail);
  for (const name of Object.keys(fields.http_headers ?? {})) {
    if (reservedHeaders.has(name.toLowerCase())) {
      fail(`setting header ${JSON.stringify(name)} is not allowed`, "http_headers");
    }
  }
}

function checkCredentials(
  fields: HttpClientFields,
  hasBearer: boolean,
  fail: (message: string, key: keyof HttpClientFields) => never,
): void {
  const { authorization } = fields;
  if (hasBearer) {
    fail("authorization is not compatible with bearer_token & bearer_token_file", "authorization");
  }
  if (authorization?.credentials !== undefined && authorization.credentials_file !== undefined) {
    fail(
      "at most one of authorization credentials & credentials_file must be configured",
      "authorization",
    );
  }
  if (authorization?.type?.trim().toLowerCase() === "basic") {
    fail('authorization type cannot be set to "basic", use "basic_auth" instead', "authorization");
  }
  if (fields.basic_auth !== undefined) {
    fail("at most one of basic_auth, oauth2 & authorization must be configured", "authorization");
  }
}

function compileTls(
  tls: HttpClientFields["tls_config"],
  place: ConfigPlace,
  resolveFile: (file: string | undefined) => string | undefined,
): TlsClientConfig {
  if (tls === undefined) return defaultHttpClientConfig.tls;
  const fail = (message: string, key: string): never => {
    throw errorAt(message, [...place.path, "tls_config", key], place.document);
  };
  for (const part of ["ca", "cert", "key"] as const) {
    if (tls[part] !== undefined && tls[`${part}_file`] !== undefined) {
      fail(`at most one of ${part} and ${part}_file must be configured`, part);
    }
  }
  const hasCert = tls.cert !== undefined || tls.cert_file !== undefined;
  const hasKey = tls.key !== undefined || tls.key_file !== undefined;
  if (hasCert && !hasKey) {
    const message = "exactly one of key or key_file must be configured when a client certificate";
    fail(`${message} is configured`, tls.cert === undefined ? "cert_file" : "cert");
  }
  if (hasKey && !hasCert) {
    const message = "exactly one of cert or cert_file must be configured when a client key";
    fail(`${message} is configured`, tls.key === undefined ? "key_file" : "key");
  }
  return {
    ca: tls.ca,
    caFile: resolveFile(tls.ca_file),
    cert: tls.cert,
    certFile: resolveFile(tls.cert_file),
    key: tls.key,
    keyFile: resolveFile(tls.key_file),
    serverName: tls.server_name,
    isVerifySkipped: tls.insecure_skip_verify,
    minVersion: tlsVersionNames[tls.min_version ?? "TLS12"],
    maxVersion: tls.max_version && tlsVersionNames[tls.max_version],
  };
}
