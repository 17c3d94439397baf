/** sum_over_time and avg_over_time of native histograms. */

import { boundsReconciled, conflictingResets, mixedSchemas } from "../annotations.ts";
import type { RangeCall } from "../functions/function-call.ts";
import type { HistogramWindows } from "../mixed-windows.ts";
import { HistogramMean } from "./histogram-mean.ts";
import { addFinding, HistogramSum } from "./histogram-sum.ts";
import type { HistogramValue } from "./histogram-value.ts";

/** Notes hints of members of a sum: some that follow a reset with some that do not are in conflict. */
export class HintWatch {
  #hasReset = false;
  #hasNone = false;

  see(value: HistogramValue): void {
    if (value.hint === "reset") this.#hasReset = true;
    else if (value.hint === "not_reset") this.#hasNone = true;
  }

  get isConflict(): boolean {
    return this.#hasReset && this.#hasNone;
  }
}

/** The sum or mean of a window that is not empty; undefined where buckets cannot be added. */
export function foldHistograms(
  windows: HistogramWindows,
  step: number,
  call: RangeCall,
  isMean: boolean,
): HistogramValue | undefined {
  const { histograms } = windows;
  const { annotations } = call.run;
  const first = windows.from[step]!;
  const end = windows.to[step]!;
  const oldest = histograms[first]!;
  if (end - first === 1) return oldest;
  const fold = isMean ? new HistogramMean(oldest) : new HistogramSum(oldest, true);
  const hints = new HintWatch();
  hints.see(oldest);
  let findings = 0;
  for (let i = first + 1; i < end; i++) {
    const value = histograms[i]!;
    hints.see(value);
    findings |= fold.add(value);
    if ((findings & addFinding.incompatible) !== 0) {
      annotations.add(mixedSchemas(windows.metricName), call.rangeStart);
      return undefined;
    }
  }
  if (hints.isConflict) annotations.add(conflictingResets("aggregation"), call.rangeStart);
  if ((findings & addFinding.reconciled) !== 0) {
    annotations.add(boundsReconciled("aggregation"), call.rangeStart);
  }
  return fold.total();
}
