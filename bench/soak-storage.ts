/** The long versions of the storage faults of apptest/: each part gives one line with its figures. */

import { join } from "node:path";
import type { AppTestContext } from "../apptest/app-test.ts";
import { flipBits } from "../apptest/bit-flips.ts";
import { describeKills, killOften } from "../apptest/kill-under-load.ts";
import { killAtSteps, losePower, runWorkload, summary } from "../apptest/power-loss.ts";
import { churn, describeChurn, growthMax, growthOf } from "../apptest/series-churn.ts";

const powerLosses = 1000;
const flipsEach = 400;
const churnMinutes = 60;
/** Half of 50 kills fall within this; the others at the server's first upkeep, a minute after its start. */
const earlyKills = { kills: 20, loadMsMin: 100, loadMsMax: 8000 };
const upkeepKills = { kills: 10, loadMsMin: 58_500, loadMsMax: 62_500 };

/** What a part found. */
export interface SoakResult {
  readonly isGood: boolean;
  readonly line: string;
}

/** A part of the soak. */
export interface SoakPart {
  readonly name: string;
  run(context: AppTestContext): Promise<SoakResult>;
}

/** Parts about storage, the quick ones first. */
export const storageParts: readonly SoakPart[] = [
  {
    name: "series-churn",
    async run(context) {
      const figures = churn(join(context.tempDir(), "data"), churnMinutes);
      return { isGood: growthOf(figures) <= growthMax, line: describeChurn(figures) };
    },
  },
  {
    name: "bit-flips",
    async run(context) {
      // Throws with the faults; its own lines tell the figures.
      await flipBits(join(context.tempDir(), "data"), flipsEach);
      return { isGood: true, line: `${flipsEach} flips in each kind of file, no fault` };
    },
  },
  {
    name: "power-loss",
    async run(context) {
      const work = await runWorkload(join(context.tempDir(), "data"), 2);
      const found = await losePower(work, powerLosses, false);
      const faults = found.flatMap((one) => one.faults);
      return {
        isGood: faults.length === 0,
        line: [summary(found), ...faults.slice(0, 5)].join("\n"),
      };
    },
  },
  {
    name: "kill-at-steps",
    async run(context) {
      const work = await runWorkload(join(context.tempDir(), "data"), 3);
      const found = await killAtSteps(work, 1);
      const faults = found.flatMap((one) => one.faults);
      return {
        isGood: faults.length === 0,
        line: [summary(found), ...faults.slice(0, 5)].join("\n"),
      };
    },
  },
  {
    name: "kill-under-load",
    async run(context) {
      const runs = [
        await killOften(context, { load: "now", ...earlyKills }),
        await killOften(context, { load: "replay", ...earlyKills }),
        await killOften(context, { load: "replay", ...upkeepKills }),
      ];
      return {
        isGood: runs.every(({ faults }) => faults.length === 0),
        line: runs
          .flatMap((found) => [describeKills("load", found), ...found.faults.slice(0, 5)])
          .join("\n"),
      };
    },
  },
];
