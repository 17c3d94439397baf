/** Real bodies: Debian's node exporter, and every scrape body beside the project served by a file server. */

import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { type AppTest, expectEqual, projectDir, queryValue, waitForValue } from "./app-test.ts";

const scrapesDir = join(projectDir, "..", "shared", "data", "scrapes");

export const realExportersTest: AppTest = {
  name: "real-exporters",
  async run(context) {
    const exporterPort = await context.freePort();
    const exporter = context.startCommand("prometheus-node-exporter", [
      `--web.listen-address=127.0.0.1:${exporterPort}`,
    ]);
    await exporter.waitForLine(/Listening on|listening/i);
    const files = existsSync(scrapesDir)
      ? readdirSync(scrapesDir).filter((name) => name.endsWith(".txt"))
      : [];
    const fileServer = createServer((request, response) => {
      response.setHeader("content-type", "text/plain; version=0.0.4");
      response.end(readFileSync(join(scrapesDir, String(request.url).slice(1))));
    });
    await new Promise<void>((done) => fileServer.listen(0, "127.0.0.1", done));
    context.onClose(() => {
      fileServer.closeAllConnections();
      fileServer.close();
    });
    const address = fileServer.address();
    if (address === null || typeof address === "string") throw new Error("no port");

    const dir = context.tempDir();
    const job = (name: string, path: string, target: string) =>
      `- job_name: ${name}\n  metrics_path: ${path}\n  static_configs: [{targets: ['${target}']}]\n`;
    const jobs = [
      job("node", "/metrics", `127.0.0.1:${exporterPort}`),
      ...files.map((file) => job(file, `/${file}`, `127.0.0.1:${address.port}`)),
    ];
    const config = join(dir, "prometheus.yml");
    writeFileSync(
      config,
      `global: {scrape_interval: 2s, scrape_timeout: 2s}\nscrape_configs:\n${jobs.join("")}`,
    );
    const args = ["--data-dir", join(dir, "data"), "--config", config];
    const { url, program: server } = await context.startServer(args);
    await waitForValue(url, "count(up == 1)", (count) => count === jobs.length);
    await waitForValue(url, "count(rate(node_cpu_seconds_total[1m]) >= 0)", (count) => count > 0);
    for (const file of files) {
      const samples = readFileSync(join(scrapesDir, file), "utf8")
        .split("\n")
        .filter((line) => /^[^#\s]/.test(line)).length;
      expectEqual(
        await queryValue(url, `scrape_samples_scraped{job="${file}"}`),
        samples,
        `samples of ${file}`,
      );
    }
    expectEqual(await server.stop(), 0, "exit code");
  },
};
