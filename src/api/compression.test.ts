import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { chooseEncoding, compressAnswers } from "./compression.ts";

describe("chooseEncoding", () => {
  const check = (header: string, want: string | undefined) =>
    it(`takes ${want} of ${JSON.stringify(header)}`, () => {
      expect(chooseEncoding(header, ["br", "gzip"])).toBe(want);
    });
  check("", undefined);
  check("gzip, br", "br");
  check("gzip;q=1.0, br;q=0.5", "gzip");
  check("gzip;q=0, br;q=0", undefined);
  check("*", "br");
  check("identity;q=1, gzip;q=0.1", undefined);
  check("snappy", undefined);
});

describe("compressAnswers", () => {
  const app = new Hono();
  app.use(compressAnswers());
  const text = JSON.stringify({ data: "x".repeat(5000) });
  app.get("/big", () => new Response(text, { headers: { "content-type": "application/json" } }));
  app.get("/small", (context) => context.json({ a: 1 }, 200, { "content-length": "7" }));
  app.get("/woff", () => new Response(text, { headers: { "content-type": "font/woff2" } }));
  const ask = (path: string, encoding: string) =>
    app.request(path, { headers: { "accept-encoding": encoding } });

  it("compresses what is large enough, as the client reads it", async () => {
    const br = await ask("/big", "br");
    expect(br.headers.get("content-encoding")).toBe("br");
    expect(brotliDecompressSync(Buffer.from(await br.arrayBuffer())).toString()).toBe(text);
    const gzip = await ask("/big", "gzip");
    expect(gunzipSync(Buffer.from(await gzip.arrayBuffer())).toString()).toBe(text);
    expect(gzip.headers.get("vary")).toBe("Accept-Encoding");
  });

  it("leaves small bodies and binary files as they are", async () => {
    for (const path of ["/small", "/woff"]) {
      expect((await ask(path, "gzip")).headers.get("content-encoding")).toBeNull();
    }
  });
});
