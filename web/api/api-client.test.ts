import { describe, expect, it } from "vitest";
import { ApiClient, ApiError } from "./api-client.ts";

function clientFor(answer: (url: string) => Response | Promise<Response>): ApiClient {
  return new ApiClient(((url: string) => Promise.resolve(answer(url))) as typeof fetch);
}
const success = (data: unknown) => Response.json({ status: "success", data });

describe("ApiClient", () => {
  it("unpacks Prometheus' envelope with its warnings", async () => {
    const client = clientFor(() =>
      Response.json({ status: "success", data: [1], warnings: ["w"], infos: ["i"] }),
    );
    const answer = await client.prometheus<number[]>("labels");
    expect([answer.data, answer.warnings, answer.infos]).toEqual([[1], ["w"], ["i"]]);
  });

  it("turns an error answer into its kind and message", async () => {
    const client = clientFor(() =>
      Response.json(
        { status: "error", errorType: "bad_data", error: "1:2: parse error" },
        { status: 400 },
      ),
    );
    const thrown = await client.prometheus("query").catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(ApiError);
    expect(thrown).toMatchObject({ kind: "bad_data", status: 400, message: "1:2: parse error" });
  });

  it("says that the server does not answer, also behind a proxy", async () => {
    const broken = new ApiClient((() =>
      Promise.reject(new TypeError("Failed to fetch"))) as typeof fetch);
    await expect(broken.own("/status")).rejects.toMatchObject({ isUnreachable: true });
    const proxied = clientFor(() => new Response("<html>Bad Gateway", { status: 502 }));
    await expect(proxied.own("/status")).rejects.toMatchObject({ isUnreachable: true });
  });

  it("runs at most six queries at once, in order, and drops those given up", async () => {
    let running = 0;
    let runningMax = 0;
    const release: (() => void)[] = [];
    const client = clientFor(async () => {
      running++;
      runningMax = Math.max(runningMax, running);
      await new Promise<void>((resolve) => release.push(resolve));
      running--;
      return success([]);
    });
    const given = new AbortController();
    const all = Array.from({ length: 9 }, (_, index) =>
      client
        .prometheus(
          "query",
          {},
          { isQuery: true, ...(index === 7 ? { signal: given.signal } : {}) },
        )
        .then(
          () => "done",
          () => "given up",
        ),
    );
    given.abort();
    const results = Promise.all(all);
    for (let turn = 0; turn < 20; turn++) {
      for (const next of release.splice(0)) next();
      await new Promise((resolve) => setTimeout(resolve));
    }
    expect(runningMax).toBe(6);
    expect((await results).filter((result) => result === "given up")).toHaveLength(1);
  });
});
