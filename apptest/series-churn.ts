/**
 * 10,000 short-lived series a minute, each a minute long and ended by a stale marker, as pods that
 * come and go make them, beside 2,000 that stay. The clock is simulated; memory is that of a process of
 * its own after collecting garbage. It must stay flat. Here 30 minutes, in `npm run soak` an hour.
 */

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { type AppTest, expectEqual, projectDir } from "./app-test.ts";

const minutesHere = 30;
/** Memory after the last minute, beside that after the first third: more than this is growth. */
export const growthMax = 1.25;

/** One look at the process. */
export interface ChurnFigures {
  readonly minute: number;
  readonly seriesCount: number;
  /** Used heap and shared pages, after collecting garbage. */
  readonly memoryMib: number;
  readonly residentMib: number;
  readonly blockCount: number;
}

export const seriesChurnTest: AppTest = {
  name: "series-churn",
  async run(context) {
    const figures = churn(join(context.tempDir(), "data"), minutesHere);
    console.log(`      ${describeChurn(figures)}`);
    expectEqual(
      growthOf(figures) <= growthMax,
      true,
      `memory stays flat: ${describeChurn(figures)}`,
    );
  },
};

/** Runs the churn in a process of its own. */
export function churn(dir: string, minutes: number): ChurnFigures[] {
  const program = join(projectDir, "apptest", "faults", "churn-process.ts");
  const result = spawnSync(
    process.execPath,
    ["--expose-gc", "--import", "tsx", program, dir, String(minutes)],
    { cwd: projectDir, maxBuffer: 1 << 26 },
  );
  if (result.status !== 0) throw new Error(`churn ended: ${String(result.stderr)}`);
  return String(result.stdout)
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as ChurnFigures);
}

/** Peak of the last third over that of the first. */
export function growthOf(figures: readonly ChurnFigures[]): number {
  const third = Math.max(1, Math.floor(figures.length / 3));
  const peak = (part: readonly ChurnFigures[]) => Math.max(...part.map((one) => one.memoryMib));
  return peak(figures.slice(-third)) / peak(figures.slice(0, third));
}

export function describeChurn(figures: readonly ChurnFigures[]): string {
  const words = figures
    .filter(({ minute }) => minute % Math.ceil(figures.length / 5) === 0)
    .map((one) => `${one.minute} min ${one.memoryMib.toFixed(0)} MiB ${one.seriesCount} series`);
  return `${words.join(", ")}; growth ${growthOf(figures).toFixed(2)}`;
}
