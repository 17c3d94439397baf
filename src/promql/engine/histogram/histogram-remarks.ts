/** What is said of histograms of one series that an operation went through. */

import {
  type Annotations,
  boundsReconciled,
  type HistogramOperation,
  mixedSchemas,
} from "../annotations.ts";
import type { RangeCall } from "../functions/function-call.ts";
import type { HistogramWindows } from "../mixed-windows.ts";
import { addFinding } from "./histogram-sum.ts";

/** Where remarks go, and what they are about. */
export interface RemarkPlace {
  readonly annotations: Annotations;
  /** Byte offset in the query. */
  readonly start: number;
  readonly metricName: string;
}

/** The place for a series of a range. */
export function placeOf(windows: HistogramWindows, call: RangeCall): RemarkPlace {
  const { metricName } = windows;
  return { annotations: call.run.annotations, start: call.rangeStart, metricName };
}

/** Says what an addition or subtraction found (bits of `addFinding`); false where it could not be done. */
export function noteFindings(
  findings: number,
  operation: HistogramOperation,
  place: RemarkPlace,
): boolean {
  if (findings === 0) return true;
  const { annotations, start, metricName } = place;
  if ((findings & addFinding.incompatible) !== 0) {
    annotations.add(mixedSchemas(metricName), start);
    return false;
  }
  if ((findings & addFinding.reconciled) !== 0) {
    annotations.add(boundsReconciled(operation), start);
  }
  return true;
}
