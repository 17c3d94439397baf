/**
 * Who may ask: Host (DNS rebinding), Origin of state-changing requests (cross-site request forgery)
 * and basic authentication. Checked on every request before any route.
 */

import { createHash } from "node:crypto";
import { plainText } from "./answers.ts";

/** Verified credentials remembered, so that bcrypt runs once for each and not once a request. */
const rememberedMax = 100;
/** POST routes that only read: a form is how long queries are sent. */
const readOnlyPosts = new Set([
  "/api/v1/query",
  "/api/v1/query_range",
  "/api/v1/query_exemplars",
  "/api/v1/series",
  "/api/v1/labels",
  "/api/v1/format_query",
  "/api/v1/parse_query",
]);

/** What the guard checks. */
export interface GuardOptions {
  /** Host names, lower case, without port, under which this server may be asked. */
  readonly allowedHosts: ReadonlySet<string>;
  /** True where every IP address is a fine Host (a server beyond loopback, which authenticates). */
  readonly allowsAnyAddress: boolean;
  /** User → bcrypt hash; empty: no authentication. */
  readonly basicAuthUsers: ReadonlyMap<string, string>;
  readonly compareHash: (password: string, hash: string) => Promise<boolean>;
  /** Bearer token that opens /metrics to our own scrape. */
  readonly selfToken?: string;
}

/** Answers a refusal, or undefined to let the request pass. */
export type Guard = (request: Request) => Promise<Response | undefined>;

/** Names under which a server on loopback may be asked. */
export const loopbackHosts: readonly string[] = ["localhost", "127.0.0.1", "[::1]", "::1"];

export function createGuard(options: GuardOptions): Guard {
  const remembered = new Set<string>();
  return async (request) => {
    const host = request.headers.get("host") ?? new URL(request.url).host;
    return (
      checkHost(host, options) ??
      checkOrigin(request, host) ??
      (await checkCredentials(request, options, remembered))
    );
  };
}

function checkHost(host: string, options: GuardOptions): Response | undefined {
  const name = hostName(host);
  if (options.allowedHosts.has(name)) return undefined;
  if (options.allowsAnyAddress && isAddress(name)) return undefined;
  return plainText(
    421,
    `refused: this server is not called ${JSON.stringify(name)}. Ask it under one of ${[...options.allowedHosts].join(", ")}, or start it with --web.allowed-host ${name}`,
  );
}

/** "a.b:9190" → "a.b", "[::1]:9190" → "[::1]". */
function hostName(host: string): string {
  const end = host.startsWith("[") ? host.indexOf("]") + 1 : host.lastIndexOf(":");
  return (end > 0 ? host.slice(0, end) : host).toLowerCase();
}

function isAddress(name: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(name) || /^\[[0-9a-f:.]+\]$/.test(name);
}

/** Browsers send Origin, or at least Sec-Fetch-Site, with every request that another site causes. */
function checkOrigin(request: Request, host: string): Response | undefined {
  const { method } = request;
  if (method === "GET" || method === "HEAD" || method === "OPTIONS") return undefined;
  if (method === "POST" && readOnlyPosts.has(new URL(request.url).pathname)) return undefined;
  const origin = request.headers.get("origin");
  const site = request.headers.get("sec-fetch-site");
  const isForeignOrigin = origin !== null && originHost(origin) !== host.toLowerCase();
  const isCrossSite = site === "cross-site" || site === "same-site";
  if (!isForeignOrigin && !isCrossSite) return undefined;
  return plainText(
    403,
    `refused: a page of ${origin ?? "another site"} must not change anything here`,
  );
}

function originHost(origin: string): string {
  try {
    return new URL(origin).host.toLowerCase();
  } catch {
    // "null" (sandboxed pages, file:) and anything unreadable is foreign.
    return "";
  }
}

async function checkCredentials(
  request: Request,
  options: GuardOptions,
  remembered: Set<string>,
): Promise<Response | undefined> {
  if (options.basicAuthUsers.size === 0) return undefined;
  const header = request.headers.get("authorization") ?? "";
  const isSelf = options.selfToken !== undefined && header === `Bearer ${options.selfToken}`;
  if (isSelf && new URL(request.url).pathname === "/metrics") return undefined;
  if (await areValidCredentials(header, options, remembered)) return undefined;
  return new Response("Unauthorized\n", {
    status: 401,
    headers: { "www-authenticate": "Basic", "content-type": "text/plain; charset=utf-8" },
  });
}

/** Compared against when the user is unknown, so that the answer takes as long (bcrypt of a random text). */
const unknownUserHash = "$2b$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";

async function areValidCredentials(
  header: string,
  options: GuardOptions,
  remembered: Set<string>,
): Promise<boolean> {
  const encoded = /^Basic ([A-Za-z0-9+/=]+)$/.exec(header)?.[1];
  if (encoded === undefined) return false;
  const digest = createHash("sha256").update(encoded).digest("hex");
  if (remembered.has(digest)) return true;
  const [user = "", ...rest] = Buffer.from(encoded, "base64").toString("utf8").split(":");
  const hash = options.basicAuthUsers.get(user);
  const isMatch = await options.compareHash(rest.join(":"), hash ?? unknownUserHash);
  if (!isMatch || hash === undefined) return false;
  if (remembered.size >= rememberedMax) remembered.clear();
  remembered.add(digest);
  return true;
}
