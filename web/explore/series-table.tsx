/** The legend of Explore as a table: a series a row with last, min, mean and max. Click shows one alone. */

import type { QuerySeries } from "../api/query-series.ts";
import type { SeriesStyle } from "../charts/chart-spec.ts";
import { SeriesMark } from "../charts/chart-tooltip.tsx";
import { formatPlainNumber } from "../charts/plain-number.ts";
import type { SeriesVisibility } from "../charts/series-visibility.ts";
import { seriesStatistics } from "./series-statistics.ts";

interface SeriesTableProps {
  readonly series: readonly QuerySeries[];
  readonly styles: readonly SeriesStyle[];
  readonly visibility: SeriesVisibility;
}

export function SeriesTable({ series, styles, visibility }: SeriesTableProps) {
  return (
    <div className="explore-table">
      <table className="series-table">
        <caption className="visually-hidden">Series and their values in this window</caption>
        <thead>
          <tr>
            <th aria-label="Colour" />
            <th>Series</th>
            {["Last", "Min", "Mean", "Max"].map((name) => (
              <th key={name} className="num">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {series.map((one, index) => {
            const style = styles[index];
            const figures = seriesStatistics(one.values);
            return style === undefined ? null : (
              <tr
                key={style.label}
                className={visibility.hidden.has(index) ? "is-hidden" : ""}
                onMouseEnter={() => visibility.focus(index)}
                onMouseLeave={() => visibility.focus(undefined)}
              >
                <td>
                  <SeriesMark label="" color={style.color} isDashed={style.dash !== undefined} />
                </td>
                <td>
                  <button
                    type="button"
                    className="series-button truncate"
                    aria-pressed={!visibility.hidden.has(index)}
                    title="Show this series alone; with ⇧ add it or take it away"
                    onClick={(event) => visibility.pick(index, event.shiftKey)}
                  >
                    <SeriesName labels={one.labels} />
                  </button>
                </td>
                <td className="num strong">{formatPlainNumber(figures.last)}</td>
                <td className="num mid">{formatPlainNumber(figures.min)}</td>
                <td className="num mid">{formatPlainNumber(figures.mean)}</td>
                <td className="num mid">{formatPlainNumber(figures.max)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** A series' labels in mono, values stronger than names. */
export function SeriesName({ labels }: { readonly labels: Readonly<Record<string, string>> }) {
  const { __name__: name, ...rest } = labels;
  const pairs = Object.entries(rest);
  return (
    <span className="series-name">
      {name !== undefined && <b>{name}</b>}
      {(pairs.length > 0 || name === undefined) && "{"}
      {pairs.map(([label, value], index) => (
        <span key={label}>
          {index > 0 && ", "}
          {label}="<b>{value}</b>"
        </span>
      ))}
      {(pairs.length > 0 || name === undefined) && "}"}
    </span>
  );
}
