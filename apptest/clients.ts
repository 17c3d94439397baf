/**
 * Real clients of Prometheus' API on our server: promtool (queries, labels, series, its linter on our
 * /metrics), the editor's client of Prometheus' own page, and vmalert, which evaluates a rule by
 * querying us. promtool and vmalert are skipped, and it is said, where they are not installed.
 */

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { HTTPPrometheusClient } from "@prometheus-io/codemirror-promql/dist/cjs/client/prometheus.js";
import {
  type AppTest,
  type AppTestContext,
  expectEqual,
  expectMatch,
  poll,
  type RunningProgram,
  waitForValue,
} from "./app-test.ts";
import { isInstalled } from "./peers.ts";

const value = 42;

export const clientsTest: AppTest = {
  name: "clients",
  async run(context) {
    const dir = context.tempDir();
    const { url, server } = await startServer(context, dir);
    await waitForValue(url, "demo_value", (found) => found === value);
    await expectEditorClient(url);
    expectPromtool(url);
    await expectLint(url);
    await expectVmalert(context, url, dir);
    await expectQueryLog(url, dir);
    await expectUnfinishedNamed(context, server, dir);
  },
};

/** A server that scrapes one exporter every second and logs its queries. */
async function startServer(context: AppTestContext, dir: string) {
  const exporter = createServer((_request, response) => {
    response.setHeader("content-type", "text/plain; version=0.0.4");
    response.end(
      `# HELP demo_value A value.\n# TYPE demo_value gauge\ndemo_value{place="größe"} ${value}\n`,
    );
  });
  await new Promise<void>((done) => exporter.listen(0, "127.0.0.1", done));
  context.onClose(() => {
    exporter.close();
  });
  const address = exporter.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  writeFileSync(
    join(dir, "prometheus.yml"),
    `global: {scrape_interval: 1s, scrape_timeout: 1s, query_log_file: query.log}
scrape_configs:
- job_name: demo
  static_configs: [{targets: ['127.0.0.1:${address.port}']}]
`,
  );
  const port = await context.freePort();
  const server = startOn(context, dir, port);
  await server.waitForLine(/^ready /m);
  expectMatch(server.output(), /Unknown option for --enable-feature.*nonsense/, "unknown feature");
  return { url: `http://127.0.0.1:${port}`, server };
}

function startOn(context: AppTestContext, dir: string, port: number): RunningProgram {
  return context.startProgram([
    "server",
    "--config",
    join(dir, "prometheus.yml"),
    "--data-dir",
    join(dir, "data"),
    "--listen",
    `127.0.0.1:${port}`,
    "--log.format",
    "text",
    "--enable-feature",
    "promql-per-step-stats,nonsense",
  ]);
}

/** The client behind the completion of Prometheus' own page. */
async function expectEditorClient(url: string): Promise<void> {
  for (const httpMethod of ["GET", "POST"] as const) {
    const client = new HTTPPrometheusClient({ url, httpMethod });
    expectEqual(
      (await client.metricNames()).includes("demo_value"),
      true,
      `metric names by ${httpMethod}`,
    );
    expectEqual(
      await client.labelNames("demo_value"),
      ["__name__", "instance", "job", "place"],
      `label names by ${httpMethod}`,
    );
    expectEqual(
      await client.labelValues("place", "demo_value"),
      ["größe"],
      `label values by ${httpMethod}`,
    );
    const metadata = await client.metricMetadata();
    expectEqual(
      metadata["demo_value"],
      [{ type: "gauge", unit: "", help: "A value." }],
      `metadata by ${httpMethod}`,
    );
    const flags = await client.flags();
    expectEqual(flags["enable-feature"], "promql-per-step-stats,nonsense", "flags");
  }
}

function expectPromtool(url: string): void {
  if (!isInstalled("promtool")) return;
  // The next whole second: the first sample may be younger than the last one.
  const nowSeconds = Math.ceil(Date.now() / 1000);
  const ask = (...args: readonly string[]) => {
    const run = spawnSync("promtool", ["query", ...args], { encoding: "utf8" });
    expectEqual(run.status, 0, `promtool query ${args.join(" ")} (${run.stderr})`);
    return run.stdout;
  };
  expectMatch(
    ask("instant", url, "demo_value"),
    /demo_value\{.*place="größe"\} => 42 @/,
    "instant",
  );
  expectMatch(
    ask("instant", "--format=json", url, "sum(demo_value)"),
    /^\[\{"metric":\{\},"value":\[[\d.]+,"42"\]\}\]/,
    "instant as JSON",
  );
  const window = [`--start=${nowSeconds - 60}`, `--end=${nowSeconds}`, "--step=1s"];
  expectMatch(ask("range", ...window, url, "demo_value"), /=>\n42 @\[/, "range");
  expectMatch(ask("series", "--match=demo_value", url), /__name__="demo_value"/, "series");
  expectEqual(ask("labels", url, "job").trim(), "demo", "labels");
  const broken = spawnSync("promtool", ["query", "instant", url, "sum("], { encoding: "utf8" });
  expectEqual(broken.status, 1, "exit code of a broken query");
  expectMatch(broken.stderr, /bad_data.*unclosed left parenthesis/s, "what promtool says of it");
}

/** Nothing but what it also has to say of Prometheus' own page, whose names we have. */
async function expectLint(url: string): Promise<void> {
  if (!isInstalled("promtool")) return;
  const known =
    "prometheus_engine_query_duration_histogram_seconds metric name should not include type 'histogram'\n";
  const metrics = await (await fetch(`${url}/metrics`)).text();
  const lint = spawnSync("promtool", ["check", "metrics"], { input: metrics, encoding: "utf8" });
  expectEqual([lint.status, lint.stdout, lint.stderr], [3, "", known], "promtool check metrics");
}

/** vmalert evaluates a rule by asking us, and sends the alert to whom it was told. */
async function expectVmalert(context: AppTestContext, url: string, dir: string): Promise<void> {
  if (!isInstalled("vmalert")) return;
  const rules = join(dir, "rules.yml");
  writeFileSync(
    rules,
    `groups:
- name: demo
  interval: 1s
  rules:
  - alert: ValueIsHigh
    expr: sum by (place) (demo_value) > 40
`,
  );
  let received = "";
  const receiver = createServer((request, response) => {
    request.on("data", (piece) => {
      received += String(piece);
    });
    request.on("end", () => response.end());
  });
  await new Promise<void>((done) => receiver.listen(0, "127.0.0.1", done));
  context.onClose(() => {
    receiver.close();
  });
  const address = receiver.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const vmalert = context.startCommand("vmalert", [
    `-rule=${rules}`,
    `-datasource.url=${url}`,
    `-notifier.url=http://127.0.0.1:${address.port}`,
    "-evaluationInterval=1s",
    `-httpListenAddr=127.0.0.1:${await context.freePort()}`,
  ]);
  const isTold = await poll(() => (received.includes("ValueIsHigh") ? true : undefined));
  if (isTold === undefined) throw new Error(`vmalert sent nothing:\n${vmalert.output()}`);
  expectMatch(received, /"place":"größe"/, "labels of the alert");
  await vmalert.stop("SIGTERM");
}

/** Each query stands in the log with who asked; a moved file is let go at a reload. */
async function expectQueryLog(url: string, dir: string): Promise<void> {
  const range = "query=count(demo_value)&start=0&end=60&step=30&stats=all";
  const answer = await (await fetch(`${url}/api/v1/query_range?${range}`)).text();
  expectMatch(answer, /"totalQueryableSamplesPerStep":\[\[0,0\],\[30,0\],\[60,0\]\]/, "stats=all");
  const lines = readFileSync(join(dir, "query.log"), "utf8").trimEnd().split("\n");
  const last = JSON.parse(lines.at(-1) ?? "{}") as {
    readonly params?: { readonly query?: string; readonly step?: number };
    readonly httpRequest?: unknown;
  };
  expectEqual([last.params?.query, last.params?.step], ["count(demo_value)", 30], "query log");
  expectEqual(
    last.httpRequest,
    { clientIP: "127.0.0.1", method: "GET", path: "/api/v1/query_range" },
    "who asked",
  );
}

/** Killed with a query under way, the next start names it. */
async function expectUnfinishedNamed(
  context: AppTestContext,
  server: RunningProgram,
  dir: string,
): Promise<void> {
  const slow = "sum_over_time(sum_over_time(vector(1)[5h:1ms])[1h:1s])";
  const port = /http:\/\/127\.0\.0\.1:(\d+)/.exec(server.output())?.[1];
  const query = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(slow)}`;
  const asked = fetch(query).catch(() => undefined);
  const active = join(dir, "data", "tsdb", "queries.active");
  const noted = await poll(() =>
    readFileSync(active, "utf8").includes("sum_over_time") ? true : undefined,
  );
  if (noted === undefined) throw new Error("queries.active does not hold the running query");
  await server.stop("SIGKILL");
  await asked;
  const next = startOn(context, dir, await context.freePort());
  await next.waitForLine(/did not finish in the last run/);
  expectMatch(next.output(), /sum_over_time/, "the unfinished query in the log");
  await next.stop();
}
