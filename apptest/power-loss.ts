/**
 * Power loss and kill -9 at chosen moments, on a disk in memory that knows what was synced (faults/).
 * Power: 200 seeded moments, everything unsynced dropped, torn or reordered; the same with a disk
 * that ignores fsync must fail, or the test would prove nothing. Kill: after every step of compaction
 * and checkpoint.
 */

import { join } from "node:path";
import { seededRandom } from "../src/base/seeded-random.ts";
import { type AppTest, expectEqual } from "./app-test.ts";
import { type CrashFindings, checkCrash } from "./faults/crash-check.ts";
import { imageAfterKill, imageAfterPowerLoss } from "./faults/disk-journal.ts";
import { MemoryDisk } from "./faults/memory-disk.ts";
import { countSteps, StorageWorkload } from "./faults/storage-workload.ts";

const seed = Number(process.env["CILIASCOPE_SEED"] ?? 1);
const powerLosses = 200;
const lyingPowerLosses = 20;
/** Steps of compaction and checkpoint between two kills: 1 is all of them (`npm run soak`). */
const killEvery = 41;
/** Of what was committed, this share must have been promised to last at the end: or the test is weak. */
const promisedShareMin = 0.5;

export const powerLossTest: AppTest = {
  name: "power-loss",
  async run(context) {
    const work = await runWorkload(join(context.tempDir(), "data"), seed);
    const { steps } = work.disk;
    const promised = work.ledger.filter(({ lastsFrom }) => lastsFrom < steps.length).length;
    console.log(
      `      ${work.ledger.length} samples, ${promised} of them promised to last; ${JSON.stringify(countSteps(steps))}`,
    );
    expectEqual(
      promised > work.ledger.length * promisedShareMin,
      true,
      "share of promised samples",
    );
    const honest = await losePower(work, powerLosses, false);
    console.log(`      power lost ${powerLosses} times: ${summary(honest)}`);
    expectNoFaults(honest, "power loss");
    const lying = await losePower(work, lyingPowerLosses, true);
    const caught = lying.filter(({ faults }) => faults.length > 0).length;
    console.log(`      without fsync ${caught} of ${lyingPowerLosses} losses are noticed`);
    expectEqual(caught > 0, true, "a disk that ignores fsync is noticed");
    const killed = await killAtSteps(work, killEvery);
    console.log(
      `      killed ${killed.length} times within compaction and checkpoint: ${summary(killed)}`,
    );
    expectNoFaults(killed, "kill -9");
  },
};

/** Fifteen hours on the workload's clock. */
export async function runWorkload(dir: string, workSeed: number): Promise<StorageWorkload> {
  const work = new StorageWorkload(new MemoryDisk(), dir, workSeed);
  await work.open();
  for (let part = 0; part < 15; part++) {
    work.append(50);
    await work.compact();
    work.append(7);
    if (part % 4 === 3) {
      await work.close();
      await work.open();
    } else if (part % 4 === 1) {
      await work.kill();
      await work.open();
    }
  }
  await work.kill();
  work.finishLedger();
  return work;
}

/** Loses power at `count` seeded moments of the work. */
export async function losePower(
  work: StorageWorkload,
  count: number,
  ignoresFsync: boolean,
): Promise<CrashFindings[]> {
  const random = seededRandom(seed * 7919 + (ignoresFsync ? 1 : 0));
  const found: CrashFindings[] = [];
  for (let i = 0; i < count; i++) {
    const at = 1 + Math.floor(random() * work.disk.steps.length);
    const image = imageAfterPowerLoss(work.disk.steps, at, random, ignoresFsync);
    const findings = await checkCrash({
      image,
      at,
      lockDir: work.dir,
      ledger: work.ledger,
      mustLast: ({ lastsFrom }) => lastsFrom < at,
    });
    found.push({ ...findings, faults: findings.faults.map((fault) => `at step ${at}: ${fault}`) });
  }
  return found;
}

/** Kills after each `every`th step of compaction and checkpoint. */
export async function killAtSteps(work: StorageWorkload, every: number): Promise<CrashFindings[]> {
  const found: CrashFindings[] = [];
  for (const { from, to } of work.compactions) {
    for (let at = from; at < to; at += every) {
      const findings = await checkCrash({
        image: imageAfterKill(work.disk.steps, at),
        at,
        lockDir: work.dir,
        ledger: work.ledger,
        mustLast: ({ committedAt }) => committedAt <= at,
      });
      found.push({
        ...findings,
        faults: findings.faults.map((fault) => `killed at step ${at}: ${fault}`),
      });
    }
  }
  return found;
}

/** "12345 samples had to last and did, 67 more were there, 3 faults". */
export function summary(found: readonly CrashFindings[]): string {
  const wanted = found.reduce((sum, one) => sum + one.wanted, 0);
  const kept = found.reduce((sum, one) => sum + one.kept, 0);
  const faulty = found.filter(({ faults }) => faults.length > 0).length;
  return `${wanted} samples had to last, ${kept} were there, ${faulty} of ${found.length} with faults`;
}

export function expectNoFaults(found: readonly CrashFindings[], what: string): void {
  const faults = found.flatMap((one) => one.faults);
  if (faults.length > 0) {
    throw new Error(`${what} (seed ${seed}):\n${faults.slice(0, 12).join("\n")}`);
  }
}
