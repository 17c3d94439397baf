/**
 * The rail over every page: samples scraped (bars), the share of targets down (foot of a bar), hatch
 * where nothing was recorded, and the page's window, which can be dragged anew. All from real queries.
 */

import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { systemClock } from "../../src/base/clock.ts";
import type { TimeRange } from "../../src/dashboard/time-range.ts";
import { runInstantQuery, runRangeQuery, useApi } from "../api/server-queries.ts";
import { Link, useRoute } from "../router/router-context.tsx";
import { timeTickLabel, timeTickStep, timeTicks } from "../time/time-axis.ts";
import { usePageTime } from "../time/time-context.tsx";
import { Glyph } from "../ui/glyph.tsx";
import { Icon } from "../ui/icon.tsx";
import { pageHref } from "./navigation.tsx";
import { type RailBar, railBars, railWindow } from "./rail-model.ts";

/** The rail's own refresh while the page is live. */
const railEveryMs = 5000;

/** Bars, window and the targets' gauge. */
export function TimeRail() {
  const time = usePageTime();
  const client = useApi();
  const rail = useQuery({
    queryKey: ["rail", time.text.from, time.text.to],
    queryFn: async ({ signal }) => {
      const page = time.resolve();
      const window = railWindow(page, systemClock.nowMs());
      const ask = (expr: string) =>
        runRangeQuery(
          client,
          { expr, refId: "", ...window, fromMs: window.fromMs + window.stepMs },
          signal,
        );
      const [volume, up] = await Promise.all([ask("sum(scrape_samples_scraped)"), ask("avg(up)")]);
      return { page, window, bars: railBars(volume.series[0], up.series[0], window) };
    },
    refetchInterval: time.isLive ? railEveryMs : false,
    placeholderData: (before) => before,
  });
  return (
    // biome-ignore lint/a11y/useSemanticElements: the rail groups its buttons; a fieldset would bring a form's meaning.
    <div className="rail" role="group" aria-label="Time rail">
      <RailButtons />
      <div className="rail-line">{rail.data !== undefined && <RailLine {...rail.data} />}</div>
      <TargetsGauge />
    </div>
  );
}

function RailButtons() {
  const time = usePageTime();
  const step = (share: number) => {
    const { fromMs, toMs } = time.resolve();
    const to = Math.min(systemClock.nowMs(), toMs + (toMs - fromMs) * share);
    time.setRange(
      { from: String(Math.round(to - (toMs - fromMs))), to: String(Math.round(to)) },
      { replace: true },
    );
  };
  return (
    <div className="rail-buttons">
      <button
        type="button"
        className="control is-ghost is-small is-icon"
        aria-label="Step back"
        title="Step back (,)"
        onClick={() => step(-0.5)}
      >
        <Icon name="back" />
      </button>
      <button
        type="button"
        className="control is-ghost is-small is-icon"
        aria-label="Step forward"
        title="Step forward (.)"
        onClick={() => step(0.5)}
      >
        <Icon name="forward" />
      </button>
    </div>
  );
}

interface RailLineProps {
  readonly page: TimeRange;
  readonly window: TimeRange & { readonly stepMs: number };
  readonly bars: readonly RailBar[];
}

function RailLine({ page, window, bars }: RailLineProps) {
  const time = usePageTime();
  const ref = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<{ from: number; to: number }>();
  const span = window.toMs - window.fromMs;
  const share = (instant: number) => Math.min(1, Math.max(0, (instant - window.fromMs) / span));
  const at = (clientX: number) => {
    const box = ref.current?.getBoundingClientRect();
    return box === undefined ? 0 : Math.min(1, Math.max(0, (clientX - box.left) / box.width));
  };
  const shown = drag ?? { from: share(page.fromMs), to: share(page.toMs) };
  const left = Math.min(shown.from, shown.to) * 100;
  const width = Math.max(0.4, Math.abs(shown.to - shown.from) * 100);
  const finish = () => {
    if (drag === undefined) return;
    setDrag(undefined);
    const [from, to] = [Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)];
    const [fromMs, toMs] = [window.fromMs + from * span, window.fromMs + to * span];
    if (toMs - fromMs < Math.max(2000, span / 400)) return;
    time.setRange({ from: String(Math.round(fromMs)), to: String(Math.round(toMs)) });
  };
  return (
    <div
      ref={ref}
      className="rail-track"
      title="Samples scraped. Drag to choose a window."
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrag({ from: at(event.clientX), to: at(event.clientX) });
      }}
      onPointerMove={(event) => {
        if (drag !== undefined) setDrag({ from: drag.from, to: at(event.clientX) });
      }}
      onPointerUp={finish}
    >
      <RailBars bars={bars} />
      <RailTicks window={window} />
      <i className="rail-window" style={{ left: `${left}%`, width: `${width}%` }} />
    </div>
  );
}

/** One SVG, stretched: a unit of width is one bar. */
function RailBars({ bars }: { readonly bars: readonly RailBar[] }) {
  const first = bars.findIndex((bar) => bar.height !== undefined);
  return (
    <svg
      className="rail-bars"
      viewBox={`0 0 ${bars.length} 100`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {bars.map((bar, index) => {
        if (bar.height === undefined) {
          // Before the first sample there was no server: plain, not a hole.
          if (first === -1 || index < first) return null;
          return (
            <rect
              key={bar.fromMs}
              className="rail-hole"
              x={index}
              y="0"
              width="1.02"
              height="100"
            />
          );
        }
        const height = 12 + bar.height * 70;
        return (
          <g key={bar.fromMs}>
            <rect className="rail-bar" x={index} y={100 - height} width="0.72" height={height} />
            {bar.down > 0 && (
              <rect
                className="rail-down"
                x={index}
                y={100 - Math.max(12, height * bar.down)}
                width="0.72"
                height={Math.max(12, height * bar.down)}
              />
            )}
          </g>
        );
      })}
    </svg>
  );
}

function RailTicks({ window }: { readonly window: TimeRange }) {
  const { zone } = usePageTime();
  const widthPx = 900;
  const step = timeTickStep(window.toMs - window.fromMs, widthPx);
  return (
    <div className="rail-ticks" aria-hidden="true">
      {timeTicks(window.fromMs, window.toMs, { widthPx, zone }).map((tick) => {
        const left = ((tick - window.fromMs) / (window.toMs - window.fromMs)) * 100;
        return left > 95 ? null : (
          <span key={tick} style={{ left: `${left}%` }}>
            {timeTickLabel(tick, step, zone)}
          </span>
        );
      })}
    </div>
  );
}

/** How many targets answer now; leads to them. */
function TargetsGauge() {
  const { isLive } = usePageTime();
  const client = useApi();
  const { params } = useRoute();
  const targets = useQuery({
    queryKey: ["targets-up"],
    queryFn: async ({ signal }) => {
      const run = await runInstantQuery(
        client,
        { expr: 'count_values("state", up)', refId: "", atMs: systemClock.nowMs() },
        signal,
      );
      const count = (state: string) =>
        run.series.find((one) => one.labels["state"] === state)?.values[0] ?? 0;
      return { up: count("1"), down: count("0") };
    },
    refetchInterval: isLive ? railEveryMs : false,
  });
  if (targets.data === undefined) return <div className="rail-side" />;
  const { up, down } = targets.data;
  const total = up + down;
  return (
    <Link
      className="rail-side"
      href={pageHref(down > 0 ? "/targets?state=down" : "/targets", params)}
      title="Targets that answered their last scrape"
    >
      <span className="rail-gauge">
        <i className="rail-gauge-bar">
          <i style={{ width: `${total === 0 ? 0 : (up / total) * 100}%` }} />
        </i>
        <span>
          <b>
            {up} of {total}
          </b>{" "}
          <span className="dim">targets up</span>
        </span>
      </span>
      {down > 0 && <Glyph kind="crit" label={`${down} down`} />}
    </Link>
  );
}
