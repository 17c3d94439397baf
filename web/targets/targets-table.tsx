/** The table of targets, grouped by pool. A row opens its drawer; the error stands under the address. */

import { systemClock } from "../../src/base/clock.ts";
import type { ActiveTarget } from "../api/server-queries.ts";
import { durationText } from "../ui/duration-text.ts";
import { Badge, type GlyphKind } from "../ui/glyph.tsx";
import { type TableColumn, TableHead } from "../ui/table-head.tsx";
import { downReason } from "./down-reason.ts";
import { type TargetPool, targetKey } from "./target-list.ts";
import { useTargetSamples } from "./use-target-samples.ts";

interface TargetsTableProps {
  readonly pools: readonly TargetPool[];
  readonly chosen: string | null;
  readonly onChoose: (key: string) => void;
}

/** Glyph and word of a health. */
export const healthBadge: Readonly<
  Record<ActiveTarget["health"], { kind: GlyphKind; word: string }>
> = {
  up: { kind: "ok", word: "Up" },
  down: { kind: "crit", word: "Down" },
  unknown: { kind: "pending", word: "Not yet" },
};

const targetColumns: readonly TableColumn[] = [
  { label: "State", width: 92 },
  { label: "Address" },
  { label: "Labels", width: "27%", className: "labels-column" },
  { label: "Last scrape", width: 112, isNumber: true },
  { label: "Took", width: 92, isNumber: true },
  { label: "Samples", width: 92, isNumber: true },
];

export function TargetsTable({ pools, chosen, onChoose }: TargetsTableProps) {
  const samples = useTargetSamples();
  const nowMs = systemClock.nowMs();
  return (
    <table className={`targets-table ${chosen === null ? "" : "is-narrow"}`}>
      <caption className="visually-hidden">Targets by scrape pool</caption>
      <TableHead columns={targetColumns} />
      {pools.map((pool) => (
        <tbody key={pool.name}>
          <tr className="pool-row">
            <td colSpan={targetColumns.length - 1}>
              {pool.name}{" "}
              <span className={pool.upCount < pool.totalCount ? "error-line" : "dim"}>
                {pool.upCount} of {pool.totalCount} up
              </span>
            </td>
            {/* Goes with the column of labels where there is no room for it. */}
            <td className="labels-column" />
          </tr>
          {pool.targets.map((target) => {
            const key = targetKey(target);
            return (
              <TargetRow
                key={key}
                target={target}
                nowMs={nowMs}
                sampleCount={samples(target)}
                isChosen={key === chosen}
                onChoose={() => onChoose(key)}
              />
            );
          })}
        </tbody>
      ))}
    </table>
  );
}

interface TargetRowProps {
  readonly target: ActiveTarget;
  readonly nowMs: number;
  readonly sampleCount: number | undefined;
  readonly isChosen: boolean;
  readonly onChoose: () => void;
}

function TargetRow({ target, nowMs, sampleCount, isChosen, onChoose }: TargetRowProps) {
  const health = healthBadge[target.health];
  return (
    <tr className={isChosen ? "is-chosen" : ""} onClick={onChoose}>
      <td>
        <Badge kind={health.kind}>{health.word}</Badge>
      </td>
      <td>
        <button type="button" className="target-address truncate" aria-expanded={isChosen}>
          {target.scrapeUrl}
        </button>
        {target.lastError !== "" && (
          <div className="error-line truncate" title={target.lastError}>
            {downReason(target)?.what} <span className="dim">{target.lastError}</span>
          </div>
        )}
      </td>
      <td className="labels-column">
        {tellingLabels(target).map(([name, value]) => (
          <span className="label-chip" key={name}>
            {name}={value}
          </span>
        ))}
      </td>
      <td className="num">{ageText(target.lastScrape, nowMs)}</td>
      <td className="num">
        {target.health === "unknown" ? "" : durationText(target.lastScrapeDuration * 1000)}
      </td>
      <td className="num">{sampleCount ?? ""}</td>
    </tr>
  );
}

/** Labels that say more than the pool and the address beside them; the drawer has all. */
function tellingLabels(target: ActiveTarget): readonly (readonly [string, string])[] {
  return Object.entries(target.labels).filter(
    ([name, value]) =>
      !(name === "job" && value === target.scrapePool) &&
      !(name === "instance" && target.scrapeUrl.includes(value)),
  );
}

/** How long ago an RFC 3339 time was; "not yet" for the zero time. */
export function ageText(time: string, nowMs: number): string {
  const instant = Date.parse(time);
  if (Number.isNaN(instant) || instant <= 0) return "not yet";
  const seconds = Math.max(0, (nowMs - instant) / 1000);
  if (seconds < 10) return `${seconds.toFixed(1)} s ago`;
  if (seconds < 120) return `${Math.round(seconds)} s ago`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min ago`;
  return `${Math.round(seconds / 3600)} h ago`;
}
