/** One metric: its labels with what each multiplies, the values with most series, and the relabel config that would drop it or one value. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useApi } from "../api/server-queries.ts";
import { useKeys } from "../app/keys-context.ts";
import { pageHref } from "../app/navigation.tsx";
import { groupThousands } from "../charts/plain-number.ts";
import { Link, useRoute, useRouter } from "../router/router-context.tsx";
import { usePageTime } from "../time/time-context.tsx";
import { CloseButton } from "../ui/close-button.tsx";
import { Icon } from "../ui/icon.tsx";
import { Skeleton } from "../ui/notes.tsx";
import { type TableColumn, TableHead } from "../ui/table-head.tsx";
import { type DropChoice, dropSnippet, type LabelRow, labelRows } from "./cardinality-model.ts";

interface MetricDrawerProps {
  readonly metric: string;
  /** Series of all metrics. */
  readonly total: number;
  readonly onClose: () => void;
}

/** Series read of one metric: the breakdown of more is of a part, and says so. */
const seriesMax = 20_000;

export function MetricDrawer({ metric, total, onClose }: MetricDrawerProps) {
  const router = useRouter();
  const { params } = useRoute();
  const [value, setValue] = useState<string>();
  const series = useMetricSeries(metric);
  const rows = useMemo(() => labelRows(series.data ?? []), [series.data]);
  useKeys([{ keys: "Escape", label: "Close the metric", group: "Cardinality", run: onClose }]);
  const label = rows.find((row) => row.label === params.get("label"));
  const count = series.data?.length ?? 0;
  const saved =
    label !== undefined && value !== undefined
      ? (label.top.find(({ name }) => name === value)?.value ?? 0)
      : count;
  const choice: DropChoice =
    label !== undefined && value !== undefined ? { metric, label: label.label, value } : { metric };
  return (
    <aside className="drawer" aria-label="Metric">
      <div className="drawer-head">
        <h2 className="truncate mono" title={metric}>
          {metric}
        </h2>
        <i className="spacer" />
        <CloseButton label="Close the metric" isDrawer onClose={onClose} />
      </div>
      <div className="drawer-body">
        {series.isError && <p className="drawer-section error-line">{series.error.message}</p>}
        {series.data === undefined && !series.isError && <Skeleton label="Reading the series" />}
        {series.data !== undefined && (
          <>
            <section className="drawer-section">
              <h3>
                {groupThousands(count)} series in this window
                {count >= seriesMax && `, the first ${groupThousands(seriesMax)} are counted`}
              </h3>
              <LabelTable
                rows={rows}
                count={count}
                chosen={label?.label}
                onChoose={(name) => {
                  setValue(undefined);
                  router.setParams({ label: name });
                }}
              />
            </section>
            {label !== undefined && (
              <ValueSection label={label} value={value} onChoose={setValue} />
            )}
            <WhatIf choice={choice} saved={saved} total={total} />
          </>
        )}
      </div>
      <div className="drawer-foot">
        <Link
          className="control is-primary"
          href={pageHref(`/explore?q=${encodeURIComponent(metric)}`, params)}
        >
          Open in Explore
        </Link>
        <Link
          className="control"
          href={pageHref(
            `/explore?view=table&q=${encodeURIComponent(`count by (job, instance) (${metric})`)}`,
            params,
          )}
        >
          Which targets
        </Link>
      </div>
    </aside>
  );
}

function useMetricSeries(metric: string) {
  const client = useApi();
  const time = usePageTime();
  return useQuery({
    queryKey: ["metric-series", metric, time.text.from, time.text.to],
    queryFn: async ({ signal }) => {
      const { fromMs, toMs } = time.resolve();
      const params = {
        "match[]": `{__name__=${JSON.stringify(metric)}}`,
        start: fromMs / 1000,
        end: toMs / 1000,
        limit: seriesMax,
      };
      const answer = await client.prometheus<readonly Readonly<Record<string, string>>[]>(
        "series",
        params,
        { signal },
      );
      return answer.data;
    },
    placeholderData: keepPreviousData,
  });
}

interface LabelTableProps {
  readonly rows: readonly LabelRow[];
  readonly count: number;
  readonly chosen: string | undefined;
  readonly onChoose: (label: string) => void;
}

const labelColumns: readonly TableColumn[] = [
  { label: "Label" },
  { label: "Values", isNumber: true },
  { label: "Without it", isNumber: true },
  { label: "Multiplies by", isNumber: true },
];

function LabelTable({ rows, count, chosen, onChoose }: LabelTableProps) {
  return (
    <table className="count-table">
      <caption className="visually-hidden">Labels of the metric</caption>
      <TableHead columns={labelColumns} />
      <tbody>
        {rows.map(({ label, values, withoutIt }) => (
          <tr
            key={label}
            className={label === chosen ? "is-chosen" : ""}
            onClick={() => onChoose(label)}
          >
            <td>
              <button type="button" className="count-name mono" aria-expanded={label === chosen}>
                {label}
              </button>
            </td>
            <td className="num">{groupThousands(values)}</td>
            <td className="num">{groupThousands(withoutIt)}</td>
            <td className="num">{(count / Math.max(1, withoutIt)).toFixed(1)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface ValueSectionProps {
  readonly label: LabelRow;
  readonly value: string | undefined;
  readonly onChoose: (value: string | undefined) => void;
}

function ValueSection({ label, value, onChoose }: ValueSectionProps) {
  return (
    <section className="drawer-section">
      <h3>
        Values of <span className="mono">{label.label}</span> with most series
      </h3>
      <ul className="value-list">
        {label.top.map(({ name, value: series }) => (
          <li key={name}>
            <button
              type="button"
              className={`chip ${name === value ? "is-on" : ""}`}
              aria-pressed={name === value}
              onClick={() => onChoose(name === value ? undefined : name)}
            >
              <span className="mono truncate">{name === "" ? "(absent)" : name}</span>
              <span className="dim">{groupThousands(series)}</span>
            </button>
          </li>
        ))}
      </ul>
      {label.values > label.top.length && (
        <p className="dim">and {groupThousands(label.values - label.top.length)} more values</p>
      )}
    </section>
  );
}

interface WhatIfProps {
  readonly choice: DropChoice;
  readonly saved: number;
  readonly total: number;
}

/** What dropping saves, with the lines to copy. */
function WhatIf({ choice, saved, total }: WhatIfProps) {
  const [copied, setCopied] = useState("");
  const snippet = dropSnippet(choice);
  return (
    <section className="drawer-section">
      <h3>What if it were dropped</h3>
      <p>
        Saves {groupThousands(saved)} of {groupThousands(total)} series (
        {((saved / Math.max(1, total)) * 100).toFixed(1)} %)
        {choice.label === undefined
          ? "; choose a label above to drop one value only."
          : `: those of ${choice.label}="${choice.value}".`}{" "}
        <span className="dim">
          They go at the next scrapes of the job whose scrape config has these lines; samples
          already stored stay.
        </span>
      </p>
      <div className="code-with-copy">
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reached by keys. */}
        <pre className="code-block" tabIndex={0}>
          {snippet}
        </pre>
        <button
          type="button"
          className="control is-small is-icon"
          aria-label="Copy the relabel config"
          title={copied === snippet ? "Copied" : "Copy"}
          onClick={() =>
            void navigator.clipboard?.writeText(snippet).then(() => setCopied(snippet))
          }
        >
          <Icon name="copy" />
        </button>
      </div>
    </section>
  );
}
