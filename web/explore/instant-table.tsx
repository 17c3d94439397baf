/** The table view: the value of every series at the end of the window, sortable by value. */

import { useState } from "react";
import { formatPlainNumber } from "../charts/plain-number.ts";
import { timestampLabel } from "../time/time-axis.ts";
import { usePageTime } from "../time/time-context.tsx";
import { SeriesName } from "./series-table.tsx";
import type { ExploreRow } from "./use-explore-queries.ts";

/** Rows put on the page; the rest is counted. */
const rowsMax = 500;

export function InstantTable({ rows }: { readonly rows: readonly ExploreRow[] }) {
  const { zone } = usePageTime();
  const [order, setOrder] = useState<"given" | "up" | "down">("given");
  const cells = rows.flatMap(({ refId, answer }) =>
    (answer?.series ?? []).map((series) => ({
      key: `${refId} ${JSON.stringify(series.labels)}`,
      refId,
      labels: series.labels,
      value: series.values[series.values.length - 1] ?? Number.NaN,
      histogram: series.values.length === 0 ? series.histograms?.at(-1)?.text() : undefined,
    })),
  );
  if (order !== "given")
    cells.sort((a, b) => (order === "up" ? a.value - b.value : b.value - a.value));
  const atMs = rows[0]?.answer?.range.toMs;
  const next = order === "given" ? "down" : order === "down" ? "up" : "given";
  return (
    <div className="explore-table is-whole">
      <table className="series-table">
        <caption className="visually-hidden">Values at the end of the window</caption>
        <thead>
          <tr>
            <th aria-label="Query" />
            <th>Series{atMs !== undefined && ` at ${timestampLabel(atMs, zone)}`}</th>
            <th
              className="num"
              aria-sort={order === "given" ? "none" : order === "up" ? "ascending" : "descending"}
            >
              <button type="button" onClick={() => setOrder(next)}>
                Value {order === "up" ? "↑" : order === "down" ? "↓" : ""}
              </button>
            </th>
          </tr>
        </thead>
        <tbody>
          {cells.slice(0, rowsMax).map((cell) => (
            <tr key={cell.key}>
              <td className="dim">{cell.refId}</td>
              <td title={JSON.stringify(cell.labels)}>
                <SeriesName labels={cell.labels} />
              </td>
              <td className="num strong">{cell.histogram ?? formatPlainNumber(cell.value)}</td>
            </tr>
          ))}
          {rows
            .filter((row) => row.answer?.text !== undefined)
            .map((row) => (
              <tr key={row.refId}>
                <td className="dim">{row.refId}</td>
                <td className="mono">{row.answer?.text}</td>
                <td />
              </tr>
            ))}
        </tbody>
      </table>
      {cells.length > rowsMax && (
        <p className="palette-empty">
          The first {rowsMax} of {cells.length} series. Aggregate, or sort by value to see the ends.
        </p>
      )}
    </div>
  );
}
