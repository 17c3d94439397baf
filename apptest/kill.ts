/** kill -9 loses nothing acknowledged: the log is replayed, and a real Prometheus reads the same directory. */

import { spawnSync } from "node:child_process";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { type AppTest, expectEqual, poll, queryValue, waitForValue } from "./app-test.ts";

export const killTest: AppTest = {
  name: "kill",
  async run(context) {
    const dir = context.tempDir();
    const target = await serveCounter();
    context.onClose(target.close);
    const config = join(dir, "prometheus.yml");
    writeFileSync(
      config,
      `global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n- job_name: counter\n  static_configs: [{targets: ['127.0.0.1:${target.port}']}]\n`,
    );
    const port = await context.freePort();
    const args = ["--data-dir", join(dir, "data"), "--config", config];
    const { url, program: first } = await context.startServer(args, port);
    await waitForValue(url, "count_over_time(scrapes_total[1h])", (count) => count >= 5);
    const before = await matrix(url);
    first.child.kill("SIGKILL");
    await first.waitForExit();

    const { program: second } = await context.startServer(args, port);
    const after = await matrix(url);
    for (const point of before) {
      if (!after.some(([time, value]) => time === point[0] && value === point[1])) {
        throw new Error(`lost after kill -9: ${point.join(" ")}`);
      }
    }
    await waitForValue(url, "count_over_time(scrapes_total[1h])", (count) => count > before.length);
    const ours = await matrix(url);
    expectEqual(await second.stop(), 0, `exit code (${second.output()})`);

    if (spawnSync("prometheus", ["--version"]).error !== undefined)
      throw new Error("Debian's prometheus is not installed (apt-get install prometheus)");
    const theirs = join(dir, "prometheus-data");
    cpSync(join(dir, "data", "tsdb"), theirs, { recursive: true });
    rmSync(join(theirs, "lock"), { force: true });
    writeFileSync(config, "global: {}\n");
    const prometheusPort = await context.freePort();
    const prometheus = context.startCommand("prometheus", [
      `--config.file=${config}`,
      `--storage.tsdb.path=${theirs}`,
      `--web.listen-address=127.0.0.1:${prometheusPort}`,
    ]);
    const prometheusUrl = `http://127.0.0.1:${prometheusPort}`;
    await poll(async () => {
      const answer = await fetch(`${prometheusUrl}/-/ready`).catch(() => undefined);
      return answer?.status === 200 ? true : undefined;
    });
    const read = await matrix(prometheusUrl);
    for (const point of ours) {
      if (!read.some(([time, value]) => time === point[0] && value === point[1])) {
        throw new Error(
          `a real Prometheus does not read ${point.join(" ")} (${prometheus.output().slice(-2000)})`,
        );
      }
    }
    expectEqual(
      (await queryValue(prometheusUrl, "count(last_over_time(scrapes_total[1h]))")) ?? 0,
      1,
      "series in Prometheus",
    );
    await prometheus.stop("SIGTERM");
  },
};

async function serveCounter(): Promise<{ port: number; close: () => void }> {
  let scrapes = 0;
  const server = createServer((_request, response) => {
    scrapes++;
    response.setHeader("content-type", "text/plain; version=0.0.4");
    response.end(`# TYPE scrapes_total counter\nscrapes_total ${scrapes}\n`);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { port: address.port, close };
}

/** Every raw sample of the counter. */
async function matrix(url: string): Promise<[number, string][]> {
  const answer = await fetch(
    `${url}/api/v1/query?query=${encodeURIComponent("scrapes_total[1h]")}`,
  );
  const body = (await answer.json()) as { data: { result: { values: [number, string][] }[] } };
  return body.data.result[0]?.values ?? [];
}
