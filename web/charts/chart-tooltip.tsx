/** Values at the crosshair: sorted by value, at most twelve, the nearest line bold (UI.md 5). */

import type { ReactNode } from "react";
import { timestampLabel } from "../time/time-axis.ts";
import { Glyph } from "../ui/glyph.tsx";
import { verdictOf } from "../ui/verdict.ts";
import type { ChartCursor, ChartData, ChartSpec, ValueFormat } from "./chart-spec.ts";
import { cssColor } from "./chart-theme.ts";

interface ChartTooltipProps {
  readonly cursor: ChartCursor;
  readonly spec: ChartSpec;
  readonly data: ChartData;
  readonly formats: Readonly<Record<string, ValueFormat>>;
  readonly hidden: ReadonlySet<number>;
  readonly isSingle: boolean;
  readonly isPinned: boolean;
  /** Links of a value, shown while the tooltip is pinned. */
  readonly linksOf?: ((series: number, timeMs: number) => ReactNode) | undefined;
}

const rowsMax = 12;
/** Width the tooltip is laid out for when choosing its side, px. */
const widthPx = 300;

/** Stands beside the crosshair, on the side with more room; never over the pointer. */
export function ChartTooltip(props: ChartTooltipProps) {
  const { cursor, spec, data } = props;
  const time = data.times[cursor.row];
  if (time === undefined) return null;
  const rows = tooltipRows(props);
  const isLeft =
    cursor.leftPx + widthPx + 24 > cursor.plotWidthPx && cursor.leftPx > cursor.plotWidthPx / 2;
  const x = cursor.plotLeftPx + cursor.leftPx;
  return (
    <div
      className={`tooltip ${isLeft ? "is-left" : ""} ${props.isPinned ? "is-pinned" : ""}`}
      role="status"
      style={{ left: x, top: cursor.plotTopPx }}
    >
      <div className="tooltip-time">{timestampLabel(time * 1000, spec.zone)}</div>
      {rows.slice(0, rowsMax).map((row) => (
        <div
          className={`tooltip-row ${row.index === cursor.nearest ? "is-nearest" : ""}`}
          key={row.index}
        >
          <SeriesMark label={row.label} color={row.color} isDashed={row.isDashed} />
          <span className="tooltip-label">{row.label}</span>
          <span className="num">{row.text}</span>
        </div>
      ))}
      {rows.length > rowsMax && (
        <div className="tooltip-foot">and {rows.length - rowsMax} more</div>
      )}
      {eventsNear(props, time * 1000).map((event) => (
        <div className="tooltip-foot" key={`${event.timeMs} ${event.title}`}>
          <b>{event.title}</b> {event.text} {event.tags.join(", ")}
        </div>
      ))}
      {rows.length === 0 && <div className="tooltip-foot">No sample at this time.</div>}
      {props.isPinned &&
        cursor.nearest !== undefined &&
        props.linksOf?.(cursor.nearest, time * 1000)}
      {props.isPinned && (
        <div className="tooltip-foot">Pinned. Click again or press esc to let go.</div>
      )}
    </div>
  );
}

/** A line's swatch, or the verdict's glyph where the series stands for one. */
export function SeriesMark({
  label,
  color,
  isDashed = false,
}: {
  readonly label: string;
  readonly color: string;
  readonly isDashed?: boolean;
}) {
  const verdict = verdictOf(label);
  if (verdict !== undefined && color === `--${verdict}`) return <Glyph kind={verdict} />;
  return (
    <i
      className={`swatch ${isDashed ? "is-dashed" : ""}`}
      style={{ "--swatch": cssColor(color) } as React.CSSProperties}
    />
  );
}

/** Half the width of an event's mark, px. */
const eventReachPx = 6;
const eventsShownMax = 4;

/** Events at the crosshair. */
function eventsNear({ data, cursor }: ChartTooltipProps, timeMs: number) {
  const reachMs = (eventReachPx / Math.max(1, cursor.plotWidthPx)) * (data.toMs - data.fromMs);
  return (data.events ?? [])
    .filter((event) => event.timeMs - reachMs <= timeMs && timeMs <= event.endMs + reachMs)
    .slice(0, eventsShownMax);
}

function tooltipRows({ cursor, spec, data, formats, hidden, isSingle }: ChartTooltipProps) {
  const rows: {
    index: number;
    label: string;
    color: string;
    isDashed: boolean;
    value: number;
    text: string;
  }[] = [];
  for (const [index, style] of spec.series.entries()) {
    const value = data.columns[index]?.[cursor.row];
    if (value == null || hidden.has(index) || (isSingle && index !== cursor.nearest)) continue;
    rows.push({
      index,
      label: style.label,
      color: style.color,
      isDashed: style.dash !== undefined,
      value,
      text: formats[style.format]?.(value) ?? String(value),
    });
  }
  return rows.sort((a, b) => b.value - a.value);
}
