/**
 * A plot of rows over time (heat maps, state timelines): time axis, row labels, crosshair, a window
 * chosen by dragging, arrow keys. What lies in the rows is drawn by its children.
 */

import { type PointerEvent, type ReactNode, useRef, useState } from "react";
import type { TimeRange } from "../../src/dashboard/time-range.ts";
import { timeTickLabel, timeTickStep, timeTicks } from "../time/time-axis.ts";
import type { TimeZone } from "../time/time-range.ts";
import type { ChartEvent } from "./chart-spec.ts";
import { useCrosshair, useSharedTime } from "./crosshair.ts";
import { type ElementSize, useElementSize } from "./use-element-size.ts";
import "./plots.css";

/** Where the pointer or the arrow keys are. */
export interface PlotCursor {
  readonly atMs: number;
  /** Share of the height, 0 at the top. */
  readonly depth: number;
}

/** A row's label: `depth` as of a cursor, at its middle. */
export interface PlotLabel {
  readonly depth: number;
  readonly text: string;
}

interface TimePlotProps {
  readonly range: TimeRange;
  readonly zone: TimeZone;
  /** Distance that an arrow key moves. */
  readonly stepMs: number;
  readonly rowCount: number;
  readonly labels: readonly PlotLabel[];
  /** Room for the labels, px. */
  readonly leftPx: number;
  /** A sentence that says what is drawn. */
  readonly summary: string;
  readonly cursor: PlotCursor | undefined;
  readonly onCursor: (cursor: PlotCursor | undefined) => void;
  readonly onZoom: (fromMs: number, toMs: number) => void;
  readonly onZoomBack: () => void;
  readonly events?: readonly ChartEvent[];
  /** Drawn within the plot's area, below the crosshair. */
  readonly children: (size: ElementSize) => ReactNode;
  /** The tooltip at a point of the box, px. */
  readonly tip: (at: { readonly xPx: number; readonly yPx: number; boxPx: number }) => ReactNode;
}

const topPx = 6;
const axisPx = 20;
const rightPx = 10;
const labelHeightPx = 12;
/** Half of a tick's label: nearer to the edge it would be cut. */
const labelHalfPx = 12;
/** Dragging less than this is a click. */
const dragMinPx = 4;

/** Fills its parent, which has a position and a size. */
export function TimePlot(props: TimePlotProps) {
  const { range, zone, leftPx, cursor, onCursor } = props;
  const boxRef = useRef<HTMLDivElement>(null);
  const box = useElementSize(boxRef);
  const size = {
    width: Math.max(0, box.width - leftPx - rightPx),
    height: Math.max(0, box.height - topPx - axisPx),
  };
  const spanMs = range.toMs - range.fromMs;
  const xOf = (atMs: number) => ((atMs - range.fromMs) / spanMs) * size.width;
  const crosshair = useCrosshair();
  const self = useRef({}).current;
  const sharedMs = useSharedTime(self);
  const tellCursor = (next: PlotCursor | undefined) => {
    onCursor(next);
    crosshair?.set(self, next?.atMs);
  };
  const drag = useDragZoom({ ...props, onCursor: tellCursor, size });
  return (
    // biome-ignore lint/a11y/useSemanticElements: a figure that takes the arrow keys is a group with a name.
    <div
      ref={boxRef}
      className="chart"
      role="group"
      aria-label={props.summary}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move the crosshair.
      tabIndex={0}
      onKeyDown={(event) => {
        if (!event.key.startsWith("Arrow") && event.key !== "Escape") return;
        if (event.key === "Escape" && cursor === undefined) return;
        event.preventDefault();
        event.stopPropagation();
        onCursor(event.key === "Escape" ? undefined : movedCursor(event.key, props));
      }}
      onBlur={() => onCursor(undefined)}
    >
      {size.width > 0 && size.height > 0 && (
        <>
          <TimeAxis range={range} zone={zone} size={size} leftPx={leftPx} />
          <RowLabels labels={props.labels} leftPx={leftPx} size={size} />
          <div className="plot-area" style={{ left: leftPx, top: topPx, ...size }} {...drag.events}>
            {props.children(size)}
            {(props.events ?? []).map((event) => (
              <i
                key={`${event.timeMs} ${event.title}`}
                className="plot-event"
                title={event.title}
                style={{ left: xOf(event.timeMs) }}
              />
            ))}
            {cursor === undefined &&
              sharedMs !== undefined &&
              sharedMs >= range.fromMs &&
              sharedMs <= range.toMs && (
                <i className="plot-cross" style={{ left: xOf(sharedMs) }} />
              )}
            {cursor !== undefined && (
              <i className="plot-cross" style={{ left: xOf(cursor.atMs) }} />
            )}
            {drag.window !== undefined && (
              <i
                className="plot-window"
                style={{ left: drag.window.leftPx, width: drag.window.widthPx }}
              />
            )}
          </div>
          {cursor !== undefined &&
            props.tip({
              xPx: leftPx + xOf(cursor.atMs),
              yPx: topPx + cursor.depth * size.height,
              boxPx: box.width,
            })}
        </>
      )}
    </div>
  );
}

function movedCursor(key: string, { range, stepMs, rowCount, cursor }: TimePlotProps): PlotCursor {
  const row = 1 / Math.max(1, rowCount);
  const { atMs, depth } = cursor ?? { atMs: range.toMs, depth: row / 2 };
  const byTime = key === "ArrowRight" ? stepMs : key === "ArrowLeft" ? -stepMs : 0;
  const byRow = key === "ArrowDown" ? row : key === "ArrowUp" ? -row : 0;
  return {
    atMs: Math.min(range.toMs, Math.max(range.fromMs, atMs + byTime)),
    depth: Math.min(1 - row / 2, Math.max(row / 2, depth + byRow)),
  };
}

function useDragZoom(props: TimePlotProps & { readonly size: ElementSize }) {
  const { range, size, onCursor, onZoom, onZoomBack } = props;
  const [start, setStart] = useState<number>();
  const [end, setEnd] = useState(0);
  const timeAt = (xPx: number) =>
    range.fromMs +
    (Math.min(size.width, Math.max(0, xPx)) / size.width) * (range.toMs - range.fromMs);
  const place = (event: PointerEvent<HTMLElement>) => {
    const area = event.currentTarget.getBoundingClientRect();
    return { xPx: event.clientX - area.left, yPx: event.clientY - area.top };
  };
  const isDragging = start !== undefined && Math.abs(end - start) >= dragMinPx;
  return {
    window: isDragging
      ? { leftPx: Math.min(start, end), widthPx: Math.abs(end - start) }
      : undefined,
    events: {
      onPointerDown: (event: PointerEvent<HTMLElement>) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        setStart(place(event).xPx);
        setEnd(place(event).xPx);
      },
      onPointerMove: (event: PointerEvent<HTMLElement>) => {
        const { xPx, yPx } = place(event);
        if (start !== undefined) setEnd(xPx);
        const depth = Math.min(0.9999, Math.max(0, yPx / size.height));
        onCursor({ atMs: timeAt(xPx), depth });
      },
      onPointerUp: () => {
        if (isDragging) {
          onZoom(
            Math.round(timeAt(Math.min(start, end))),
            Math.round(timeAt(Math.max(start, end))),
          );
        }
        setStart(undefined);
      },
      onPointerCancel: () => setStart(undefined),
      onPointerLeave: () => onCursor(undefined),
      onDoubleClick: () => onZoomBack(),
    },
  };
}

interface TimeAxisProps {
  readonly range: TimeRange;
  readonly zone: TimeZone;
  readonly size: ElementSize;
  readonly leftPx: number;
}

function TimeAxis({ range, zone, size, leftPx }: TimeAxisProps) {
  const spanMs = range.toMs - range.fromMs;
  const stepMs = timeTickStep(spanMs, size.width);
  const ticks = timeTicks(range.fromMs, range.toMs, { widthPx: size.width, zone });
  return (
    <svg className="plot-axis" aria-hidden="true">
      {ticks.map((tick) => {
        const x = leftPx + ((tick - range.fromMs) / spanMs) * size.width;
        return (
          <g key={tick}>
            <line x1={x} x2={x} y1={topPx} y2={topPx + size.height + 4} />
            <text
              x={x}
              y={topPx + size.height + 15}
              textAnchor={x > leftPx + size.width - labelHalfPx ? "end" : "middle"}
            >
              {timeTickLabel(tick, stepMs, zone)}
            </text>
          </g>
        );
      })}
    </svg>
  );
}

/** Those that do not touch the one before. */
function spacedLabels(labels: readonly PlotLabel[], heightPx: number): readonly PlotLabel[] {
  const byPlace = [...labels].sort((a, b) => a.depth - b.depth);
  let lastPx = Number.NEGATIVE_INFINITY;
  return byPlace.filter((label) => {
    const px = label.depth * heightPx;
    if (px - lastPx < labelHeightPx) return false;
    lastPx = px;
    return true;
  });
}

function RowLabels({
  labels,
  leftPx,
  size,
}: {
  readonly labels: readonly PlotLabel[];
  readonly leftPx: number;
  readonly size: ElementSize;
}) {
  return spacedLabels(labels, size.height).map((label) => (
    <span
      key={`${label.depth} ${label.text}`}
      className="plot-label truncate"
      title={label.text}
      style={{ width: leftPx - 10, top: topPx + label.depth * size.height }}
    >
      {label.text}
    </span>
  ));
}
