/** The table of alerts: state, name, what, the last six hours, value, for how long. */

import { systemClock } from "../../src/base/clock.ts";
import { parseSampleValue, type QuerySeries } from "../api/query-series.ts";
import { formatPlainNumber } from "../charts/plain-number.ts";
import { Badge, type GlyphKind } from "../ui/glyph.tsx";
import { type TableColumn, TableHead } from "../ui/table-head.tsx";
import { type AlertRow, type AlertState, alertHistory } from "./alert-rows.ts";

/** Glyph and word of a state. */
export const stateBadges: Readonly<Record<AlertState, { kind: GlyphKind; word: string }>> = {
  firing: { kind: "crit", word: "Firing" },
  pending: { kind: "pending", word: "Pending" },
  normal: { kind: "ok", word: "Normal" },
};

interface AlertsTableProps {
  readonly groups: readonly { readonly name: string; readonly rows: readonly AlertRow[] }[];
  readonly history:
    | {
        readonly series: readonly QuerySeries[];
        readonly window: {
          readonly fromMs: number;
          readonly toMs: number;
          readonly stepMs: number;
        };
      }
    | undefined;
  readonly chosen: string | undefined;
  readonly onChoose: (key: string) => void;
}

const alertColumns: readonly TableColumn[] = [
  { label: "State", width: 96 },
  { label: "Alert", width: "24%" },
  { label: "What" },
  { label: "Last 6 hours", width: 140 },
  { label: "Value", width: 92, isNumber: true },
  { label: "For", width: 84, isNumber: true },
];

export function AlertsTable({ groups, history, chosen, onChoose }: AlertsTableProps) {
  const nowMs = systemClock.nowMs();
  return (
    <table className="alerts-table">
      <caption className="visually-hidden">Alerts, firing ones first</caption>
      <TableHead columns={alertColumns} />
      {groups.map((group) => (
        <tbody key={group.name}>
          {group.name !== "" && (
            <tr className="pool-row">
              <td colSpan={6}>
                {group.name} <span className="dim">{group.rows.length}</span>
              </td>
            </tr>
          )}
          {group.rows.map((row) => {
            const badge = stateBadges[row.state];
            const kind = row.state === "firing" && !row.isCritical ? "warn" : badge.kind;
            return (
              <tr
                key={row.key}
                className={row.key === chosen ? "is-chosen" : ""}
                onClick={() => onChoose(row.key)}
              >
                <td>
                  <Badge kind={kind}>{badge.word}</Badge>
                </td>
                <td>
                  <button
                    type="button"
                    className="alert-name truncate"
                    aria-expanded={row.key === chosen}
                  >
                    {row.name}
                  </button>
                </td>
                <td className="mid">{whatOf(row)}</td>
                <td>{history !== undefined && <HistoryBar row={row} history={history} />}</td>
                <td className="num">
                  {row.value === "" ? "–" : formatPlainNumber(parseSampleValue(row.value))}
                </td>
                <td className="num">
                  {row.activeMs === undefined ? "–" : spanText(nowMs - row.activeMs)}
                </td>
              </tr>
            );
          })}
        </tbody>
      ))}
    </table>
  );
}

function whatOf({ annotations, labels }: AlertRow): string {
  const told = annotations["summary"] ?? annotations["description"];
  if (told !== undefined) return told;
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}

function HistoryBar({
  row,
  history,
}: {
  readonly row: AlertRow;
  readonly history: NonNullable<AlertsTableProps["history"]>;
}) {
  const spans = alertHistory(row, history.series, history.window);
  return (
    <span
      className="alert-history"
      role="img"
      aria-label={
        spans.length === 0 ? "Not active in the last 6 hours" : `Active ${spans.length} times`
      }
    >
      {spans.map(({ from, to, isFiring }) => (
        <i
          key={`${from} ${isFiring}`}
          className={isFiring ? (row.isCritical ? "is-critical" : "is-firing") : "is-waiting"}
          style={{ left: `${from * 100}%`, width: `max(3px, ${(to - from) * 100}%)` }}
        />
      ))}
    </span>
  );
}

/** `39 min`, `3 h 21`, `2 d`. */
export function spanText(ms: number): string {
  const minutes = Math.floor(Math.max(0, ms) / 60_000);
  if (minutes < 1) return `${Math.floor(Math.max(0, ms) / 1000)} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48
    ? `${hours} h ${String(minutes % 60).padStart(2, "0")}`
    : `${Math.floor(hours / 24)} d`;
}
