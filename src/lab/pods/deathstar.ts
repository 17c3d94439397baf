/** The deathstar's HTTP service: what the demo's pods answer. A real server on a loopback port. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Clock } from "../../base/clock.ts";

const apiRoutes = [
  "GET   /v1",
  "GET   /v1/healthz",
  "POST  /v1/request-landing",
  "PUT   /v1/cargobay",
  "GET   /v1/hyper-matter-reactor/status",
  "PUT   /v1/exhaust-port",
];

/** The vulnerable exhaust port: the Go program's last words. */
const explosion = `Panic: deathstar exploded

goroutine 1 [running]:
main.HandleGarbage(0x2080c3f50, 0x2, 0x4, 0x425c0, 0x5, 0xa)
        /code/src/github.com/empire/deathstar/
        temp/main.go:9 +0x64
main.main()
        /code/src/github.com/empire/deathstar/
        temp/main.go:5 +0x85

`;

interface Reply {
  readonly code: number;
  readonly type: string;
  readonly body: string;
}

/** Starts the service on a free loopback port. The caller closes it. */
export function startDeathstar(hostname: string, clock: Clock): Promise<Server> {
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    request.resume();
    send(response, replyTo(request, hostname), clock);
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}

function replyTo(request: IncomingMessage, hostname: string): Reply {
  const path = (request.url ?? "/").split("?")[0]?.replace(/\/$/, "") ?? "";
  switch (`${request.method} ${path}`) {
    case "POST /v1/request-landing":
      return text("Ship landed\n");
    case "PUT /v1/exhaust-port":
      return text(explosion);
    case "PUT /v1/cargobay":
      return text("Cargo received\n");
    case "GET /v1/healthz":
      return text("OK\n");
    case "GET /v1/hyper-matter-reactor/status":
      return json({ status: "online", output: "nominal" });
    case "GET /v1":
    case "GET ":
      return json(factsOf(hostname));
    default:
      return { ...text("404 page not found\n"), code: 404 };
  }
}

function factsOf(hostname: string) {
  return {
    name: "Death Star",
    hostname,
    model: "DS-1 Orbital Battle Station",
    manufacturer: "Imperial Department of Military Research, Sienar Fleet Systems",
    cost_in_credits: "1000000000000",
    length: "120000",
    crew: "342953",
    passengers: "843342",
    cargo_capacity: "1000000000000",
    hyperdrive_rating: "4.0",
    starship_class: "Deep Space Mobile Battlestation",
    api: apiRoutes,
  };
}

function text(body: string): Reply {
  return { code: 200, type: "text/plain", body };
}

function json(value: unknown): Reply {
  return { code: 200, type: "application/json", body: `${JSON.stringify(value, null, "\t")}\n` };
}

/** Header names as Go's server writes them. */
function send(response: ServerResponse, { code, type, body }: Reply, clock: Clock): void {
  response.sendDate = false;
  response.removeHeader("Connection");
  response.writeHead(code, {
    "Content-Type": type,
    Date: new Date(clock.nowMs()).toUTCString(),
    "Content-Length": String(Buffer.byteLength(body)),
  });
  response.end(body);
}
