/** What the queries gave: view, style and resolution, then graph with its series table, or the table alone. */

import { lazy, Suspense } from "react";
import { formatDuration } from "../../src/model/duration.ts";
import { useMetricNames } from "../api/server-queries.ts";
import { groupThousands } from "../charts/plain-number.ts";
import { chosenStepMs } from "../time/step.ts";
import { usePageTime } from "../time/time-context.tsx";
import { durationText } from "../ui/duration-text.ts";
import { Icon } from "../ui/icon.tsx";
import { Note, Skeleton } from "../ui/notes.tsx";
import { moveFocus, Popover } from "../ui/popover.tsx";
import { Segmented } from "../ui/segmented.tsx";
import { ExemplarControl } from "./exemplar-control.tsx";
import type { Exemplar } from "./exemplars.ts";
import { ExplainView } from "./explain-view.tsx";
import type { ExploreState } from "./explore-state.ts";
import { ExportMenu } from "./export-menu.tsx";
import { InstantTable } from "./instant-table.tsx";
import { RawView } from "./raw-view.tsx";
import { starterQueries } from "./starter-queries.ts";
import { useExemplars, useTraceTemplate } from "./use-exemplars.ts";
import type { ExploreRow } from "./use-explore-queries.ts";

const ExploreGraph = lazy(async () => ({
  default: (await import("./explore-graph.tsx")).ExploreGraph,
}));

interface ExploreResultProps {
  readonly state: ExploreState;
  readonly rows: readonly ExploreRow[];
  /** Of this browser, where there is one. */
  readonly storage: Storage | undefined;
  readonly onChange: (state: Partial<ExploreState>) => void;
  readonly onPick: (query: string) => void;
}

export function ExploreResult({ state, rows, storage, onChange, onPick }: ExploreResultProps) {
  const exemplars = useExemplars(rows, state.hasExemplars && state.view === "graph");
  const [traceTemplate, setTraceTemplate] = useTraceTemplate(state.traceTemplate, storage);
  return (
    <>
      <div className="explore-tools">
        <Segmented
          isSmall
          label="View"
          value={state.view}
          options={[
            { value: "graph", label: "Graph" },
            { value: "table", label: "Table" },
            { value: "raw", label: "Raw" },
            { value: "explain", label: "Explain" },
          ]}
          onChange={(view) => onChange({ view })}
        />
        {state.view === "graph" && (
          <>
            <Segmented
              isSmall
              label="Style"
              value={state.style}
              options={[
                { value: "lines", label: "Lines" },
                { value: "stacked", label: "Stacked" },
              ]}
              onChange={(style) => onChange({ style })}
            />
            <ExemplarControl
              isShown={state.hasExemplars}
              count={exemplars?.length}
              template={traceTemplate}
              onShow={(hasExemplars) => onChange({ hasExemplars })}
              onTemplate={setTraceTemplate}
            />
          </>
        )}
        {state.view !== "table" && <StepControl state={state} onChange={onChange} />}
        <i className="spacer" />
        <Figures rows={rows} />
        <ExportMenu state={state} rows={rows} />
      </div>
      <ResultBody
        state={state}
        rows={rows}
        onPick={onPick}
        exemplars={exemplars ?? []}
        traceTemplate={traceTemplate}
      />
    </>
  );
}

interface ResultBodyProps extends Omit<ExploreResultProps, "onChange" | "storage"> {
  readonly exemplars: readonly Exemplar[];
  readonly traceTemplate: string;
}

function ResultBody({ state, rows, onPick, exemplars, traceTemplate }: ResultBodyProps) {
  const asked = rows.filter((row) => row.expr.trim() !== "");
  const answered = asked.filter((row) => row.answer !== undefined);
  if (asked.length === 0) {
    return <StartNote onPick={onPick} />;
  }
  if (answered.length === 0) {
    const isLoading = asked.some((row) => row.isLoading);
    if (isLoading) return <Skeleton label="Queries are running" />;
    return (
      <Note
        kind="crit"
        title="Nothing to show: no query could be run. The reason stands below each."
      />
    );
  }
  const isEmpty = answered.every(
    (row) => row.answer?.series.length === 0 && row.answer.text === undefined,
  );
  if (state.view === "explain") {
    return <ExplainView rows={asked} step={state.step} onPick={onPick} />;
  }
  if (isEmpty) return <EmptyNote rows={answered} />;
  if (state.view === "table") return <InstantTable rows={answered} />;
  if (state.view === "raw") return <RawView rows={answered} />;
  return (
    <Suspense fallback={<Skeleton />}>
      <ExploreGraph
        rows={answered}
        isStacked={state.style === "stacked"}
        exemplars={exemplars}
        traceTemplate={traceTemplate}
      />
    </Suspense>
  );
}

function StartNote({ onPick }: Pick<ExploreResultProps, "onPick">) {
  const names = useMetricNames().data ?? [];
  return (
    <Note title="Write a query, browse the metrics, or begin with one of these.">
      <div className="starters">
        {starterQueries(names).map((starter) => (
          <button
            key={starter.label}
            type="button"
            className="link"
            onClick={() => onPick(starter.expr)}
          >
            {starter.label}
          </button>
        ))}
      </div>
    </Note>
  );
}

function EmptyNote({ rows }: { readonly rows: readonly ExploreRow[] }) {
  const { text } = usePageTime();
  const which = rows.length === 1 ? "The query" : "No query";
  return (
    <Note
      kind="mute"
      title={`${which} ${rows.length === 1 ? "matches no series" : "matches a series"} in this window.`}
    >
      The window is {text.from} to {text.to}. A wider window, or fewer label matchers, may show
      whether the series exists at all; “Browse metrics” lists every name there is.
    </Note>
  );
}

function StepControl({ state, onChange }: Pick<ExploreResultProps, "state" | "onChange">) {
  const { resolve } = usePageTime();
  const { fromMs, toMs } = resolve();
  const stepMs = chosenStepMs(state.step, toMs - fromMs);
  return (
    <Popover
      label={`Resolution ${formatDuration(stepMs)}${state.step === "auto" ? " auto" : ""}`}
      buttonClass="control is-ghost is-small"
      button={
        <>
          <span className="dim">Resolution</span> <b>{formatDuration(stepMs)}</b>{" "}
          {state.step === "auto" && <span className="dim">auto</span>}
          <Icon name="down" />
        </>
      }
    >
      {(close) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys move among the buttons inside.
        <div className="menu" onKeyDown={moveFocus}>
          {["auto", "1s", "2s", "5s", "10s", "15s", "30s", "1m", "5m", "15m", "1h"].map((step) => (
            <button
              type="button"
              key={step}
              className={step === state.step ? "is-on" : ""}
              onClick={() => {
                onChange({ step });
                close();
              }}
            >
              {step === "auto" ? "Automatic" : step}
            </button>
          ))}
        </div>
      )}
    </Popover>
  );
}

/** Series, samples and time of the last answers, and what the server remarks on them. */
function Figures({ rows }: { readonly rows: readonly ExploreRow[] }) {
  const parts = rows
    .filter((row) => row.answer !== undefined && row.error === null)
    .map(({ refId, answer }) => {
      const { series, sampleCount, durationMs } = answer as NonNullable<typeof answer>;
      return `${refId}: ${series.length} series, ${groupThousands(sampleCount)} samples, ${durationText(durationMs)}`;
    });
  const notes = [...new Set(rows.flatMap((row) => row.answer?.notes ?? []))];
  return (
    <span className="row">
      {notes.length > 0 && (
        <Popover
          label="Remarks of the server"
          align="right"
          buttonClass="badge is-warn"
          button={`${notes.length} remark${notes.length === 1 ? "" : "s"}`}
        >
          {() => (
            <ul className="remarks">
              {notes.map((note) => (
                <li key={note}>{note}</li>
              ))}
            </ul>
          )}
        </Popover>
      )}
      <span className="dim wide-only truncate">{parts.slice(0, 2).join(" · ")}</span>
    </span>
  );
}
