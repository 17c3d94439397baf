/** Flows over the window: bars, the dropped part at their foot, hatch where the server was off. Dragging chooses a window. */

import { useRef, useState } from "react";
import type { FlowTimelineAnswer } from "../../src/api/wire/flows.ts";
import { groupThousands } from "../charts/plain-number.ts";
import { clockLabel } from "../time/time-axis.ts";
import { usePageTime } from "../time/time-context.tsx";

/** Height in the drawing's own units; width is one unit a bucket. */
const height = 32;

/** Nothing before there is an answer. */
export function FlowStrip({ timeline }: { readonly timeline: FlowTimelineAnswer | undefined }) {
  const time = usePageTime();
  const boxRef = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<{ readonly from: number; readonly to: number }>();
  if (timeline === undefined) return <div className="flow-strip" />;
  const { startMs, stepMs, count } = timeline.buckets;
  const endMs = startMs + stepMs * count;
  const shares = (event: { clientX: number }) => {
    const box = boxRef.current?.getBoundingClientRect();
    if (box === undefined || box.width === 0) return 0;
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  const finish = () => {
    if (drag !== undefined && Math.abs(drag.to - drag.from) > 0.01) {
      const [from, to] = [drag.from, drag.to].sort((a, b) => a - b) as [number, number];
      const at = (share: number) => String(Math.round(startMs + share * (endMs - startMs)));
      time.setRange({ from: at(from), to: at(to) });
    }
    setDrag(undefined);
  };
  const bars = stripBars(timeline);
  const at = (ms: number) =>
    `${(100 * Math.min(1, Math.max(0, (ms - startMs) / (endMs - startMs)))).toFixed(2)}%`;
  return (
    <div
      className="flow-strip"
      ref={boxRef}
      role="img"
      aria-label={stripSummary(timeline, (ms) => clockLabel(ms, time.zone))}
      title="Drag to choose a window"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrag({ from: shares(event), to: shares(event) });
      }}
      onPointerMove={(event) => {
        if (drag !== undefined) setDrag({ ...drag, to: shares(event) });
      }}
      onPointerUp={finish}
      onPointerCancel={() => setDrag(undefined)}
    >
      <svg viewBox={`0 0 ${count} ${height}`} preserveAspectRatio="none" aria-hidden="true">
        <path className="flow-strip-all" d={barPath(bars.map(({ all }) => all))} />
        <path className="flow-strip-audit" d={barPath(bars.map(({ marked }) => marked))} />
        <path className="flow-strip-dropped" d={barPath(bars.map(({ dropped }) => dropped))} />
      </svg>
      {timeline.off.map(({ fromMs, untilMs }) => (
        <i
          key={fromMs}
          className="flow-strip-off"
          style={{ left: at(fromMs), right: `calc(100% - ${at(untilMs)})` }}
          title={`The server was off from ${clockLabel(fromMs, time.zone)} to ${clockLabel(untilMs, time.zone)}`}
        />
      ))}
      {drag !== undefined && (
        <i
          className="flow-strip-drag"
          style={{
            left: `${100 * Math.min(drag.from, drag.to)}%`,
            right: `${100 - 100 * Math.max(drag.from, drag.to)}%`,
          }}
        />
      )}
    </div>
  );
}

/** Heights from 0 to 1; `dropped` and `marked` (audit) stand at the foot of `all`. */
export function stripBars({ buckets, byVerdict }: FlowTimelineAnswer) {
  const at = (verdict: string, index: number) => byVerdict[verdict]?.[index] ?? 0;
  const totals = Array.from({ length: buckets.count }, (_, index) =>
    Object.values(byVerdict).reduce((sum, counts) => sum + (counts[index] ?? 0), 0),
  );
  const top = Math.max(1, ...totals);
  return totals.map((total, index) => {
    const dropped = at("DROPPED", index) + at("ERROR", index);
    return {
      all: total / top,
      marked: (dropped + at("AUDIT", index)) / top,
      // A drop among thousands must still be seen.
      dropped: dropped === 0 ? 0 : Math.max(dropped / top, 0.06),
    };
  });
}

function barPath(shares: readonly number[]): string {
  return shares
    .map((share, index) =>
      share === 0
        ? ""
        : `M${index + 0.1} ${height}v${-(share * (height - 2)).toFixed(2)}h.8V${height}z`,
    )
    .join("");
}

function stripSummary(
  { buckets, byVerdict, off }: FlowTimelineAnswer,
  label: (ms: number) => string,
): string {
  const sum = (counts: readonly number[] = []) => counts.reduce((total, one) => total + one, 0);
  const all = Object.values(byVerdict).reduce((total, counts) => total + sum(counts), 0);
  const from = label(buckets.startMs);
  const to = label(buckets.startMs + buckets.stepMs * buckets.count);
  const holes = off.length === 0 ? "" : ` The server was off ${off.length} times.`;
  return `${groupThousands(all)} flows from ${from} to ${to}, ${groupThousands(sum(byVerdict["DROPPED"]))} dropped.${holes}`;
}
