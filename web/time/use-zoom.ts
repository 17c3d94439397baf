/** Zoom by dragging on a chart, and back by double click: panning replaces the history entry, so the way back is kept here. */

import { useRef } from "react";
import type { TimeRangeText } from "../../src/dashboard/time-range.ts";
import { usePageTime } from "./time-context.tsx";

/** Handlers for charts. */
export interface Zoom {
  readonly into: (fromMs: number, toMs: number) => void;
  readonly back: () => void;
}

/** Windows remembered. */
const depthMax = 20;

/** Zoom of the page's window. */
export function useZoom(): Zoom {
  const time = usePageTime();
  const before = useRef<TimeRangeText[]>([]);
  return {
    into: (fromMs, toMs) => {
      before.current = [...before.current, time.text].slice(-depthMax);
      time.setRange({ from: String(fromMs), to: String(toMs) }, { replace: true });
    },
    back: () => {
      const last = before.current.pop();
      if (last !== undefined) time.setRange(last, { replace: true });
    },
  };
}
