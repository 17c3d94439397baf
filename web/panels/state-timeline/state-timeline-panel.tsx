/** States over time: a row a field, a band as long as a state lasts, its text on it where there is room. */

import { useMemo, useState } from "react";
import { asNumber, asString } from "../../../src/dashboard/json-reader.ts";
import type { TimeRange } from "../../../src/dashboard/time-range.ts";
import { cssColor } from "../../charts/chart-theme.ts";
import { SeriesMark } from "../../charts/chart-tooltip.tsx";
import { PlotTip } from "../../charts/plot-tip.tsx";
import { type PlotCursor, TimePlot } from "../../charts/time-plot.tsx";
import type { ElementSize } from "../../charts/use-element-size.ts";
import { timestampLabel } from "../../time/time-axis.ts";
import { readLegendOptions } from "../option-readers.ts";
import type { PanelProps } from "../panel-props.ts";
import { buildStateTimeline, type StateRow, segmentAt } from "./state-timeline-model.ts";

const letterPx = 6.2;
/** Labels are often in capitals. */
const labelLetterPx = 7;
const labelMaxPx = 190;
const rowShareDefault = 0.9;
/** Rows lower than this carry no text. */
const textRowPx = 14;

export function StateTimelinePanel({
  panel,
  result,
  zone,
  events,
  onZoom,
  onZoomBack,
}: PanelProps) {
  const { options } = panel;
  const model = useMemo(() => buildStateTimeline(panel, result, zone), [panel, result, zone]);
  const [cursor, setCursor] = useState<PlotCursor>();
  const { rows } = model;
  const longest = Math.max(0, ...rows.map((row) => row.name.length));
  const labels = rows.map((row, index) => ({ depth: (index + 0.5) / rows.length, text: row.name }));
  const legend = readLegendOptions(options);
  const tip = (at: { xPx: number; yPx: number; boxPx: number }) => {
    const row = cursor === undefined ? undefined : rows[Math.floor(cursor.depth * rows.length)];
    if (cursor === undefined || row === undefined) return null;
    const segment = segmentAt(row, cursor.atMs);
    const head = timestampLabel(Math.round(cursor.atMs / 1000) * 1000, zone);
    if (segment === undefined) {
      return <PlotTip {...at} head={head} rows={[{ label: row.name, text: "no sample" }]} />;
    }
    const end = (ms: number) => timestampLabel(Math.round(ms), zone);
    return (
      <PlotTip
        {...at}
        head={head}
        rows={[
          { label: row.name, color: segment.color, text: segment.text },
          { label: "From", text: end(segment.fromMs) },
          { label: "To", text: end(segment.toMs) },
        ]}
      />
    );
  };
  return (
    <>
      <div className="panel-chart">
        <TimePlot
          range={result.range}
          zone={zone}
          stepMs={Math.max(1, result.stepMs)}
          rowCount={rows.length}
          labels={labels}
          leftPx={Math.min(labelMaxPx, Math.round(longest * labelLetterPx) + 16)}
          summary={`${panel.title}: states of ${rows.length} series over time. Arrow keys move the crosshair and read states.`}
          cursor={cursor}
          onCursor={setCursor}
          onZoom={onZoom}
          onZoomBack={onZoomBack}
          events={events}
          tip={tip}
        >
          {(size) => (
            <Rows
              rows={rows}
              range={result.range}
              size={size}
              rowShare={asNumber(options["rowHeight"]) ?? rowShareDefault}
              showValue={asString(options["showValue"], "auto")}
              cellShare={
                panel.type === "status-history"
                  ? (asNumber(options["colWidth"]) ?? rowShareDefault)
                  : 1
              }
            />
          )}
        </TimePlot>
      </div>
      {legend.isShown && model.states.length > 0 && (
        <ul className="legend is-bottom">
          {model.states.map((state) => (
            <li key={state.label}>
              <SeriesMark label={state.label} color={state.color} />
              {state.label}
            </li>
          ))}
        </ul>
      )}
      {model.leftOut > 0 && (
        <div className="panel-foot">
          The first {rows.length} series are drawn, {model.leftOut} are left out.
        </div>
      )}
    </>
  );
}

interface RowsProps {
  readonly rows: readonly StateRow[];
  readonly range: TimeRange;
  readonly size: ElementSize;
  readonly rowShare: number;
  readonly showValue: string;
  /** Share of its time that a cell fills. */
  readonly cellShare: number;
}

function Rows({ rows, range, size, rowShare, showValue, cellShare }: RowsProps) {
  const slotPx = size.height / Math.max(1, rows.length);
  const rowPx = Math.max(1, slotPx * Math.min(1, rowShare));
  const spanMs = range.toMs - range.fromMs;
  const xOf = (atMs: number) =>
    Math.min(size.width, Math.max(0, ((atMs - range.fromMs) / spanMs) * size.width));
  return (
    <svg aria-hidden="true">
      {rows.map((row, index) => {
        const y = index * slotPx + (slotPx - rowPx) / 2;
        return row.segments.map((segment) => {
          const x = xOf(segment.fromMs);
          const width = (xOf(segment.toMs) - x) * Math.min(1, cellShare);
          if (width <= 0) return null;
          const hasText =
            showValue !== "never" &&
            rowPx >= textRowPx &&
            (showValue === "always" || width > segment.text.length * letterPx + 8);
          return (
            <g key={`${row.name} ${segment.fromMs}`}>
              <rect
                className="state-band"
                x={x}
                y={y}
                width={Math.max(1, width - 1)}
                height={rowPx}
                style={{ "--state": cssColor(segment.color) } as React.CSSProperties}
              />
              {hasText && (
                <text className="state-text" x={x + 6} y={y + rowPx / 2 + 4}>
                  {segment.text}
                </text>
              )}
            </g>
          );
        });
      })}
    </svg>
  );
}
