/** The tooltip of the plots that are not lines: a head and a few rows beside the pointer. */

import { SeriesMark } from "./chart-tooltip.tsx";

/** One row: a swatch where it has a colour. */
export interface TipRow {
  readonly label: string;
  readonly color?: string;
  readonly text: string;
}

interface PlotTipProps {
  /** Where the pointer is within the plot's box, px. */
  readonly xPx: number;
  readonly yPx: number;
  /** Width of the box: the tooltip stands on the side with more room. */
  readonly boxPx: number;
  readonly head: string;
  readonly rows: readonly TipRow[];
}

const rowsMax = 12;

export function PlotTip({ xPx, yPx, boxPx, head, rows }: PlotTipProps) {
  return (
    <div
      className={`tooltip ${xPx > boxPx / 2 ? "is-left" : ""}`}
      role="status"
      style={{ left: xPx, top: yPx }}
    >
      <div className="tooltip-time">{head}</div>
      {rows.slice(0, rowsMax).map((row) => (
        <div className="tooltip-row" key={row.label}>
          {row.color === undefined ? <i /> : <SeriesMark label={row.label} color={row.color} />}
          <span className="tooltip-label">{row.label}</span>
          <span className="num">{row.text}</span>
        </div>
      ))}
      {rows.length > rowsMax && (
        <div className="tooltip-foot">and {rows.length - rowsMax} more</div>
      )}
    </div>
  );
}
