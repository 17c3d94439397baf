/**
 * Cross-origin requests to the API, off unless `--web.cors.origin` names who may ask. Headers are
 * Prometheus'; unlike there nothing is allowed by default (docs/ARCHITECTURE.md, Decisions).
 */

import type { MiddlewareHandler } from "hono";
import { compileAnchoredRegexp } from "../model/regexp.ts";

const allowedHeaders = "Accept, Authorization, Content-Type, Origin";
const allowedMethods = "GET, POST, OPTIONS";

/** Adds the headers where the Origin matches `pattern` in whole. Throws ParseError for a bad pattern. */
export function allowOrigins(pattern: string): MiddlewareHandler {
  const regexp = compileAnchoredRegexp(pattern);
  const allowsAll = pattern === ".*";
  return async (context, next) => {
    await next();
    const origin = context.req.header("origin");
    context.header("vary", "Origin", { append: true });
    if (origin === undefined || !regexp.matches(origin)) return;
    context.header("access-control-allow-origin", allowsAll ? "*" : origin);
    context.header("access-control-allow-headers", allowedHeaders);
    context.header("access-control-allow-methods", allowedMethods);
    context.header("access-control-expose-headers", "Date");
  };
}
