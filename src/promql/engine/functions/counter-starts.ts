/** rate, increase and irate of floats whose start timestamps are known: resets show there too. */

import { extrapolationFactor, startInside, type WindowSpan } from "../extrapolation.ts";
import type { SampleWindows } from "../sample-windows.ts";
import { hasStartOverlap, isStartResetAt } from "../start-timestamps.ts";
import { cellKind } from "../step-vector.ts";
import type { RangeCall, RowCells } from "./function-call.ts";

/** rate or increase of each window; a single sample will do where its start lies inside. */
export function extrapolateWithStarts(
  windows: SampleWindows,
  row: RowCells,
  call: RangeCall,
  perSeconds: number,
): void {
  const { values, from, to, endMs, rangeMs } = windows;
  const isReset = resetsOf(windows);
  for (let step = 0; step < from.length; step++) {
    const first = from[step]!;
    const last = to[step]! - 1;
    if (last < first) continue;
    const span: WindowSpan = {
      timestampsMs: windows.timestampsMs,
      startTimesMs: windows.startTimesMs,
      first,
      last,
      startMs: endMs[step]! - rangeMs,
      endMs: endMs[step]!,
    };
    const beganMs = startInside(span);
    if (hasStartOverlap(windows, first, last)) {
      call.run.annotations.addStartOverlap(call.rangeStart, windows.labels.metricName);
    }
    if (beganMs === undefined && last === first) continue;
    let increase = values[last]! - values[first]!;
    for (let i = first + 1; i <= last; i++) if (isReset[i] === 1) increase += values[i - 1]!;
    if (beganMs !== undefined) increase += values[first]!;
    const line = { firstValue: values[first]!, increase };
    const factor = extrapolationFactor(span, line, beganMs);
    row.values[row.base + step] = (increase * factor) / perSeconds;
    row.kinds[row.base + step] = cellKind.float;
  }
}

/** 1 where a sample is less than the one before, or its start says so. */
function resetsOf(windows: SampleWindows): Uint8Array {
  const { values, count } = windows;
  const isReset = new Uint8Array(count);
  for (let i = 1; i < count; i++) {
    if (values[i]! < values[i - 1]! || isStartResetAt(windows, i)) isReset[i] = 1;
  }
  return isReset;
}
