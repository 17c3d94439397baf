import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../base/clock.ts";
import { seededRandom } from "../../../base/seeded-random.ts";
import { labelsFromObject } from "../../../model/labels.ts";
import { MemoryStorage } from "../../../storage/memory-storage.ts";
import { Engine } from "../engine.ts";

const bounds = ["-1", "0", "0.5", "1", "2.5", "10", "+Inf"];
const stepMs = 60_000;
const steps = 40;

/** Counts of one step: mostly rising, some equal, a rounding error apart, falling, or no numbers. */
function randomCounts(random: () => number): number[] {
  let count = random() < 0.2 ? 0 : Math.floor(random() * 20) * (random() < 0.1 ? 1e-308 : 1);
  return bounds.map(() => {
    const dice = random();
    if (dice < 0.35) count += random() * 30;
    else if (dice < 0.4) count *= 1 + 4e-13;
    else if (dice < 0.44) count *= 1 + 3e-12;
    else if (dice < 0.47) count -= random();
    else if (dice < 0.475) count = Number.NaN;
    else if (dice < 0.48) count = Infinity;
    else if (dice < 0.485) count = -0;
    return count;
  });
}

/** Histograms whole up to the last step, where nothing is wrong but that each lacks a bucket. */
function randomStorage(random: () => number): MemoryStorage {
  const storage = new MemoryStorage();
  const appender = storage.appender();
  for (let pod = 0; pod < 20; pod++) {
    const hasInfinity = pod !== 7;
    for (let step = 0; step <= steps; step++) {
      const counts = step === steps ? bounds.map((_, index) => index) : randomCounts(random);
      for (const [index, count] of counts.entries()) {
        const le = bounds[index] as string;
        if (le === "+Inf" && !hasInfinity) continue;
        const labels = labelsFromObject({ __name__: "b", le, pod: String(pod) });
        if (step === steps && index === 2) appender.appendStale(0, labels, step * stepMs);
        else appender.append(0, labels, step * stepMs, count);
      }
    }
  }
  appender.commit();
  return storage;
}

/** Bits of each value up to the last whole step, and remarks but for what depends on the number of steps. */
async function quantiles(storage: MemoryStorage, quantile: string, endStep: number) {
  const engine = new Engine({ clock: new FakeClock(0) });
  const range = { startMs: 0, endMs: endStep * stepMs, stepMs };
  const query = `histogram_quantile(${quantile}, b)`;
  const { value, infos, warnings } = await engine.rangeQuery(storage, query, range);
  const rows = value.type === "matrix" ? value.series : [];
  const lines = rows.map(({ labels, timestampsMs, values }) => {
    const bits = new BigUint64Array(Float64Array.from(values).buffer);
    const cells = Array.from(timestampsMs, (timeMs, i) =>
      timeMs < steps * stepMs ? `${timeMs}:${Number.isNaN(values[i]) ? "NaN" : bits[i]}` : "",
    );
    return `${labels.key} ${cells.join(" ").trimEnd()}`;
  });
  return [...lines, ...warnings, ...infos.map((info) => info.replace(/, over .*? \(/, " ("))];
}

describe("histogram_quantile of classic buckets", () => {
  const seed = Number(process.env["BUCKETS_SEED"] ?? 5);

  it(`is to the bit the same where rows are whole and where one has a gap (BUCKETS_SEED=${seed})`, async () => {
    const random = seededRandom(seed);
    for (let round = 0; round < 10; round++) {
      const storage = randomStorage(random);
      for (const quantile of ["0", "0.3", "0.9", "1", "NaN", "-1", "2", "time() / 2400"]) {
        const whole = await quantiles(storage, quantile, steps - 1);
        expect(whole.length).toBeGreaterThanOrEqual(20);
        const gapped = await quantiles(storage, quantile, steps);
        expect(whole.join("\n")).toBe(gapped.join("\n"));
      }
    }
  });
});
