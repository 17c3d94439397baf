/** Targets that discovery found and relabelling dropped: what they were, and the relabel config that dropped them. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import type {
  DroppedTargetAnswer,
  DroppedTargetsAnswer,
} from "../../src/api/wire/dropped-targets.ts";
import { useApi } from "../api/server-queries.ts";
import { timedKey } from "../time/time-context.tsx";
import { Note, Skeleton } from "../ui/notes.tsx";
import { type TableColumn, TableHead } from "../ui/table-head.tsx";

/** Pool and text as the address has them. */
export interface DroppedFilter {
  readonly pool: string;
  readonly text: string;
}

const droppedColumns: readonly TableColumn[] = [
  { label: "Pool", width: 150 },
  { label: "Address", width: "24%" },
  { label: "Dropped by" },
  { label: "Discovered labels", width: "28%" },
];

export function DroppedTargets({ filter }: { readonly filter: DroppedFilter }) {
  const client = useApi();
  const dropped = useQuery({
    queryKey: [timedKey, "dropped-targets"],
    queryFn: ({ signal }) =>
      client.own<DroppedTargetsAnswer>("/dropped-targets?limit=1000", { signal }),
    placeholderData: keepPreviousData,
  });
  if (dropped.data === undefined) {
    return dropped.isError ? (
      <Note kind="crit" title="The dropped targets cannot be read.">
        {dropped.error.message}
      </Note>
    ) : (
      <Skeleton label="Reading dropped targets" />
    );
  }
  const { targets, counts } = dropped.data;
  const shown = targets.filter((target) => passes(target, filter));
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (total === 0) {
    return (
      <Note kind="ok" title="Relabelling drops no target.">
        Every target that discovery finds is scraped.
      </Note>
    );
  }
  return (
    <>
      <table className="targets-table">
        <caption className="visually-hidden">
          Dropped targets and the rule that dropped them
        </caption>
        <TableHead columns={droppedColumns} />
        <tbody>
          {shown.map((target) => (
            <tr key={`${target.pool} ${JSON.stringify(target.discoveredLabels)}`}>
              <td>{target.pool}</td>
              <td className="mono">{target.discoveredLabels["__address__"]}</td>
              <td className="dropped-rule">
                <RuleText rule={target.droppedBy} />
              </td>
              <td>
                <span className="truncate" title={labelsText(target)}>
                  {Object.entries(target.discoveredLabels)
                    .filter(([name]) => name.startsWith("__meta_") || !name.startsWith("__"))
                    .map(([name, value]) => (
                      <span className="label-chip" key={name}>
                        {name}={value}
                      </span>
                    ))}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="dim dropped-foot">
        {shown.length === 0 && "None matches the filter. "}
        {total > targets.length
          ? `${total} were dropped; the ${targets.length} that are kept for this list are shown (keep_dropped_targets).`
          : `${total} dropped in all.`}
      </p>
    </>
  );
}

function RuleText({ rule }: { readonly rule: DroppedTargetAnswer["droppedBy"] }) {
  if (rule === null) {
    return (
      <span className="mid">
        The configuration in force would keep it: it was dropped before the last reload, or has no
        address.
      </span>
    );
  }
  const { index, action, sourceLabels, value, regex, targetLabel } = rule;
  const names = sourceLabels.join(", ");
  return (
    <>
      <code>relabel_configs[{index}]</code>{" "}
      <span className="mid">
        {action === "keep" && `keeps only ${names} =~ "${regex}", this has "${value}"`}
        {action === "drop" && `drops ${names} =~ "${regex}", this has "${value}"`}
        {action === "keepequal" &&
          `keeps only where ${names} equals ${targetLabel}, this has "${value}"`}
        {action === "dropequal" &&
          `drops where ${names} equals ${targetLabel}, this has "${value}"`}
      </span>
    </>
  );
}

function labelsText({ discoveredLabels }: DroppedTargetAnswer): string {
  return Object.entries(discoveredLabels)
    .map(([name, value]) => `${name}=${value}`)
    .join("\n");
}

function passes(target: DroppedTargetAnswer, { pool, text }: DroppedFilter): boolean {
  if (pool !== "" && target.pool !== pool) return false;
  const haystack = labelsText(target).toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => haystack.includes(word));
}
