/**
 * Compresses answers as the client can read them: zstd where this Node has it, br, gzip, deflate. A
 * body is compressed in pieces as it is made, so a large answer is never held whole; the levels are
 * low, since most bodies are made for one reader. Bodies known to be small stay as they are.
 */

import { Readable, type Transform } from "node:stream";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import * as zlib from "node:zlib";
import type { MiddlewareHandler } from "hono";

/** Below this compression costs more than it saves, bytes. */
const sizeBytesMin = 1024;
const brotliQuality = 4;
const gzipLevel = 4;

const compressibleTypes =
  /^(?:text\/|application\/(?:json|yaml|javascript|openmetrics-text|x-ndjson)|image\/svg\+xml)/;

/** Node 22.15 and later. */
type ZstdFactory = () => Transform;

/** Encodings that this Node can write, the best first. */
function createEncoders(): ReadonlyMap<string, () => Transform> {
  const zstd = (zlib as { readonly createZstdCompress?: ZstdFactory }).createZstdCompress;
  const encoders = new Map<string, () => Transform>();
  if (zstd !== undefined) encoders.set("zstd", zstd);
  const params = { [zlib.constants.BROTLI_PARAM_QUALITY]: brotliQuality };
  encoders.set("br", () => zlib.createBrotliCompress({ params }));
  encoders.set("gzip", () => zlib.createGzip({ level: gzipLevel }));
  encoders.set("deflate", () => zlib.createDeflate({ level: gzipLevel }));
  return encoders;
}

/** The middleware. */
export function compressAnswers(): MiddlewareHandler {
  const encoders = createEncoders();
  return async (context, next) => {
    await next();
    const { res: response } = context;
    if (!isCompressible(response, context.req.method)) return;
    response.headers.append("vary", "Accept-Encoding");
    const name = chooseEncoding(context.req.header("accept-encoding") ?? "", [...encoders.keys()]);
    const encoder = name === undefined ? undefined : encoders.get(name);
    if (name === undefined || encoder === undefined || response.body === null) return;
    const source = Readable.fromWeb(response.body as NodeReadableStream);
    const transform = encoder();
    source.on("error", (thrown) => transform.destroy(thrown));
    transform.on("close", () => source.destroy());
    const body = Readable.toWeb(source.pipe(transform)) as unknown as ReadableStream;
    context.res = new Response(body, response);
    context.res.headers.delete("content-length");
    context.res.headers.set("content-encoding", name);
    weakenEtag(context.res.headers);
  };
}

function isCompressible(response: Response, method: string): boolean {
  const { headers } = response;
  // The body itself is asked for only where it is compressed: as it is it goes out more quickly.
  if (method === "HEAD" || headers.has("content-encoding")) return false;
  if (/no-transform/.test(headers.get("cache-control") ?? "")) return false;
  const length = headers.get("content-length");
  if (length !== null && Number(length) < sizeBytesMin) return false;
  return compressibleTypes.test(headers.get("content-type") ?? "");
}

/** The first of `offered` with the highest weight that the header gives; undefined: as it is. */
export function chooseEncoding(header: string, offered: readonly string[]): string | undefined {
  const weights = new Map<string, number>();
  for (const part of header.split(",")) {
    const [name = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    const weight = parameters.find((text) => text.startsWith("q="))?.slice(2);
    if (name !== "") weights.set(name, weight === undefined ? 1 : Number(weight) || 0);
  }
  const weightOf = (name: string) => weights.get(name) ?? weights.get("*") ?? 0;
  let best: string | undefined;
  for (const name of offered) {
    if (weightOf(name) > (best === undefined ? 0 : weightOf(best))) best = name;
  }
  if (best === undefined) return undefined;
  return weightOf(best) >= (weights.get("identity") ?? 0) ? best : undefined;
}

/** The bytes differ by encoding, what they say does not. */
function weakenEtag(headers: Headers): void {
  const tag = headers.get("etag");
  if (tag !== null && !tag.startsWith("W/")) headers.set("etag", `W/${tag}`);
}
