/**
 * The metric explorer: every metric with kind and help on the left; on the right one metric's unit,
 * series, labels with their values and how many series each has, and queries to begin with.
 */

import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { type MetricMetadata, useApi, useMetadata, useMetricNames } from "../api/server-queries.ts";
import { rankMatches } from "../app/palette-match.ts";
import { groupThousands } from "../charts/plain-number.ts";
import { usePageTime } from "../time/time-context.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Icon } from "../ui/icon.tsx";
import { moveFocus } from "../ui/popover.tsx";
import {
  familyOf,
  type LabelFacts,
  labelFacts,
  selectorText,
  suggestedQueries,
} from "./metric-facts.ts";

interface MetricExplorerProps {
  /** Runs a query of its own. */
  readonly onPick: (query: string) => void;
  /** Puts text into the query that was written last. */
  readonly onInsert: (text: string) => void;
  readonly onClose: () => void;
}

/** Metrics listed at once. */
const metricsShownMax = 300;
/** Series looked at for one metric; beyond it the counts are of these. */
const seriesReadMax = 5000;
/** Values of one label on the page. */
const valuesShownMax = 40;

type Metadata = Readonly<Record<string, readonly MetricMetadata[]>>;

export function MetricExplorer({ onPick, onInsert, onClose }: MetricExplorerProps) {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState<string>();
  const names = useMetricNames().data;
  const metadata = useMetadata().data ?? {};
  const found = rankMatches(names ?? [], text, (name) => name);
  const shown = chosen ?? found[0];
  const leave = (act: (query: string) => void) => (query: string) => {
    onClose();
    act(query);
  };
  return (
    <Dialog label="Metrics" className="metric-dialog" onClose={onClose}>
      <div className="dialog-head">
        <h2>Metrics</h2>
        <i className="spacer" />
        <button
          type="button"
          className="control is-ghost is-small is-icon"
          aria-label="Close"
          onClick={onClose}
        >
          <Icon name="close" />
        </button>
      </div>
      <div className="metric-explorer">
        <div className="metric-list">
          <input
            className="text-input"
            autoFocus
            aria-label="Find a metric"
            placeholder={`Find among ${names?.length ?? 0} metrics`}
            value={text}
            onChange={(event) => {
              setText(event.target.value);
              setChosen(undefined);
            }}
          />
          {/* biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys move among the buttons inside. */}
          <div className="menu" onKeyDown={moveFocus}>
            {found.slice(0, metricsShownMax).map((name) => (
              <button
                type="button"
                key={name}
                className={name === shown ? "is-on" : ""}
                aria-pressed={name === shown}
                onClick={() => setChosen(name)}
                onDoubleClick={() => leave(onInsert)(selectorText(name))}
              >
                <span className="mono truncate">{name}</span>
                <span className="dim">{metadataOf(metadata, name)?.type}</span>
              </button>
            ))}
            {names !== undefined && found.length === 0 && (
              <p className="palette-empty">No metric has “{text}” in its name.</p>
            )}
            {found.length > metricsShownMax && (
              <p className="palette-empty">
                and {found.length - metricsShownMax} more: type to narrow.
              </p>
            )}
          </div>
        </div>
        {shown !== undefined && (
          <MetricCard
            key={shown}
            name={shown}
            metadata={metadataOf(metadata, shown)}
            onPick={leave(onPick)}
            onInsert={leave(onInsert)}
          />
        )}
      </div>
    </Dialog>
  );
}

function metadataOf(metadata: Metadata, name: string): MetricMetadata | undefined {
  return metadata[familyOf(name, (family) => Object.hasOwn(metadata, family))]?.[0];
}

/** Series of one metric in the page's window. */
function useMetricSeries(name: string) {
  const client = useApi();
  const { resolve, text } = usePageTime();
  return useQuery({
    queryKey: ["metric-series", name, text.from, text.to],
    staleTime: 15_000,
    queryFn: async ({ signal }) => {
      const { fromMs, toMs } = resolve();
      const params = {
        "match[]": `{__name__=${JSON.stringify(name)}}`,
        start: fromMs / 1000,
        end: toMs / 1000,
        limit: seriesReadMax,
      };
      const answer = await client.prometheus<readonly Readonly<Record<string, string>>[]>(
        "series",
        params,
        { signal },
      );
      return {
        labels: labelFacts(answer.data),
        seriesCount: answer.data.length,
        isCut: answer.warnings.length > 0,
      };
    },
  });
}

interface MetricCardProps {
  readonly name: string;
  readonly metadata: MetricMetadata | undefined;
  readonly onPick: (query: string) => void;
  readonly onInsert: (text: string) => void;
}

function MetricCard({ name, metadata, onPick, onInsert }: MetricCardProps) {
  const series = useMetricSeries(name);
  const [label, setLabel] = useState<string>();
  const facts = series.data;
  const opened = facts?.labels.find((one) => one.name === label) ?? facts?.labels[0];
  return (
    <div className="metric-card">
      <h3 className="mono">{name}</h3>
      <p className="metric-help">
        {metadata === undefined || metadata.help === ""
          ? "Its targets tell nothing of this metric."
          : metadata.help}
      </p>
      <dl className="metric-figures">
        <Figure name="Type" value={metadata?.type ?? "unknown"} />
        <Figure name="Unit" value={metadata?.unit || "none given"} />
        <Figure
          name="Series in this window"
          value={
            facts === undefined
              ? "…"
              : `${facts.isCut ? "more than " : ""}${groupThousands(facts.seriesCount)}`
          }
        />
        <Figure name="Labels" value={facts === undefined ? "…" : String(facts.labels.length)} />
      </dl>
      <div className="metric-actions">
        <button
          type="button"
          className="control is-small is-primary"
          onClick={() => onInsert(selectorText(name))}
        >
          Insert into the query
        </button>
        {suggestedQueries(name, metadata?.type).map((suggestion) => (
          <button
            key={suggestion.label}
            type="button"
            className="control is-small"
            title={suggestion.expr}
            onClick={() => onPick(suggestion.expr)}
          >
            {suggestion.label}
          </button>
        ))}
      </div>
      {facts !== undefined && facts.labels.length > 0 && (
        <div className="metric-labels">
          {/* biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys move among the buttons inside. */}
          <div className="menu" onKeyDown={moveFocus}>
            {facts.labels.map((one) => (
              <button
                type="button"
                key={one.name}
                className={one.name === opened?.name ? "is-on" : ""}
                onClick={() => setLabel(one.name)}
              >
                <span className="mono truncate">{one.name}</span>
                <span className="dim num">{one.values.length}</span>
              </button>
            ))}
          </div>
          {opened !== undefined && (
            <LabelValues
              label={opened}
              seriesCount={facts.seriesCount}
              onInsert={(value) => onInsert(selectorText(name, opened.name, value))}
            />
          )}
        </div>
      )}
    </div>
  );
}

function Figure({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

interface LabelValuesProps {
  readonly label: LabelFacts;
  readonly seriesCount: number;
  readonly onInsert: (value: string) => void;
}

/** Values with the number of series as a bar; a click inserts the selector with that matcher. */
function LabelValues({ label, seriesCount, onInsert }: LabelValuesProps) {
  const { values } = label;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys move among the buttons inside.
    <div className="menu metric-values" onKeyDown={moveFocus}>
      {values.slice(0, valuesShownMax).map(({ value, seriesCount: count }) => (
        <button
          type="button"
          key={value}
          title={`Insert with ${label.name}=${JSON.stringify(value)}`}
          onClick={() => onInsert(value)}
        >
          <i className="metric-bar" style={{ width: `${(count / seriesCount) * 100}%` }} />
          <span className="mono truncate">{value === "" ? '""' : value}</span>
          <span className="dim num">{groupThousands(count)}</span>
        </button>
      ))}
      {values.length > valuesShownMax && (
        <p className="palette-empty">and {values.length - valuesShownMax} more values</p>
      )}
    </div>
  );
}
