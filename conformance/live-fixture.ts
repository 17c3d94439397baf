/**
 * The server that the live/* cases were recorded against, again: it answers the recorded bodies on
 * 127.0.0.1:19300, `/slow` after 3 s, `/redirect` with a redirect to `/om`, `/ts` with times of now,
 * and lets the counter of `/om` grow by 5 a scrape.
 */

import { readFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { join } from "node:path";

const slowMs = 3000;
const hourMs = 3_600_000;
const textType = "text/plain; version=0.0.4; charset=utf-8";
/** The port that live.yml names. */
const fixturePort = 19_300;

interface FixtureTarget {
  readonly path: string;
  readonly status: number;
  readonly contentType: string | null;
  readonly body: string;
}

/** Starts the fixture server; the returned function ends it. */
export async function startLiveFixture(dataDir: string): Promise<() => Promise<void>> {
  const liveDir = join(dataDir, "prom", "httpapi", "live");
  const { targets } = JSON.parse(readFileSync(join(liveDir, "fixture_server.json"), "utf8")) as {
    targets: FixtureTarget[];
  };
  const byPath = new Map(targets.map((target) => [target.path, target]));
  byPath.set("/slow", { path: "/slow", status: 200, contentType: textType, body: "slow 1\n" });
  byPath.set("/agent", realBody(dataDir, "agent"));
  byPath.set("/operator", realBody(dataDir, "operator"));
  let requestCount = 0;
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://x").pathname;
    if (path === "/redirect") {
      response.writeHead(302, { location: "/om" }).end();
      return;
    }
    const target = byPath.get(path);
    if (target === undefined) {
      response.writeHead(404).end("404 page not found\n");
      return;
    }
    if (path === "/om") requestCount++;
    const send = () => answer(response, target, bodyOf(target, requestCount));
    if (path === "/slow") setTimeout(send, slowMs).unref();
    else send();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(fixturePort, "127.0.0.1", resolve);
  });
  return () =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
}

function answer(response: ServerResponse, target: FixtureTarget, body: string): void {
  response.statusCode = target.status;
  if (target.contentType !== null) response.setHeader("content-type", target.contentType);
  response.end(body);
}

function bodyOf(target: FixtureTarget, requestCount: number): string {
  const nowMs = Date.now();
  if (target.path === "/ts") {
    return target.body
      .replace(/^now 2 \d+/m, `now 2 ${nowMs}`)
      .replace(/^future 4 \d+/m, `future 4 ${nowMs + hourMs}`);
  }
  if (target.path === "/om") {
    return target.body.replace(
      /^demo_requests_total\{code="200"\} \d+.*$/m,
      `demo_requests_total{code="200"} ${5 * requestCount}`,
    );
  }
  return target.body;
}

/** The real body of 2025 of a component, among the exposition fixtures. */
function realBody(dataDir: string, component: string): FixtureTarget {
  const file = join(dataDir, "prom", "exposition", "fixtures", `2025-${component}.txt`);
  return {
    path: `/${component}`,
    status: 200,
    contentType: textType,
    body: readFileSync(file, "utf8"),
  };
}
