/** Drops by reason and direction: now, as usual, and a bar; a row leads to its flows. */

import type { QuerySeries } from "../api/query-series.ts";
import { pageHref } from "../app/navigation.tsx";
import { Link, useRoute } from "../router/router-context.tsx";
import { Note } from "../ui/notes.tsx";
import { rateText } from "./figure-text.ts";
import { dropKey, lastValue, partOf, type Usual } from "./overview-queries.ts";

interface DropsTableProps {
  readonly moment: readonly QuerySeries[];
  readonly usual: Usual | undefined;
  /** Some counter of drops is scraped. */
  readonly isCounted: boolean;
}

interface DropRow {
  readonly key: string;
  readonly reason: string;
  readonly direction: string;
  readonly now: number;
  readonly usual: number | undefined;
  readonly path: string;
}

/** Rows shown. */
const rowsMax = 8;
const unusualFactor = 3;

export function DropsTable({ moment, usual, isCounted }: DropsTableProps) {
  const { params } = useRoute();
  const rows = dropRows(moment, usual).slice(0, rowsMax);
  const top = Math.max(...rows.map((row) => Math.max(row.now, row.usual ?? 0)), 0.01);
  return (
    <article className="panel">
      <div className="panel-head">
        <h2>Drops now against usual</h2>
        <i className="spacer" />
        <Link
          className="link small-link"
          href={pageHref(`/flows?q=${encodeURIComponent("--verdict DROPPED")}`, params)}
        >
          Open in flows
        </Link>
      </div>
      {rows.length === 0 ? (
        <Note
          kind={isCounted ? "ok" : "mute"}
          title={isCounted ? "Nothing is dropped." : "Nobody counts drops."}
        >
          {isCounted
            ? "The counters of drops did not move: a true zero for what is scraped."
            : "Neither cilium_drop_count_total nor hubble_drop_total is scraped here."}
        </Note>
      ) : (
        <div className="overview-scroll">
          <table>
            <caption className="visually-hidden">Drops a second by reason and direction</caption>
            <thead>
              <tr>
                <th>Reason</th>
                <th>Direction</th>
                <th className="num">Now /s</th>
                <th className="num">Usual</th>
                <th className="drop-bar-column">
                  <span className="visually-hidden">Now as a bar</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <Row key={row.key} row={row} top={top} href={pageHref(row.path, params)} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </article>
  );
}

function Row({ row, top, href }: { row: DropRow; top: number; href: string }) {
  const isUnusual =
    row.now > 0.01 &&
    (row.usual === undefined || row.now > Math.max(row.usual * unusualFactor, 0.05));
  return (
    <tr>
      <td>
        <Link className="plain-link" href={href}>
          {row.reason}
        </Link>
      </td>
      <td className="mid">{row.direction}</td>
      <td className={`num ${isUnusual ? "is-unusual" : ""}`}>{rateText(row.now)}</td>
      <td className="num dim">{row.usual === undefined ? "–" : rateText(row.usual)}</td>
      <td className="drop-bar-column">
        <span className="drop-bar">
          <i
            className={isUnusual ? "is-unusual" : ""}
            style={{ width: `${Math.max(row.now > 0 ? 2 : 0, (row.now / top) * 100)}%` }}
          />
        </span>
      </td>
    </tr>
  );
}

/** Rows of drops now and of those that are usual but absent now, most first; L7 denials as a row of their own. */
export function dropRows(
  moment: readonly QuerySeries[],
  usual: Usual | undefined,
): readonly DropRow[] {
  const rows = new Map<string, DropRow>();
  const add = (key: string, now: number) => {
    const [reason = "", direction = ""] = key.split("\t");
    const flag = reason.toUpperCase().replaceAll(" ", "_");
    const side = direction === "" ? "" : ` --traffic-direction ${direction.toLowerCase()}`;
    rows.set(key, {
      key,
      reason: sentenceCase(reason.replaceAll("_", " ")),
      direction: sentenceCase(direction),
      now,
      usual: usual?.days === undefined ? undefined : (usual.dropsBy.get(key) ?? 0),
      path: `/flows?q=${encodeURIComponent(`--drop-reason-desc ${flag}${side}`)}`,
    });
  };
  for (const one of partOf(moment, "drops")) add(dropKey(one.labels), lastValue(one) ?? 0);
  for (const key of usual?.dropsBy.keys() ?? []) if (!rows.has(key)) add(key, 0);
  const l7 = lastValue(partOf(moment, "l7")[0]);
  if (l7 !== undefined) {
    rows.set("l7", {
      key: "l7",
      reason: "Policy denied (L7)",
      direction: "Proxy",
      now: l7,
      usual: usual?.l7,
      path: `/flows?q=${encodeURIComponent("--verdict DROPPED --type l7")}`,
    });
  }
  return [...rows.values()].sort((a, b) => b.now - a.now || (b.usual ?? 0) - (a.usual ?? 0));
}

function sentenceCase(text: string): string {
  const lower = /^[A-Z ]+$/.test(text) ? text.toLowerCase() : text;
  return `${lower.slice(0, 1).toUpperCase()}${lower.slice(1)}`;
}
