/**
 * Serves the built page: hashed assets with a long cache, index.html for every route of the page.
 * Files are read once; the whole bundle is a few MB. The app compresses text.
 */

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";
import type { Context } from "hono";
import { plainText } from "./answers.ts";

const contentTypes: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
  ".json": "application/json",
  ".txt": "text/plain; charset=utf-8",
  ".png": "image/png",
};

/** Scripts only from here, no framing; styles inline since charts set sizes so. */
const securityHeaders = {
  "content-security-policy":
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
};

interface WebFile {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Record<string, string>;
}

/** A handler for GET requests that no route took. */
export function createWebFiles(webDir: string): (context: Context) => Response {
  const files = readFiles(webDir);
  const index = files.get("/index.html");
  return (context) => {
    const path = new URL(context.req.url).pathname;
    const file = files.get(path);
    if (file !== undefined) return fileAnswer(context, file);
    if (extname(path) !== "" && path.startsWith("/assets/"))
      return plainText(404, "404 page not found");
    if (index === undefined) return plainText(404, "the page is not built: run `npm run build`");
    return fileAnswer(context, index);
  };
}

/** The file, or 304 where the browser has it; a tag is weak once the answer was compressed. */
function fileAnswer(context: Context, { body, headers }: WebFile): Response {
  const tags = (context.req.header("if-none-match") ?? "").replaceAll("W/", "").split(/,\s*/);
  const isKnown = tags.includes(headers["etag"] ?? "");
  return isKnown ? new Response(null, { status: 304, headers }) : new Response(body, { headers });
}

function readFiles(webDir: string): ReadonlyMap<string, WebFile> {
  const files = new Map<string, WebFile>();
  for (const entry of readdirSync(webDir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const path = `/${relative(webDir, file).split(sep).join("/")}`;
    const isHashed = path.startsWith("/assets/");
    const body = new Uint8Array(readFileSync(file));
    files.set(path, {
      body,
      headers: {
        etag: `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`,
        "content-type": contentTypes[extname(path)] ?? "application/octet-stream",
        "cache-control": isHashed ? "public, max-age=31536000, immutable" : "no-cache",
        ...securityHeaders,
      },
    });
  }
  return files;
}
