/** One alert in full: what it says, its query drawn over the page's window, the rule, labels and run-book. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { systemClock } from "../../src/base/clock.ts";
import { seriesText } from "../api/query-series.ts";
import { runRangeQuery, useApi } from "../api/server-queries.ts";
import { ListDrawer, type ListDrawerNavigation } from "../app/list-drawer.tsx";
import { pageHref } from "../app/navigation.tsx";
import { alignSeries } from "../charts/chart-columns.ts";
import type { ChartSpec } from "../charts/chart-spec.ts";
import { formatPlainNumber, formatTick } from "../charts/plain-number.ts";
import { slotColor } from "../charts/series-colors.ts";
import { useSeriesVisibility } from "../charts/series-visibility.ts";
import { TimeChart } from "../charts/time-chart.tsx";
import { Link, useRoute } from "../router/router-context.tsx";
import { autoStepMs } from "../time/step.ts";
import { timedKey, usePageTime } from "../time/time-context.tsx";
import { useZoom } from "../time/use-zoom.ts";
import { type AlertRow, safeLink } from "./alert-rows.ts";
import { spanText, stateBadges } from "./alerts-table.tsx";

interface AlertDrawerProps extends ListDrawerNavigation {
  readonly row: AlertRow;
}

/** Series drawn at most. */
const seriesMax = 12;

export function AlertDrawer({ row, ...navigation }: AlertDrawerProps) {
  const { params } = useRoute();
  const runbook = safeLink(row.annotations["runbook_url"]);
  const query = row.rule?.query;
  return (
    <ListDrawer
      {...navigation}
      noun="alert"
      keyGroup="Alerts"
      badge={stateBadges[row.state]}
      head={
        row.activeMs !== undefined && (
          <span className="dim">for {spanText(systemClock.nowMs() - row.activeMs)}</span>
        )
      }
      foot={
        <>
          {query !== undefined && (
            <Link
              className="control is-primary"
              href={pageHref(`/explore?q=${encodeURIComponent(query)}`, params)}
            >
              Query in Explore
            </Link>
          )}
          {runbook !== undefined && (
            <a className="control" href={runbook} target="_blank" rel="noreferrer">
              Run-book
            </a>
          )}
        </>
      }
    >
      <section className="drawer-section">
        <h2 className="alert-title">{row.name}</h2>
        {Object.entries(row.annotations)
          .filter(([name]) => name !== "runbook_url")
          .map(([name, text]) => (
            <p key={name} className="mid">
              {text}
            </p>
          ))}
      </section>
      {query !== undefined && <AlertGraph query={query} />}
      {row.rule !== undefined && (
        <section className="drawer-section">
          <h3>Rule {row.group !== undefined && <span className="mono">{row.group.file}</span>}</h3>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reached by keys. */}
          <pre className="code-block" tabIndex={0}>
            {row.rule.query}
          </pre>
          <p className="dim">
            {row.rule.duration > 0
              ? `Fires after ${spanText(row.rule.duration * 1000)} without a break.`
              : "Fires at once."}
          </p>
        </section>
      )}
      <section className="drawer-section">
        <h3>Labels</h3>
        {Object.entries(row.labels).map(([name, value]) => (
          <span className="label-chip" key={name}>
            {name}={value}
          </span>
        ))}
      </section>
    </ListDrawer>
  );
}

const formats = {
  value: (value: number, step?: number) =>
    step === undefined ? formatPlainNumber(value) : formatTick(value, step),
};

/** The rule's query over the page's window: where it has points, its condition held. */
function AlertGraph({ query }: { readonly query: string }) {
  const client = useApi();
  const time = usePageTime();
  const zoom = useZoom();
  const run = useQuery({
    queryKey: [timedKey, "alert-graph", query, time.text.from, time.text.to],
    queryFn: async ({ signal }) => {
      const range = time.resolve();
      const stepMs = autoStepMs(range.toMs - range.fromMs);
      const answer = await runRangeQuery(
        client,
        { expr: query, refId: "", ...range, stepMs },
        signal,
      );
      return { series: answer.series.slice(0, seriesMax), range, stepMs };
    },
    placeholderData: keepPreviousData,
  });
  const built = useMemo(() => {
    if (run.data === undefined) return undefined;
    const { series, range, stepMs } = run.data;
    const spec: ChartSpec = {
      series: series.map((one, slot) => ({
        label: seriesText(one.labels),
        color: slotColor(slot),
        drawStyle: "line",
        interpolation: "linear",
        lineWidth: 1.4,
        fillOpacity: series.length === 1 ? 0.13 : 0,
        pointSize: 4,
        pointsMode: "auto",
        axis: "left",
        bridgeMs: 0,
        format: "value",
      })),
      left: { format: "value" },
      thresholds: [],
      zone: time.zone,
    };
    return { spec, data: { ...alignSeries(series, { ...range, stepMs }), ...range } };
  }, [run.data, time.zone]);
  const visibility = useSeriesVisibility(built?.spec.series.map(({ label }) => label) ?? []);
  return (
    <section className="drawer-section">
      <h3>Where the condition held</h3>
      {run.isError && <p className="error-line">{run.error.message}</p>}
      {built !== undefined && built.spec.series.length === 0 && (
        <p className="dim">Nowhere in this window.</p>
      )}
      {built !== undefined && built.spec.series.length > 0 && (
        <div className="alert-graph">
          <TimeChart
            spec={built.spec}
            data={built.data}
            formats={formats}
            visibility={visibility}
            summary="The rule's query over the window"
            onZoom={zoom.into}
            onZoomBack={zoom.back}
          />
        </div>
      )}
    </section>
  );
}
