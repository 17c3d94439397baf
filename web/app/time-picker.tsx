/** Quick ranges, words, a fixed range, the zone, and links to what is seen. Steps and zoom by keys. */

import { useState } from "react";
import { systemClock } from "../../src/base/clock.ts";
import type { TimeRangeText } from "../../src/dashboard/time-range.ts";
import { buildHref, updateParams } from "../router/history-router.ts";
import { useRoute } from "../router/router-context.tsx";
import { type PageTime, usePageTime } from "../time/time-context.tsx";
import {
  formatInstant,
  isRelative,
  parseRangeWords,
  quickRanges,
  rangeLabel,
} from "../time/time-range.ts";
import { Icon } from "../ui/icon.tsx";
import { Popover } from "../ui/popover.tsx";
import { Segmented } from "../ui/segmented.tsx";
import { useKeys } from "./keys-context.ts";

/** The control in the top bar. */
export function TimePicker() {
  const time = usePageTime();
  useTimeKeys(time);
  const label = rangeLabel(time.text, systemClock.nowMs(), time.zone);
  return (
    <Popover
      label={`Time range: ${label}${time.zone === "utc" ? " UTC" : ""}`}
      align="right"
      paneClass="time-pane"
      button={
        <>
          <Icon name="clock" />
          {label}
          {time.zone === "utc" && <span className="dim"> UTC</span>}
          <Icon name="down" />
        </>
      }
    >
      {(close) => <TimePane time={time} close={close} />}
    </Popover>
  );
}

function TimePane({ time, close }: { readonly time: PageTime; readonly close: () => void }) {
  const choose = (range: TimeRangeText) => {
    time.setRange(range);
    close();
  };
  return (
    <div className="time-columns">
      <div className="time-left">
        <WordsForm time={time} choose={choose} />
        <div className="time-now">
          <span className="dim">Shown now</span>
          <ResolvedRange time={time} />
        </div>
        <Segmented
          isSmall
          label="Time zone"
          value={time.zone}
          options={[
            { value: "browser", label: "Local time" },
            { value: "utc", label: "UTC" },
          ]}
          onChange={time.setZone}
        />
        <CopyLinks time={time} />
      </div>
      <div className="menu time-quick">
        {quickRanges.map(({ label, range }) => (
          <button
            type="button"
            key={label}
            className={range.from === time.text.from && time.text.to === "now" ? "is-on" : ""}
            onClick={() => choose(range)}
          >
            {label}
          </button>
        ))}
      </div>
    </div>
  );
}

function WordsForm({
  time,
  choose,
}: {
  readonly time: PageTime;
  readonly choose: (range: TimeRangeText) => void;
}) {
  const [words, setWords] = useState("");
  const range = parseRangeWords(words, systemClock.nowMs(), time.zone);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (range !== undefined) choose(range);
      }}
    >
      <label className="field">
        <span>Range in words</span>
        <input
          data-autofocus
          value={words}
          placeholder="last 3 hours, yesterday 9-10"
          aria-invalid={words !== "" && range === undefined}
          onChange={(event) => setWords(event.target.value)}
        />
      </label>
      <div className="field-hint">
        {words === "" && "Or 2026-01-15 17:00 to 18:00, now-6h to now-5h."}
        {words !== "" &&
          range === undefined &&
          "Not understood yet. Try: last 3 hours, yesterday 9-10, today."}
        {range !== undefined && rangeLabel(range, systemClock.nowMs(), time.zone)}
      </div>
      <button type="submit" className="control is-primary" disabled={range === undefined}>
        Show this range
      </button>
    </form>
  );
}

function ResolvedRange({ time }: { readonly time: PageTime }) {
  const { fromMs, toMs } = time.resolve();
  return (
    <span>
      {formatInstant(fromMs, time.zone)} to {formatInstant(toMs, time.zone)}
    </span>
  );
}

function CopyLinks({ time }: { readonly time: PageTime }) {
  const { path, params } = useRoute();
  const [copied, setCopied] = useState("");
  const copy = (kind: "relative" | "fixed") => {
    const { fromMs, toMs } = time.resolve();
    const window = kind === "fixed" ? { from: String(fromMs), to: String(toMs) } : { ...time.text };
    const href = buildHref(path, updateParams(params, window));
    void navigator.clipboard
      ?.writeText(new URL(href, location.href).href)
      .then(() => setCopied(kind));
  };
  return (
    <div className="time-links">
      <button type="button" className="control is-small" onClick={() => copy("relative")}>
        <Icon name="link" />
        {copied === "relative"
          ? "Copied"
          : isRelative(time.text)
            ? "Copy relative link"
            : "Copy link"}
      </button>
      {isRelative(time.text) && (
        <button type="button" className="control is-small" onClick={() => copy("fixed")}>
          <Icon name="link" />
          {copied === "fixed" ? "Copied" : "Copy this window"}
        </button>
      )}
    </div>
  );
}

/** `,` `.` step by half a window, `[` `]` widen and narrow. They replace the history entry: panning is no visit. */
function useTimeKeys(time: PageTime): void {
  const move = (fromShare: number, toShare: number) => {
    const { fromMs, toMs } = time.resolve();
    const span = toMs - fromMs;
    const from = Math.round(fromMs + span * fromShare);
    const to = Math.round(Math.min(toMs + span * toShare, systemClock.nowMs()));
    if (to - from < 1000) return;
    time.setRange({ from: String(from), to: String(to) }, { replace: true });
  };
  useKeys([
    { keys: ",", label: "Step back", group: "Time", run: () => move(-0.5, -0.5) },
    { keys: ".", label: "Step forward", group: "Time", run: () => move(0.5, 0.5) },
    { keys: "[", label: "Narrow the window", group: "Time", run: () => move(0.25, -0.25) },
    { keys: "]", label: "Widen the window", group: "Time", run: () => move(-0.5, 0.5) },
  ]);
}
