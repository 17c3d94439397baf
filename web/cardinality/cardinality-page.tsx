/**
 * Where the series come from: by metric with growth since the window began, by label and by pair, the
 * memory budget, and for a chosen metric its labels and what dropping would save. `sort`, `metric` and
 * `label` are in the address.
 */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { runInstantQuery, runRangeQuery, useApi } from "../api/server-queries.ts";
import { usePageDefaults } from "../app/page-defaults.ts";
import { PageFrame } from "../app/page-frame.tsx";
import { groupThousands } from "../charts/plain-number.ts";
import { Sparkline } from "../charts/sparkline.tsx";
import { useRoute, useRouter } from "../router/router-context.tsx";
import { timedKey, usePageTime } from "../time/time-context.tsx";
import { bytesText } from "../ui/bytes-text.ts";
import { Note, Skeleton } from "../ui/notes.tsx";
import { Segmented } from "../ui/segmented.tsx";
import { type TableColumn, TableHead } from "../ui/table-head.tsx";
import {
  growthQuery,
  type MetricRow,
  metricRows,
  type NamedCount,
  type TsdbStatus,
} from "./cardinality-model.ts";
import { MetricDrawer } from "./metric-drawer.tsx";
import "./cardinality.css";

/** Rows of each table. */
const rowsWanted = 50;
const sparkPoints = 60;

/** The page at /cardinality. */
export function CardinalityPage() {
  return (
    <PageFrame title="Cardinality" isFlush defaults={usePageDefaults()}>
      <Cardinality />
    </PageFrame>
  );
}

function useTsdbStatus() {
  const client = useApi();
  return useQuery({
    queryKey: [timedKey, "tsdb-status"],
    queryFn: async ({ signal }) =>
      (await client.prometheus<TsdbStatus>("status/tsdb", { limit: rowsWanted }, { signal })).data,
    placeholderData: keepPreviousData,
  });
}

function useGrowth(names: readonly string[]) {
  const client = useApi();
  const time = usePageTime();
  return useQuery({
    queryKey: [timedKey, "cardinality-growth", time.text.from, time.text.to, ...names],
    queryFn: async ({ signal }) => {
      const { fromMs, toMs } = time.resolve();
      const expr = growthQuery(names, toMs - fromMs);
      return (await runInstantQuery(client, { expr, refId: "", atMs: toMs }, signal)).series;
    },
    enabled: names.length > 0,
    placeholderData: keepPreviousData,
  });
}

/** Series and memory of this server over the window, from its own metrics. */
function useHeadHistory() {
  const client = useApi();
  const time = usePageTime();
  return useQuery({
    queryKey: [timedKey, "cardinality-head", time.text.from, time.text.to],
    queryFn: async ({ signal }) => {
      const range = time.resolve();
      const stepMs = Math.max(
        1000,
        Math.round((range.toMs - range.fromMs) / sparkPoints / 1000) * 1000,
      );
      const expr =
        '{__name__=~"prometheus_tsdb_head_(series|arena_bytes|memory_budget_bytes|series_refused_total)", job="ciliascope"}';
      const run = await runRangeQuery(client, { expr, refId: "", ...range, stepMs }, signal);
      const of = (name: string) => [
        ...(run.series.find(({ labels }) => labels["__name__"] === `prometheus_tsdb_head_${name}`)
          ?.values ?? []),
      ];
      return {
        series: of("series"),
        bytes: of("arena_bytes"),
        budget: of("memory_budget_bytes").at(-1),
        refused: of("series_refused_total").at(-1) ?? 0,
      };
    },
    placeholderData: keepPreviousData,
  });
}

function Cardinality() {
  const router = useRouter();
  const { params } = useRoute();
  const status = useTsdbStatus();
  const head = useHeadHistory();
  const sort = params.get("sort") === "growth" ? "growth" : "series";
  const names = status.data?.seriesCountByMetricName.map(({ name }) => name) ?? [];
  const growth = useGrowth(names);
  if (status.data === undefined) {
    return status.isError ? (
      <Note kind="crit" title="The series cannot be counted.">
        {status.error.message}
      </Note>
    ) : (
      <Skeleton label="Counting series" />
    );
  }
  const rows = metricRows(status.data, growth.data, sort);
  const metric = params.get("metric");
  return (
    <div className="split">
      <div className="split-main cardinality">
        <HeadFigures status={status.data} head={head.data} rows={rows} growth={growth.status} />
        <div className={`sheet cardinality-sheet ${metric === null ? "" : "is-narrow"}`}>
          <article className="panel">
            <div className="panel-head">
              <h2>Series by metric</h2>
              <span className="panel-meta">
                the {rows.length} largest, growth since the window began
              </span>
              <i className="spacer" />
              <Segmented
                isSmall
                label="Order"
                value={sort}
                options={[
                  { value: "series", label: "Most series" },
                  { value: "growth", label: "Grew most" },
                ]}
                onChange={(next) => router.setParams({ sort: next === "series" ? null : next })}
              />
            </div>
            <MetricTable
              rows={rows}
              total={status.data.headStats.numSeries}
              chosen={metric}
              onChoose={(name) => router.setParams({ metric: name, label: null })}
            />
          </article>
          <div className="cardinality-side">
            <CountTable
              title="Values by label"
              noun="Label"
              meta="Values"
              rows={status.data.labelValueCountByLabelName}
            />
            <CountTable
              title="Series by label pair"
              noun="Pair"
              meta="Series"
              rows={status.data.seriesCountByLabelValuePair}
            />
            <CountTable
              title="Bytes of values by label"
              noun="Label"
              meta="Bytes"
              rows={status.data.memoryInBytesByLabelName}
              format={bytesText}
            />
          </div>
        </div>
      </div>
      {metric !== null && (
        <MetricDrawer
          key={metric}
          metric={metric}
          total={status.data.headStats.numSeries}
          onClose={() => router.setParams({ metric: null, label: null })}
        />
      )}
    </div>
  );
}

/** What is said where no metric is the one that grew most. */
const growthNotes = {
  pending: "being counted",
  error: "the query failed: see Explore",
  success: "none has more than before",
} as const;

interface HeadFiguresProps {
  /** Of the query that counts growth. */
  readonly growth: keyof typeof growthNotes;
  readonly status: TsdbStatus;
  readonly head: ReturnType<typeof useHeadHistory>["data"];
  readonly rows: readonly MetricRow[];
}

function HeadFigures({ status, head, rows, growth }: HeadFiguresProps) {
  const { numSeries, numLabelPairs, chunkCount } = status.headStats;
  const first = head?.series[0];
  const grown = first === undefined ? undefined : numSeries - first;
  const top = rows.reduce<MetricRow | undefined>(
    (best, row) => ((row.growth ?? 0) > (best?.growth ?? 0) ? row : best),
    undefined,
  );
  return (
    <section className="cardinality-figures" aria-label="Series and memory">
      <Figure
        label="Series in memory"
        value={groupThousands(numSeries)}
        note={
          grown === undefined
            ? "no history of this server's own metrics"
            : `${grown >= 0 ? "+" : "−"}${groupThousands(Math.abs(grown))} in this window`
        }
        history={head?.series ?? []}
      />
      <Figure
        label="Grew most"
        value={top === undefined ? "–" : `+${groupThousands(top.growth ?? 0)}`}
        note={top?.name ?? growthNotes[growth]}
      />
      <Figure
        label="Label pairs"
        value={groupThousands(numLabelPairs)}
        note={`${groupThousands(chunkCount)} chunks`}
      />
      <MemoryFigure head={head} />
    </section>
  );
}

/** Memory against its budget, and what the budget refused. */
function MemoryFigure({ head }: Pick<HeadFiguresProps, "head">) {
  const used = head?.bytes.at(-1);
  const budget = head?.budget ?? 0;
  const refused = head?.refused ?? 0;
  const share = used === undefined || budget === 0 ? 0 : used / budget;
  // Without a scrape of itself the server has no history of its memory: that is not the same as no budget.
  const limit =
    used === undefined
      ? "no history of this server's own metrics"
      : budget === 0
        ? "no budget: --storage.memory-budget sets one"
        : `${(share * 100).toFixed(1)} % of ${bytesText(budget)}`;
  const parts = [limit, ...(refused > 0 ? [`${groupThousands(refused)} series refused`] : [])];
  return (
    <Figure
      label="Memory of series"
      value={used === undefined ? "–" : bytesText(used)}
      note={parts.join(", ")}
      history={head?.bytes ?? []}
      isWarning={share > 0.8 || refused > 0}
    />
  );
}

interface FigureProps {
  readonly label: string;
  readonly value: string;
  readonly note: string;
  readonly history?: readonly number[];
  readonly isWarning?: boolean;
}

function Figure({ label, value, note, history = [], isWarning = false }: FigureProps) {
  return (
    <div className="cardinality-figure">
      <span className="dim">{label}</span>
      <b className={isWarning ? "is-warning" : ""}>{value}</b>
      <span className="dim truncate" title={note}>
        {note}
      </span>
      <span className="cardinality-line">
        {history.length > 1 && (
          <Sparkline column={[...history]} color={isWarning ? "--warn" : "--fg-3"} />
        )}
      </span>
    </div>
  );
}

interface MetricTableProps {
  readonly rows: readonly MetricRow[];
  readonly total: number;
  readonly chosen: string | null;
  readonly onChoose: (name: string) => void;
}

const metricColumns: readonly TableColumn[] = [
  { label: "Metric" },
  { label: "Series", width: 84, isNumber: true },
  { label: "Share", width: 70, isNumber: true, className: "is-minor" },
  { label: "Growth", width: 84, isNumber: true },
  { label: "Series as a bar", width: 110, isUnnamed: true },
];

function MetricTable({ rows, total, chosen, onChoose }: MetricTableProps) {
  const top = Math.max(1, ...rows.map(({ series }) => series));
  return (
    <table className="count-table">
      <caption className="visually-hidden">Series by metric</caption>
      <TableHead columns={metricColumns} />
      <tbody>
        {rows.map(({ name, series, growth }) => (
          <tr
            key={name}
            className={name === chosen ? "is-chosen" : ""}
            onClick={() => onChoose(name)}
          >
            <td>
              <button
                type="button"
                className="count-name mono truncate"
                aria-expanded={name === chosen}
              >
                {name}
              </button>
            </td>
            <td className="num">{groupThousands(series)}</td>
            <td className="num dim is-minor">
              {((series / Math.max(1, total)) * 100).toFixed(1)} %
            </td>
            <td className={`num ${(growth ?? 0) > 0 ? "" : "dim"}`}>{growthText(growth)}</td>
            <td>
              <span className="count-bar">
                <i style={{ width: `${(series / top) * 100}%` }} />
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function growthText(growth: number | undefined): string {
  if (growth === undefined) return "–";
  if (growth === 0) return "0";
  return `${growth > 0 ? "+" : "−"}${groupThousands(Math.abs(growth))}`;
}

interface CountTableProps {
  readonly title: string;
  /** What the rows are. */
  readonly noun: string;
  readonly meta: string;
  readonly rows: readonly NamedCount[];
  readonly format?: (value: number) => string;
}

function CountTable({ title, noun, meta, rows, format = groupThousands }: CountTableProps) {
  const shown = rows.slice(0, 12);
  const top = Math.max(1, ...shown.map(({ value }) => value));
  return (
    <article className="panel">
      <div className="panel-head">
        <h2>{title}</h2>
      </div>
      <table className="count-table">
        <caption className="visually-hidden">{title}</caption>
        <TableHead
          columns={[
            { label: noun },
            { label: meta, width: 92, isNumber: true },
            { label: `${meta} as a bar`, width: 110, isUnnamed: true },
          ]}
        />
        <tbody>
          {shown.map(({ name, value }) => (
            <tr key={name}>
              <td className="mono truncate" title={name}>
                {name}
              </td>
              <td className="num">{format(value)}</td>
              <td>
                <span className="count-bar">
                  <i style={{ width: `${(value / top) * 100}%` }} />
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </article>
  );
}
