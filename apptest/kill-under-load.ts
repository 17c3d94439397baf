/**
 * kill -9 at seeded moments under load: each sample that was acknowledged is there once afterwards. Here
 * a few kills; `npm run soak` has 50, some of them while the head is cut and compacted.
 */

import { join } from "node:path";
import { seededRandom } from "../src/base/seeded-random.ts";
import { type AppTest, type AppTestContext, expectEqual } from "./app-test.ts";
import { type KillFindings, KillRig } from "./faults/kill-rig.ts";

const seed = Number(process.env["CILIASCOPE_SEED"] ?? 1);
const killsHere = 5;
const loadMsMin = 100;
const loadMsMax = 1500;

export const killUnderLoadTest: AppTest = {
  name: "kill-under-load",
  async run(context) {
    for (const load of ["now", "replay"] as const) {
      const found = await killOften(context, { load, kills: killsHere, loadMsMin, loadMsMax });
      console.log(`      ${describeKills(load, found)}`);
      expectEqual(found.faults.slice(0, 10), [], `faults (seed ${seed}, load ${load})`);
      expectEqual(found.writtenSamples > 1000, true, "samples were written");
    }
  },
};

export interface KillPlan {
  readonly load: "now" | "replay";
  readonly kills: number;
  readonly loadMsMin: number;
  readonly loadMsMax: number;
}

/** Kills as planned; verifies at the end. */
export async function killOften(context: AppTestContext, plan: KillPlan): Promise<KillFindings> {
  const random = seededRandom(seed);
  const dir = join(context.tempDir(), plan.load);
  const rig = new KillRig(context, { dir, random, load: plan.load });
  await rig.begin();
  for (let i = 0; i < plan.kills; i++) {
    await rig.killAfter(plan.loadMsMin + random() * (plan.loadMsMax - plan.loadMsMin));
  }
  return await rig.verify();
}

export function describeKills(load: string, found: KillFindings): string {
  return `${found.kills} kills (${load}): ${found.writtenSamples} written and ${found.scrapedSamples} scraped samples acknowledged, ${found.faults.length} faults, ${found.blocks} blocks`;
}
