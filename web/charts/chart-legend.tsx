/** The legend below a chart: one line a series, value last, or a table with several calculated values. */

import type { SeriesStyle } from "./chart-spec.ts";
import { SeriesMark } from "./chart-tooltip.tsx";
import type { SeriesVisibility } from "./series-visibility.ts";

/** One calculated column: its heading and a text a series. */
export interface LegendColumn {
  readonly name: string;
  readonly texts: readonly string[];
}

/** What a legend shows of a series. */
export type LegendSeries = Pick<SeriesStyle, "label" | "color" | "dash">;

interface ChartLegendProps {
  readonly series: readonly LegendSeries[];
  readonly columns: readonly LegendColumn[];
  readonly mode: "list" | "table";
  readonly placement: "bottom" | "right";
  readonly visibility: SeriesVisibility;
}

/** Click isolates a series, ⇧ click adds one, resting on one dims the others. */
export function ChartLegend(props: ChartLegendProps) {
  const { series, columns, mode, placement } = props;
  if (mode === "list") {
    return (
      <ul className={`legend is-${placement}`}>
        {series.map((style, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: labels may repeat; the order is the chart's.
          <li key={index}>
            <LegendName {...props} style={style} index={index} />
            {columns.map((column) => (
              <span key={column.name} className="legend-value">
                {columns.length > 1 && <span className="dim">{column.name} </span>}
                {column.texts[index]}
              </span>
            ))}
          </li>
        ))}
      </ul>
    );
  }
  return (
    <div className={`legend-table is-${placement}`}>
      <table>
        <caption className="visually-hidden">Series and their values</caption>
        <thead>
          <tr>
            <th>Series</th>
            {columns.map((column) => (
              <th className="num" key={column.name}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {series.map((style, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: labels may repeat; the order is the chart's.
            <tr key={index}>
              <td>
                <LegendName {...props} style={style} index={index} />
              </td>
              {columns.map((column) => (
                <td className="num" key={column.name}>
                  {column.texts[index]}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function LegendName({
  style,
  index,
  visibility,
}: {
  readonly style: LegendSeries;
  readonly index: number;
  readonly visibility: SeriesVisibility;
}) {
  const isHidden = visibility.hidden.has(index);
  return (
    <button
      type="button"
      className={`legend-name ${isHidden ? "is-hidden" : ""}`}
      aria-pressed={!isHidden}
      title={`${style.label}: click shows it alone, ⇧ click adds or takes away`}
      onClick={(event) => visibility.pick(index, event.shiftKey || event.metaKey || event.ctrlKey)}
      onMouseEnter={() => visibility.focus(index)}
      onMouseLeave={() => visibility.focus(undefined)}
    >
      <SeriesMark label={style.label} color={style.color} isDashed={style.dash !== undefined} />
      <span className="truncate">{style.label}</span>
    </button>
  );
}
