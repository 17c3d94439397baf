import { describe, expect, it } from "vitest";
import { createGuard, type GuardOptions, loopbackHosts } from "./guard.ts";

const loopback: GuardOptions = {
  allowedHosts: new Set(loopbackHosts),
  allowsAnyAddress: false,
  basicAuthUsers: new Map(),
  compareHash: async () => false,
};

function ask(headers: Record<string, string>, method = "GET", path = "/"): Request {
  return new Request(`http://127.0.0.1:9190${path}`, { method, headers });
}

async function statusOf(options: GuardOptions, request: Request): Promise<number> {
  return (await createGuard(options)(request))?.status ?? 200;
}

describe("the guard", () => {
  it("answers only under its own names, whatever the port", async () => {
    const check = async (host: string, want: number) =>
      expect([host, await statusOf(loopback, ask({ host }))]).toEqual([host, want]);
    await check("localhost:9190", 200);
    await check("LOCALHOST", 200);
    await check("127.0.0.1:1", 200);
    await check("[::1]:9190", 200);
    await check("evil.example:9190", 421);
    await check("127.0.0.1.evil.example", 421);
    await check("192.168.1.7:9190", 421);
  });

  it("takes any address as Host only where the server is meant for other machines", async () => {
    const open = { ...loopback, allowsAnyAddress: true };
    expect(await statusOf(open, ask({ host: "192.168.1.7:9190" }))).toBe(200);
    expect(await statusOf(open, ask({ host: "evil.example" }))).toBe(421);
  });

  it("refuses changes that a foreign page causes, and lets reading through", async () => {
    const host = "127.0.0.1:9190";
    const check = async (
      headers: Record<string, string>,
      method: string,
      path: string,
      want: number,
    ) =>
      expect([
        headers,
        method,
        path,
        await statusOf(loopback, ask({ host, ...headers }, method, path)),
      ]).toEqual([headers, method, path, want]);
    await check({ origin: "http://evil.example" }, "POST", "/-/reload", 403);
    await check({ origin: "null" }, "POST", "/-/reload", 403);
    await check(
      { origin: "http://127.0.0.1:9191" },
      "DELETE",
      "/api/ciliascope/v1/dashboards/x",
      403,
    );
    await check({ "sec-fetch-site": "cross-site" }, "PUT", "/-/reload", 403);
    await check({ origin: "http://127.0.0.1:9190" }, "POST", "/-/reload", 200);
    await check({}, "POST", "/-/reload", 200);
    await check({ origin: "http://evil.example" }, "POST", "/api/v1/query", 200);
    await check({ origin: "http://evil.example" }, "GET", "/api/v1/query", 200);
  });

  it("asks for a password where users are set, and compares a hash for unknown users too", async () => {
    const compared: string[] = [];
    const options: GuardOptions = {
      ...loopback,
      basicAuthUsers: new Map([["alice", "hash-of-alice"]]),
      compareHash: async (password, hash) => {
        compared.push(hash);
        return hash === "hash-of-alice" && password === "se:cret";
      },
    };
    const guard = createGuard(options);
    const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;
    const status = async (authorization: string) =>
      (await guard(ask({ host: "localhost", authorization })))?.status ?? 200;
    expect(await status("")).toBe(401);
    expect(await status("Bearer x")).toBe(401);
    expect(await status(basic("alice:wrong"))).toBe(401);
    expect(await status(basic("bob:se:cret"))).toBe(401);
    expect(compared.length).toBe(2);
    expect(await status(basic("alice:se:cret"))).toBe(200);
    expect(await status(basic("alice:se:cret"))).toBe(200);
    expect(compared.length).toBe(3);
  });
});
