/** The middle pane: the handler at hand with its figures, a cheaper way, its options, and what makes the series. */

import type { UseQueryResult } from "@tanstack/react-query";
import type {
  StudioAnswer,
  StudioFinding,
  StudioPreviewAnswer,
} from "../../src/api/wire/studio.ts";
import { groupThousands } from "../charts/plain-number.ts";
import { useRouter } from "../router/router-context.tsx";
import { Glyph } from "../ui/glyph.tsx";
import { Note, Skeleton } from "../ui/notes.tsx";
import { ContextChoice, HandlerOptions, LabelChoice } from "./option-controls.tsx";
import { StudioFigures } from "./studio-figures.tsx";
import {
  handlerOf,
  optionsOf,
  overChoices,
  type StudioState,
  writeOptions,
} from "./studio-state.ts";

interface HandlerPaneProps {
  readonly studio: StudioAnswer;
  readonly state: StudioState;
  readonly preview: UseQueryResult<StudioPreviewAnswer>;
  /** Other ways to write the metric, counted. */
  readonly ways: UseQueryResult<StudioPreviewAnswer>;
  readonly findings: readonly StudioFinding[] | undefined;
}

/** A landmark named by the handler. */
export function HandlerPane({ studio, state, preview, ways, findings }: HandlerPaneProps) {
  const router = useRouter();
  const handler = studio.handlers.find(({ name }) => name === state.handler);
  if (handler === undefined) return null;
  const at = state.wanted.findIndex((text) => handlerOf(text) === state.handler);
  const own = (findings ?? []).filter(({ item }) => item === at);
  const write = (options: string) => router.setParams(writeOptions(state, options));
  const { data } = preview;
  return (
    <section className="studio-pane" aria-labelledby="studio-handler">
      <div className="studio-head">
        <h2 id="studio-handler">{handler.name}</h2>
        <span className="dim truncate" title={handler.summary}>
          {handler.summary}
        </span>
        <i className="spacer" />
        <label className="select-control is-on">
          <span className="visually-hidden">Counted on flows of</span>
          <select
            value={state.over}
            onChange={(event) => router.setParams({ over: event.target.value })}
          >
            {[...new Set([...overChoices, state.over])].map((over) => (
              <option key={over} value={over}>
                Counted on {over} of flows
              </option>
            ))}
          </select>
        </label>
      </div>
      {(preview.isFetching || ways.isFetching) && (
        <div className="studio-progress" role="status" aria-label="Counting" />
      )}
      {studio.flows.count > 0 && data !== undefined && !preview.isError && (
        <StudioFigures
          preview={data}
          state={state}
          studio={studio}
          isOld={preview.isPlaceholderData}
        />
      )}
      <div className="studio-scroll">
        <OptionsField state={state} findings={own} onWrite={write} />
        <PreviewBody studio={studio} state={state} preview={preview} ways={ways} onWrite={write} />
      </div>
    </section>
  );
}

interface PreviewBodyProps {
  readonly studio: StudioAnswer;
  readonly state: StudioState;
  readonly preview: UseQueryResult<StudioPreviewAnswer>;
  readonly ways: UseQueryResult<StudioPreviewAnswer>;
  readonly onWrite: (options: string) => void;
}

function PreviewBody({ studio, state, preview, ways, onWrite }: PreviewBodyProps) {
  const { data, error } = preview;
  if (studio.flows.count === 0) {
    return (
      <Note title="There are no flows to count on.">
        A preview runs the real handlers over kept flows, and none was kept yet. Give a source with{" "}
        <code>--flows</code>, or count a file:{" "}
        <code>ciliascope metrics preview SPEC --flows FILE</code>.
      </Note>
    );
  }
  if (error !== null) {
    return (
      <Note
        kind="crit"
        title="This cannot be counted."
        actions={
          <button type="button" className="control" onClick={() => void preview.refetch()}>
            Count again
          </button>
        }
      >
        {error.message}
      </Note>
    );
  }
  const counted = ways.isPlaceholderData ? undefined : ways.data;
  const controls = {
    studio,
    state,
    variants: counted?.variants ?? [],
    // Beside the other ways stands the count of their own run: a cut may fall elsewhere in another.
    series: counted ?? (preview.isPlaceholderData ? undefined : data),
    onWrite,
  };
  return (
    <>
      {data?.flows === 0 && (
        <p className="studio-note">
          <Glyph kind="info" />
          <span>No flow is kept of the last {state.over}. Take a longer window.</span>
        </p>
      )}
      {counted !== undefined && <Suggestion data={counted} onWrite={onWrite} />}
      {(data?.notes ?? []).map((note) => (
        <p className="studio-note" key={note}>
          <Glyph kind="warn" />
          <span>{note}</span>
        </p>
      ))}
      <ContextChoice side="source" {...controls} />
      <ContextChoice side="destination" {...controls} />
      <LabelChoice {...controls} />
      <HandlerOptions {...controls} />
      {data === undefined ? (
        <Skeleton label="Counting flows" />
      ) : (
        <LabelTable data={data} over={state.over} />
      )}
    </>
  );
}

interface OptionsFieldProps {
  readonly state: StudioState;
  readonly findings: readonly StudioFinding[];
  readonly onWrite: (options: string) => void;
}

/** The options as Hubble writes them, with what the agent would make of them. */
function OptionsField({ state, findings, onWrite }: OptionsFieldProps) {
  const text = state.textOf(state.handler);
  const mend = ({ start, end, replacement = "" }: StudioFinding) =>
    onWrite(optionsOf(text.slice(0, start) + replacement + text.slice(end)));
  const isRefused = findings.some(({ effect }) => effect === "refused" || effect === "panics");
  return (
    <div className="studio-section">
      <label className="field">
        <span>Options, as Hubble writes them</span>
        <input
          id="studio-options"
          className="mono"
          spellCheck={false}
          autoComplete="off"
          placeholder="none"
          value={state.options}
          aria-invalid={isRefused}
          aria-describedby={findings.length === 0 ? undefined : "studio-findings"}
          onChange={(event) => onWrite(event.target.value.replaceAll(/\s/g, ""))}
        />
      </label>
      <ul id="studio-findings" className="studio-findings" aria-live="polite">
        {findings.map((finding) => (
          <FindingRow
            key={`${finding.start} ${finding.message}`}
            finding={finding}
            text={text}
            onMend={mend}
          />
        ))}
      </ul>
    </div>
  );
}

interface FindingRowProps {
  readonly finding: StudioFinding;
  readonly text: string;
  readonly onMend: (finding: StudioFinding) => void;
}

function FindingRow({ finding, text, onMend }: FindingRowProps) {
  const { effect, message, mend, start, end, replacement } = finding;
  return (
    <li>
      <Glyph kind={effect === "refused" || effect === "panics" ? "crit" : "warn"} />
      <span>
        <b>{effectWords[effect]}</b> <code>{text.slice(start, end)}</code> (column {start + 1}):{" "}
        {message}. {mend}
        {replacement !== undefined && (
          <button type="button" className="control is-small" onClick={() => onMend(finding)}>
            {replacement === "" ? "Take it out" : "Mend it"}
          </button>
        )}
      </span>
    </li>
  );
}

const effectWords: Readonly<Record<StudioFinding["effect"], string>> = {
  refused: "Refused",
  panics: "Ends the agent",
  skipped: "Left out",
  misread: "Read otherwise",
  ignored: "Without effect",
  costly: "Costly",
};

interface SuggestionProps {
  readonly data: StudioPreviewAnswer;
  readonly onWrite: (options: string) => void;
}

function Suggestion({ data, onWrite }: SuggestionProps) {
  const { suggestion, series } = data;
  if (suggestion === null || series === 0) return null;
  const saved = Math.round((1 - suggestion.series / series) * 100);
  return (
    <div className="studio-suggestion">
      <Glyph kind="info" />
      <span>
        <b>Cheaper:</b> {suggestion.what} gives {groupThousands(suggestion.series)} series, {saved}{" "}
        % fewer, counted on the same flows.
      </span>
      <i className="spacer" />
      <button
        type="button"
        className="control is-small"
        onClick={() => onWrite(optionsOf(suggestion.metric))}
      >
        Take it
      </button>
    </div>
  );
}

const namesShown = 3;

interface LabelTableProps {
  readonly data: StudioPreviewAnswer;
  readonly over: string;
}

function LabelTable({ data, over }: LabelTableProps) {
  if (data.labels.length === 0) return null;
  return (
    <div className="studio-section">
      <h3>
        What makes the series <small>values that most series have, {over}</small>
      </h3>
      <table>
        <caption className="visually-hidden">Labels, their values and shares of the series</caption>
        <thead>
          <tr>
            <th>Label</th>
            <th className="num">Values</th>
            <th>Most series come from</th>
            <th className="studio-share">Share of these</th>
          </tr>
        </thead>
        <tbody>
          {data.labels.map(({ label, values, top }) => {
            const named = top.slice(0, namesShown);
            const share = named.reduce((sum, one) => sum + one.share, 0);
            const names = named.map(({ value }) => (value === "" ? "(empty)" : value)).join(", ");
            return (
              <tr key={label}>
                <td className="mono">{label}</td>
                <td className="num">{groupThousands(values)}</td>
                <td className="mid truncate" title={names}>
                  {names}
                </td>
                <td>
                  <div className="row">
                    <span className="studio-bar" aria-hidden="true">
                      <i style={{ width: `${share * 100}%` }} />
                    </span>
                    <span className="num dim">{Math.round(share * 100)} %</span>
                  </div>
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
