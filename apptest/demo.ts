/** The demo as a newcomer meets it: drops and denials within 20 s, lab exec as the real demo, a clean end. */

import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  type AppTest,
  type AppTestContext,
  expectEqual,
  expectMatch,
  type RunningProgram,
  waitForValue,
} from "./app-test.ts";

/** The promise: what the page shows within this time after `ready`. */
const firstLightMs = 20_000;
const deathstar = "deathstar.default.svc.cluster.local";

export const demoTest: AppTest = {
  name: "demo",
  async run(context) {
    const dataDir = context.tempDir();
    const port = await context.freePort();
    const args = ["demo", "--data-dir", dataDir, "--listen", `127.0.0.1:${port}`];
    const demo = context.startProgram(args);
    await demo.waitForLine(/^ready http/m);
    const url = `http://127.0.0.1:${port}`;
    await expectFirstLight(url);
    expectEqual(statSync(join(dataDir, "run.json")).mode & 0o777, 0o600, "mode of run.json");
    await expectCurls(context, dataDir);
    await expectSecondStartRefused(context, dataDir, await context.freePort());
    await expectCleanEnd(demo, dataDir);
  },
};

/** xwing's drops and tiefighter's L7 denials are visible in time. */
async function expectFirstLight(url: string): Promise<void> {
  const startedMs = performance.now();
  const left = () => firstLightMs - (performance.now() - startedMs);
  const isSome = (value: number) => value > 0;
  await waitForValue(
    url,
    'sum(cilium_drop_count_total{reason="Policy denied",direction="INGRESS"})',
    isSome,
    left(),
  );
  await waitForValue(url, 'sum(cilium_policy_l7_total{rule="denied"})', isSome, left());
  await waitForValue(url, 'sum(hubble_drop_total{reason="POLICY_DENIED"})', isSome, left());
  await waitForValue(url, 'sum(hubble_http_requests_total{status="403"})', isSome, left());
  await waitForValue(url, "count(up == 1)", (count) => count >= 5, left());
}

interface CurlCase {
  readonly pod: string;
  readonly args: readonly string[];
  readonly exitCode: number;
  readonly output: RegExp;
}

const curlCases: readonly CurlCase[] = [
  {
    pod: "tiefighter",
    args: ["-s", "-XPOST", `${deathstar}/v1/request-landing`],
    exitCode: 0,
    output: /^Ship landed\n$/,
  },
  {
    pod: "tiefighter",
    args: ["-s", "-XPUT", `${deathstar}/v1/exhaust-port`],
    exitCode: 0,
    output: /^Access denied/,
  },
  {
    pod: "tiefighter",
    args: ["-s", "-o", "/dev/null", "-w", "%{http_code}", `${deathstar}/v1`],
    exitCode: 0,
    output: /^403$/,
  },
  {
    pod: "xwing",
    args: ["-sS", "-m", "2", "-XPOST", `${deathstar}/v1/request-landing`],
    exitCode: 28,
    output: /^curl: \(28\) .*timed out after \d+ milliseconds/,
  },
  {
    pod: "xwing",
    args: ["-sS", "--connect-timeout", "1", "-XPOST", `${deathstar}/v1/request-landing`],
    exitCode: 28,
    output: /^curl: \(28\) .*after \d+ m(s|illiseconds)/,
  },
  {
    pod: "tiefighter",
    args: ["-sS", "http://nowhere.example/"],
    exitCode: 6,
    output: /^curl: \(6\) Could not resolve host: nowhere\.example/,
  },
];

async function expectCurls(context: AppTestContext, dataDir: string): Promise<void> {
  for (const { pod, args, exitCode, output } of curlCases) {
    const exec = context.startProgram([
      "lab",
      "exec",
      pod,
      "--data-dir",
      dataDir,
      "--",
      "curl",
      ...args,
    ]);
    const code = await exec.waitForExit();
    const what = `${pod}: curl ${args.join(" ")}`;
    expectEqual(code, exitCode, `${what}: exit code (${exec.output()})`);
    expectMatch(exec.output(), output, what);
  }
}

async function expectSecondStartRefused(
  context: AppTestContext,
  dataDir: string,
  port: number,
): Promise<void> {
  const second = context.startProgram([
    "demo",
    "--data-dir",
    dataDir,
    "--listen",
    `127.0.0.1:${port}`,
  ]);
  expectEqual(await second.waitForExit(), 1, "exit code of the second start");
  expectMatch(
    second.output(),
    /process \d+ .*since .*--data-dir/s,
    "the second start names the owner",
  );
}

async function expectCleanEnd(demo: RunningProgram, dataDir: string): Promise<void> {
  const pid = demo.child.pid as number;
  expectEqual(await demo.stop("SIGINT"), 0, `exit code after Ctrl-C (${demo.output()})`);
  expectEqual(existsSync(join(dataDir, "run.json")), false, "run.json after the end");
  expectEqual(existsSync(`/proc/${pid}`), false, "the process after the end");
}
