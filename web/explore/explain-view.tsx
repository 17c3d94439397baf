/** The tree view: each query as the tree of its parts, with series, samples and time of each on the server. */

import { useQueries } from "@tanstack/react-query";
import type { QueryNodesAnswer } from "../../src/api/wire/query-nodes.ts";
import { useApi, useMetadata } from "../api/server-queries.ts";
import { groupThousands } from "../charts/plain-number.ts";
import { chosenStepMs } from "../time/step.ts";
import { timedKey, usePageTime } from "../time/time-context.tsx";
import { durationText } from "../ui/duration-text.ts";
import { Icon } from "../ui/icon.tsx";
import { familyOf } from "./metric-facts.ts";
import { type TreeRow, treeRows } from "./query-tree.ts";
import type { ExploreRow } from "./use-explore-queries.ts";

interface ExplainViewProps {
  readonly rows: readonly ExploreRow[];
  readonly step: string;
  readonly onPick: (query: string) => void;
}

/** One tree a query, under each other. */
export function ExplainView({ rows, step, onPick }: ExplainViewProps) {
  const answers = useQueryNodes(rows, step);
  return (
    <div className="explain">
      {rows.map((row, index) => (
        <QueryTree key={row.refId} row={row} answer={answers[index]} onPick={onPick} />
      ))}
    </div>
  );
}

/** Costs of each row's query over the page's window; an error leaves the tree without figures. */
function useQueryNodes(rows: readonly ExploreRow[], step: string) {
  const client = useApi();
  const time = usePageTime();
  const { from, to } = time.text;
  return useQueries({
    queries: rows.map(({ expr }) => ({
      queryKey: [timedKey, "query-nodes", expr, from, to, step],
      enabled: expr.trim() !== "",
      staleTime: 1000,
      placeholderData: (before: QueryNodesAnswer | undefined) => before,
      queryFn: async ({ signal }: { signal: AbortSignal }) => {
        const { fromMs, toMs } = time.resolve();
        const stepMs = chosenStepMs(step, toMs - fromMs);
        const params = new URLSearchParams({
          query: expr,
          start: String((Math.floor(fromMs / stepMs) * stepMs) / 1000),
          end: String((Math.floor(toMs / stepMs) * stepMs) / 1000),
          step: String(stepMs / 1000),
        });
        return await client.own<QueryNodesAnswer>(`/query-nodes?${params}`, { signal });
      },
    })),
    combine: (results) => results.map(({ data }) => data),
  });
}

interface QueryTreeProps {
  readonly row: ExploreRow;
  readonly answer: QueryNodesAnswer | undefined;
  readonly onPick: (query: string) => void;
}

function QueryTree({ row, answer, onPick }: QueryTreeProps) {
  const tree = treeRows(row.expr, answer?.nodes ?? []);
  const wholeMs = tree[0]?.cost?.timeMs ?? 0;
  const metadata = useMetadata().data ?? {};
  const typeOf = (metric: string | undefined) =>
    metric === undefined
      ? undefined
      : metadata[familyOf(metric, (family) => metadata[family] !== undefined)]?.[0]?.type;
  return (
    <section className="explain-query" aria-label={`Parts of query ${row.refId}`}>
      <header className="explain-head">
        <span className="dim">{row.refId}</span>
        {answer !== undefined && <Figures answer={answer} />}
      </header>
      <table className="explain-table">
        <thead>
          <tr>
            <th>Part of the query</th>
            <th className="num">Series</th>
            <th className="num">Samples</th>
            <th className="num">Time</th>
            <th>Of its own</th>
            <th aria-label="Run" />
          </tr>
        </thead>
        <tbody>
          {tree.map((part, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the place in the tree is what a part is.
            <tr key={index}>
              <td title={part.text}>
                <PartName part={part} metricType={typeOf(part.metric)} />
              </td>
              <Costs part={part} wholeMs={wholeMs} />
              <td className="explain-run">
                {index > 0 && part.type === "vector" && (
                  <button
                    type="button"
                    className="control is-ghost is-small is-icon"
                    aria-label={`Run ${part.label} as a query of its own`}
                    title="Run this part as a query of its own"
                    onClick={() => onPick(part.text)}
                  >
                    <Icon name="plus" />
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Figures({ answer }: { readonly answer: QueryNodesAnswer }) {
  return (
    <span className="dim">
      {groupThousands(answer.totalQueryableSamples)} samples looked at, at most{" "}
      {groupThousands(answer.peakSamples)} held; {durationText(answer.selectMs)} to find series,{" "}
      {durationText(answer.evaluateMs)} to evaluate
    </span>
  );
}

/** The branches down to the part, then its words; what is inside stands for itself further down. */
function PartName({
  part,
  metricType,
}: {
  readonly part: TreeRow;
  readonly metricType: string | undefined;
}) {
  return (
    <span className="explain-part">
      {part.lines.slice(1).map((goesOn, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the level is what a line is.
        <i key={index} className={goesOn ? "branch is-through" : "branch"} />
      ))}
      {part.depth > 0 && <i className={part.isLast ? "branch is-end" : "branch is-fork"} />}
      <code className="truncate">{part.label}</code>
      {metricType !== undefined && <span className="label-chip">{metricType}</span>}
    </span>
  );
}

function Costs({ part, wholeMs }: { readonly part: TreeRow; readonly wholeMs: number }) {
  const { cost, selfMs = 0 } = part;
  if (cost === undefined) return <td colSpan={4} />;
  const share = wholeMs > 0 ? Math.min(1, selfMs / wholeMs) : 0;
  // A range selector's time is in its function.
  const hasTime = part.type !== "matrix";
  return (
    <>
      <td className="num strong">{groupThousands(cost.seriesCount)}</td>
      <td className="num mid">{groupThousands(cost.samples)}</td>
      <td className="num mid">{hasTime ? partTime(cost.timeMs) : ""}</td>
      <td>
        {hasTime && (
          <span className="explain-share">
            <i style={{ width: `${Math.max(share * 100, 0.5)}%` }} />
            <span className="dim num">{partTime(selfMs)}</span>
          </span>
        )}
      </td>
    </>
  );
}

/** `0.02 ms`: parts are often far below what `durationText` shows. */
function partTime(ms: number): string {
  return ms < 1 ? `${ms.toFixed(2)} ms` : durationText(ms);
}
