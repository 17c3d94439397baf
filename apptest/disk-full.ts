/**
 * The disk runs full under a database: one clear error, samples go on in memory up to the backlog's
 * bound, compaction waits, and when there is room again all of it is on disk. On a disk in memory, and on a
 * small tmpfs under the real server where this machine lets us mount one.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import {
  type AppTest,
  type AppTestContext,
  expectEqual,
  poll,
  queryValue,
  waitForValue,
} from "./app-test.ts";
import { MemoryDisk } from "./faults/memory-disk.ts";
import { sendRemoteWrite } from "./faults/remote-write-client.ts";
import {
  contentOf,
  openOnDisk,
  pause,
  recordingLogger,
  StepClock,
  StorageWorkload,
} from "./faults/storage-workload.ts";

const seed = Number(process.env["CILIASCOPE_SEED"] ?? 1);
const tmpfsBytes = 8 * 1024 * 1024;

export const diskFullTest: AppTest = {
  name: "disk-full",
  async run(context) {
    await fillMemoryDisk(join(context.tempDir(), "data"));
    await fillTmpfs(context);
  },
};

/** The disk is full for two hours of samples and during a compaction; then it is not. */
async function fillMemoryDisk(dir: string): Promise<void> {
  const disk = new MemoryDisk();
  const work = new StorageWorkload(disk, dir, seed);
  const log: string[] = [];
  await work.open({ logger: recordingLogger(log) });
  work.append(200);
  const before = work.ledger.length;
  disk.capacityBytes = disk.usedBytes + 700;
  work.append(120);
  const { walBacklogBytes } = work.db.stats();
  expectEqual(walBacklogBytes > 0, true, "the log waits in memory");
  expectEqual(
    await countOf(work),
    work.ledger.length,
    "samples that are served while the disk is full",
  );
  const compaction = await work.db.compact().then(
    () => "done",
    (thrown: { code?: string }) => thrown.code,
  );
  expectEqual(compaction, "disk", "compaction on a full disk");
  const errors = log.filter((line) => /the disk is full/.test(line));
  // One for the log, one for that of late samples.
  expectEqual(errors.length >= 1 && errors.length <= 2, true, `told once: ${errors.join("\n")}`);
  // Killed now, only what the disk took is left; nothing is damaged.
  const killed = await openOnDisk(disk.copy(), dir, { clock: new StepClock(work.clock.now) });
  const left = [...(await contentOf(killed)).values()].reduce((sum, { size }) => sum + size, 0);
  expectEqual(left >= before && left < work.ledger.length, true, `left by a kill: ${left}`);
  disk.capacityBytes = Number.POSITIVE_INFINITY;
  work.append(1);
  await work.db.compact();
  work.append(30);
  expectEqual(work.db.stats().walBacklogBytes, 0, "backlog when there is room");
  expectEqual(
    log.some((line) => /takes samples again/.test(line)),
    true,
    "recovery is told",
  );
  await pause();
  await work.kill();
  await work.open();
  expectEqual(await countOf(work), work.ledger.length, "samples after a kill when there was room");
  await work.close();
  console.log(
    `      disk in memory: ${walBacklogBytes} bytes of log waited, ${work.ledger.length} samples, none lost`,
  );
}

async function countOf(work: StorageWorkload): Promise<number> {
  let count = 0;
  for (const samples of (await contentOf(work.db)).values()) count += samples.size;
  return count;
}

/** The real server on a file system of 8 MiB that something else fills. */
async function fillTmpfs(context: AppTestContext): Promise<void> {
  const mount = join(context.tempDir(), "small");
  mkdirSync(mount);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${tmpfsBytes}`, "tmpfs", mount]);
  if (mounted.error !== undefined || mounted.status !== 0) {
    console.log("      SKIPPED: this machine lets us mount no tmpfs");
    return;
  }
  context.onClose(() => {
    spawnSync("umount", [mount]);
  });
  const { url, output, exit } = await startServer(context, mount);
  await waitForValue(url, "count_over_time(scrapes_total[1h])", (count) => count >= 3);
  const ballast = join(mount, "ballast");
  // Until nothing fits; the last piece is cut.
  spawnSync("dd", ["if=/dev/zero", `of=${ballast}`, "bs=4096"]);
  let refusals = 0;
  const startMs = Date.now();
  for (let i = 0; i < 400; i++) if ((await writeSeries(url, startMs + i)) === 500) refusals++;
  expectEqual(refusals > 0, true, "remote write is told that the disk is full");
  const warned = await poll(async () => {
    const status = (await (await fetch(`${url}/api/ciliascope/v1/status`)).json()) as object;
    return /The disk is full/.test(JSON.stringify(status)) ? true : undefined;
  });
  expectEqual(warned, true, "the page is told");
  const during = (await queryValue(url, "count_over_time(scrapes_total[1h])")) ?? 0;
  await waitForValue(url, "count_over_time(scrapes_total[1h])", (count) => count >= during + 5);
  rmSync(ballast);
  const isWritable = await poll(async () =>
    (await writeSeries(url, Date.now())) === 204 ? true : undefined,
  );
  expectEqual(isWritable, true, "remote write when there is room");
  const before = (await queryValue(url, "count_over_time(scrapes_total[1h])")) ?? 0;
  await exit();
  const again = await startServer(context, mount);
  const after = (await queryValue(again.url, "count_over_time(scrapes_total[1h])")) ?? 0;
  expectEqual(after >= before, true, `scrapes after a kill: ${before} before, ${after} after`);
  console.log(
    `      tmpfs: ${refusals} of 400 writes refused, ${after} scrapes kept; "${/the disk is full[^\n"]*/.exec(output())?.[0]}"`,
  );
}

async function startServer(context: AppTestContext, mount: string) {
  let scrapes = 0;
  const target = createServer((_request, response) => {
    response.setHeader("content-type", "text/plain; version=0.0.4");
    response.end(`# TYPE scrapes_total counter\nscrapes_total ${++scrapes}\n`);
  });
  await new Promise<void>((done) => target.listen(0, "127.0.0.1", done));
  context.onClose(() => {
    target.closeAllConnections();
    target.close();
  });
  const address = target.address();
  const targetPort = typeof address === "object" ? address?.port : 0;
  const config = `${mount}.yml`;
  writeFileSync(
    config,
    `global: {scrape_interval: 100ms, scrape_timeout: 100ms}\nscrape_configs:\n- job_name: counter\n  static_configs: [{targets: ['127.0.0.1:${targetPort}'], labels: {instance: one}}]\n`,
  );
  const { program, url } = await context.startServer([
    ...["--data-dir", join(mount, "data"), "--config", config],
    ...["--web.enable-remote-write-receiver", "--log.format=json"],
  ]);
  return {
    url,
    output: () => program.output(),
    exit: async () => {
      await program.stop("SIGKILL");
      target.closeAllConnections();
      target.close();
    },
  };
}

function writeSeries(url: string, timestampMs: number): Promise<number> {
  return sendRemoteWrite(
    url,
    Array.from({ length: 20 }, (_, i) => ({
      labels: ["__name__", "written", "i", String(i)],
      samples: [{ timestampMs, value: Math.sin(timestampMs * i) }],
    })),
  );
}
