/** Bad input gives one clear error with file, line and mend; the old stays in force; nothing is lost. */

import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import {
  type AppTest,
  type AppTestContext,
  expectEqual,
  expectMatch,
  queryValue,
  waitForValue,
} from "./app-test.ts";

export const badInputTest: AppTest = {
  name: "bad-input",
  async run(context) {
    const dir = context.tempDir();
    await expectBrokenConfigRefused(context, dir);
    await expectCheckConfig(context, dir);
    await expectPortNamed(context, dir);
    await expectReloadKeepsOld(context, dir);
  },
};

async function expectBrokenConfigRefused(context: AppTestContext, dir: string): Promise<void> {
  const file = join(dir, "broken.yml");
  writeFileSync(file, "global:\n  scrape_intervall: 5s\n");
  const server = context.startProgram([
    "server",
    "--data-dir",
    join(dir, "a"),
    "--config",
    file,
    "--listen",
    "127.0.0.1:0",
  ]);
  expectEqual(await server.waitForExit(), 1, "exit code with a broken configuration");
  expectMatch(
    server.output(),
    /broken\.yml:2: .*scrape_intervall.*did you mean.*scrape_interval/s,
    "the error",
  );
}

async function expectCheckConfig(context: AppTestContext, dir: string): Promise<void> {
  const good = join(dir, "good.yml");
  writeFileSync(
    good,
    "rule_files: [r.yml]\nscrape_configs:\n- job_name: a\n  static_configs: [{targets: ['127.0.0.1:1']}]\n",
  );
  const check = context.startProgram(["check", "config", good]);
  expectEqual(await check.waitForExit(), 0, `exit code of check config (${check.output()})`);
  expectMatch(
    check.output(),
    /1 scrape configs[\s\S]*rule_files.*not evaluated yet/,
    "check config",
  );
  const bad = join(dir, "bad.yml");
  writeFileSync(bad, "scrape_configs:\n- job_name: a\n  scrape_interval: soon\n");
  const second = context.startProgram(["check", "config", good, bad]);
  expectEqual(await second.waitForExit(), 1, "exit code of check config with a bad file");
  expectMatch(second.output(), /bad\.yml:3: .*soon/, "check config names file and line");
}

async function expectPortNamed(context: AppTestContext, dir: string): Promise<void> {
  const holder = createServer();
  await new Promise<void>((done) => holder.listen(0, "127.0.0.1", done));
  context.onClose(() => {
    holder.close();
  });
  const address = holder.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const server = context.startProgram([
    "server",
    "--data-dir",
    join(dir, "b"),
    "--listen",
    `127.0.0.1:${address.port}`,
  ]);
  expectEqual(await server.waitForExit(), 1, "exit code with the port taken");
  expectMatch(
    server.output(),
    new RegExp(`${address.port}.*taken by .*pid ${process.pid}.*--listen`, "s"),
    "the holder",
  );
}

/** One good target, one that answers rubbish; a broken reload changes nothing. */
async function expectReloadKeepsOld(context: AppTestContext, dir: string): Promise<void> {
  const exporter = createServer((request, response) => {
    response.setHeader("content-type", "text/plain; version=0.0.4");
    response.end(request.url === "/bad" ? "good 1\nbad{ 1\n" : "demo_value 42\n");
  });
  await new Promise<void>((done) => exporter.listen(0, "127.0.0.1", done));
  context.onClose(() => {
    exporter.close();
  });
  const address = exporter.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const file = join(dir, "prometheus.yml");
  const jobs = ["good", "bad"].map(
    (job) =>
      `- job_name: ${job}\n  metrics_path: /${job}\n  static_configs: [{targets: ['127.0.0.1:${address.port}']}]\n`,
  );
  writeFileSync(
    file,
    `global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n${jobs.join("")}`,
  );
  const args = ["--data-dir", join(dir, "c"), "--config", file];
  const { url, program: server } = await context.startServer(args);
  await waitForValue(url, "demo_value", (value) => value === 42);
  await waitForValue(url, 'up{job="bad"}', (value) => value === 0);

  writeFileSync(file, "scrape_configs: 7\n");
  const reload = await fetch(`${url}/-/reload`, { method: "POST" });
  expectEqual(reload.status, 500, "status of a broken reload");
  expectMatch(await reload.text(), /prometheus\.yml:1: scrape_configs/, "text of a broken reload");
  expectEqual(
    await queryValue(url, 'up{job="good"}'),
    1,
    "the old configuration after a broken reload",
  );

  writeFileSync(
    file,
    `global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n${jobs[0]}`,
  );
  server.child.kill("SIGHUP");
  await waitForValue(url, 'count(up{job=~"good|bad"})', (count) => count === 1);
  expectEqual(await server.stop(), 0, "exit code");
}
