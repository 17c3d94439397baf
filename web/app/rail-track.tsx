/**
 * The rail's track: bars, holes, alert glyphs, ticks, and the page's window. The window's middle moves
 * it, its handles change its ends (pointer or arrow keys), dragging elsewhere chooses a new one,
 * scrolling changes the scale.
 */

import { type PointerEvent, useEffect, useRef, useState } from "react";
import { systemClock } from "../../src/base/clock.ts";
import type { TimeRange } from "../../src/dashboard/time-range.ts";
import { Link, useRoute } from "../router/router-context.tsx";
import { timestampLabel, timeTickLabel, timeTickStep, timeTicks } from "../time/time-axis.ts";
import { usePageTime } from "../time/time-context.tsx";
import { Glyph } from "../ui/glyph.tsx";
import { pageHref } from "./navigation.tsx";
import type { RailData } from "./rail-data.ts";
import { type RailAlert, type RailBar, windowText } from "./rail-model.ts";

interface RailTrackProps {
  readonly rail: RailData;
  readonly onScale: (steps: number) => void;
}

/** What is being dragged, with the window as shares of the rail. */
interface Drag {
  readonly kind: "new" | "move" | "from" | "to";
  readonly from: number;
  readonly to: number;
  readonly startedAt: number;
}

/** Scrolls closer together than this are one. */
const wheelPauseMs = 160;
/** A window cannot be shorter, ms. */
const windowMinMs = 2000;

export function RailTrack({ rail, onScale }: RailTrackProps) {
  const { window } = rail;
  const ref = useRef<HTMLDivElement>(null);
  const spanMs = window.toMs - window.fromMs;
  const share = (instant: number) => clamp((instant - window.fromMs) / spanMs);
  const { drag, events } = useWindowDrag(rail);
  useWheel(ref, onScale);
  const shown = drag ?? { from: share(rail.page.fromMs), to: share(rail.page.toMs) };
  const from = Math.min(shown.from, shown.to);
  const to = Math.max(shown.from, shown.to);
  return (
    <div
      ref={ref}
      className="rail-track"
      title={
        rail.counts === "flows"
          ? "Flows, with the dropped part at the foot. Drag to choose a window, scroll to change the scale."
          : "Samples scraped, with the share of targets down at the foot. Drag to choose a window, scroll to change the scale."
      }
      {...events}
    >
      <RailBars rail={rail} />
      <RailHoles rail={rail} />
      <RailTicks window={window} />
      <RailAlerts alerts={rail.alerts} window={window} />
      <div
        className="rail-window"
        data-drag="move"
        style={{ left: `${from * 100}%`, width: `${Math.max(0.4, (to - from) * 100)}%` }}
      >
        <WindowHandle side="from" rail={rail} />
        <WindowHandle side="to" rail={rail} />
      </div>
    </div>
  );
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}

/** An end of the window, as a slider for the arrow keys. */
function WindowHandle({ side, rail }: { readonly side: "from" | "to"; readonly rail: RailData }) {
  const time = usePageTime();
  const { window, page } = rail;
  const valueMs = side === "from" ? page.fromMs : page.toMs;
  const move = (shareOfRail: number) => {
    const { fromMs, toMs } = time.resolve();
    const byMs = (window.toMs - window.fromMs) * shareOfRail;
    const nowMs = systemClock.nowMs();
    const next =
      side === "from"
        ? { fromMs: Math.min(fromMs + byMs, toMs - windowMinMs), toMs }
        : { fromMs, toMs: Math.min(nowMs, Math.max(toMs + byMs, fromMs + windowMinMs)) };
    time.setRange(windowText(next.fromMs, next.toMs, window, nowMs), { replace: true });
  };
  return (
    <div
      role="slider"
      tabIndex={0}
      className={`rail-handle is-${side}`}
      data-drag={side}
      aria-label={side === "from" ? "Start of the window" : "End of the window"}
      aria-valuemin={window.fromMs}
      aria-valuemax={window.toMs}
      aria-valuenow={Math.round(valueMs)}
      aria-valuetext={timestampLabel(Math.round(valueMs / 1000) * 1000, time.zone)}
      onKeyDown={(event) => {
        const step = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
        if (step === 0) return;
        event.preventDefault();
        event.stopPropagation();
        move(step * (event.shiftKey ? 0.05 : 0.005));
      }}
    />
  );
}

function useWindowDrag(rail: RailData) {
  const time = usePageTime();
  const [drag, setDrag] = useState<Drag>();
  const { window } = rail;
  const spanMs = window.toMs - window.fromMs;
  const share = (instant: number) => clamp((instant - window.fromMs) / spanMs);
  const place = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    return clamp((event.clientX - box.left) / Math.max(1, box.width));
  };
  const finish = () => {
    if (drag === undefined) return;
    setDrag(undefined);
    const fromMs = window.fromMs + Math.min(drag.from, drag.to) * spanMs;
    const toMs = window.fromMs + Math.max(drag.from, drag.to) * spanMs;
    const isMoved = drag.from !== share(rail.page.fromMs) || drag.to !== share(rail.page.toMs);
    if (!isMoved || toMs - fromMs < Math.max(windowMinMs, spanMs / 400)) return;
    time.setRange(windowText(fromMs, toMs, window, systemClock.nowMs()));
  };
  return {
    drag,
    events: {
      onPointerDown: (event: PointerEvent<HTMLElement>) => {
        if (event.button !== 0 || (event.target as Element).closest("a") !== null) return;
        const part = (event.target as HTMLElement).dataset["drag"];
        const kind = part === "from" || part === "to" || part === "move" ? part : "new";
        event.currentTarget.setPointerCapture(event.pointerId);
        const startedAt = place(event);
        const held = { from: share(rail.page.fromMs), to: share(rail.page.toMs) };
        setDrag({
          kind,
          startedAt,
          ...(kind === "new" ? { from: startedAt, to: startedAt } : held),
        });
      },
      onPointerMove: (event: PointerEvent<HTMLElement>) => {
        if (drag !== undefined) setDrag(dragged(drag, place(event), rail.page, share));
      },
      onPointerUp: finish,
      onPointerCancel: () => setDrag(undefined),
    },
  };
}

function dragged(
  drag: Drag,
  at: number,
  page: TimeRange,
  share: (instant: number) => number,
): Drag {
  if (drag.kind === "from") return { ...drag, from: at };
  if (drag.kind !== "move") return { ...drag, to: at };
  const [from, to] = [share(page.fromMs), share(page.toMs)];
  const by = Math.min(1 - to, Math.max(-from, at - drag.startedAt));
  return { ...drag, from: from + by, to: to + by };
}

/** Scrolling changes the scale; React's own wheel events are passive, and the page would scroll too. */
function useWheel(
  ref: React.RefObject<HTMLDivElement | null>,
  onScale: (steps: number) => void,
): void {
  const latest = useRef(onScale);
  useEffect(() => {
    latest.current = onScale;
  });
  useEffect(() => {
    const track = ref.current;
    let lastMs = 0;
    const turn = (event: WheelEvent) => {
      event.preventDefault();
      const nowMs = systemClock.monotonicMs();
      if (event.deltaY === 0 || nowMs - lastMs < wheelPauseMs) return;
      lastMs = nowMs;
      latest.current(event.deltaY > 0 ? 1 : -1);
    };
    track?.addEventListener("wheel", turn, { passive: false });
    return () => track?.removeEventListener("wheel", turn);
  }, [ref]);
}

/** One SVG, stretched: a unit of width is one bar. */
function RailBars({ rail }: { readonly rail: RailData }) {
  const { bars, window, barMs } = rail;
  const count = (window.toMs - window.fromMs) / barMs;
  return (
    <svg
      className="rail-bars"
      viewBox={`0 0 ${count} 100`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      {bars.map((bar) => (
        <RailBarShape key={bar.fromMs} bar={bar} x={(bar.fromMs - window.fromMs) / barMs} />
      ))}
    </svg>
  );
}

/** Lowest bar and lowest foot, of 100. */
const barMin = 6;
const footMin = 7;
/** A smaller dropped part is below a pixel: no foot. */
const footShareMin = 0.002;

function RailBarShape({ bar, x }: { readonly bar: RailBar; readonly x: number }) {
  if (bar.height === undefined || bar.height === 0) return null;
  const height = barMin + bar.height * (88 - barMin);
  const foot = bar.down > footShareMin ? Math.max(footMin, height * bar.down) : 0;
  return (
    <>
      <rect className="rail-bar" x={x} y={100 - height} width="0.72" height={height} />
      {foot > 0 && <rect className="rail-down" x={x} y={100 - foot} width="0.72" height={foot} />}
    </>
  );
}

/** Wide enough for the words, as a share of the rail. */
const holeLabelShare = 0.06;

function RailHoles({ rail: { holes, window } }: { readonly rail: RailData }) {
  const spanMs = window.toMs - window.fromMs;
  return holes.map(({ fromMs, toMs }) => {
    const from = clamp((fromMs - window.fromMs) / spanMs);
    const to = clamp((toMs - window.fromMs) / spanMs);
    if (to <= from) return null;
    return (
      <span
        key={fromMs}
        className="rail-off"
        style={{ left: `${from * 100}%`, width: `${(to - from) * 100}%` }}
      >
        {to - from >= holeLabelShare && <span>server off</span>}
      </span>
    );
  });
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

function RailAlerts({
  alerts,
  window,
}: {
  readonly alerts: readonly RailAlert[];
  readonly window: TimeRange;
}) {
  const { params } = useRoute();
  const { zone } = usePageTime();
  return alerts.map(({ atMs, name, isCritical }) => (
    <Link
      key={`${atMs} ${name}`}
      className="rail-alert"
      style={{ left: `${((atMs - window.fromMs) / (window.toMs - window.fromMs)) * 100}%` }}
      href={pageHref(`/alerts?q=${encodeURIComponent(name)}`, params)}
      title={`${name} fires since ${timestampLabel(atMs, zone)}`}
      aria-label={`${name} fires since ${timestampLabel(atMs, zone)}`}
    >
      <Glyph kind={isCritical ? "crit" : "warn"} />
    </Link>
  ));
}
