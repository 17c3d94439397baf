/** The left pane: every handler, whether it is on, its options and its series in the window. */

import type { StudioAnswer, StudioPreviewAnswer } from "../../src/api/wire/studio.ts";
import { groupThousands } from "../charts/plain-number.ts";
import { useRouter } from "../router/router-context.tsx";
import { chooseHandler, handlerOf, optionsOf, type StudioState } from "./studio-state.ts";
import { seriesState } from "./studio-text.ts";

interface HandlerListProps {
  readonly studio: StudioAnswer;
  readonly state: StudioState;
  readonly counts: StudioPreviewAnswer | undefined;
  readonly chosenSeries: number | undefined;
  readonly onToggle: (handler: string) => void;
}

/** A landmark with a list; the foot tells the sum. */
export function HandlerList({ studio, state, counts, chosenSeries, onToggle }: HandlerListProps) {
  const on = studio.handlers.filter(({ name }) => state.isOn(name)).length;
  const changed = state.wanted.filter((text) => !state.enabled.includes(text)).length;
  const seriesOf = (name: string) =>
    name === state.handler && chosenSeries !== undefined ? chosenSeries : counts?.byHandler[name];
  return (
    <section className="studio-pane" aria-labelledby="studio-handlers">
      <div className="studio-head">
        <h2 id="studio-handlers">Handlers</h2>
        <i className="spacer" />
        <span className="studio-meta">
          {on} on{changed > 0 && `, ${changed} changed`}
        </span>
      </div>
      <ul className="studio-scroll">
        {studio.handlers.map(({ name, summary }) => (
          <HandlerRow
            key={name}
            name={name}
            summary={summary}
            state={state}
            series={seriesOf(name)}
            onToggle={onToggle}
          />
        ))}
      </ul>
      <SeriesFoot studio={studio} state={state} seriesOf={seriesOf} />
    </section>
  );
}

interface HandlerRowProps {
  readonly name: string;
  readonly summary: string;
  readonly state: StudioState;
  readonly series: number | undefined;
  readonly onToggle: (handler: string) => void;
}

function HandlerRow({ name, summary, state, series, onToggle }: HandlerRowProps) {
  const router = useRouter();
  const isOn = state.isOn(name);
  const isChosen = name === state.handler;
  const text = state.textOf(name);
  const isChanged = isOn && !state.enabled.includes(text);
  const about = isChanged
    ? "changed, not switched on"
    : isOn
      ? optionsOf(text).replaceAll(";", "; ") || "no options"
      : summary;
  return (
    <li className={`studio-handler ${isChosen ? "is-chosen" : ""}`}>
      <input
        type="checkbox"
        checked={isOn}
        aria-label={`${name} on`}
        onChange={() => onToggle(name)}
      />
      <button
        type="button"
        aria-current={isChosen ? "true" : undefined}
        onClick={() => router.setParams(chooseHandler(state, name))}
      >
        <span className={`mono ${isOn ? "strong" : "mid"}`}>{name}</span>
        <span className="num">
          {series === undefined ? (
            <span className="dim">…</span>
          ) : (
            <span className={isOn ? "" : "dim"}>{groupThousands(series)}</span>
          )}
        </span>
        <span className="truncate studio-about" title={about}>
          {about}
        </span>
      </button>
    </li>
  );
}

interface SeriesFootProps {
  readonly studio: StudioAnswer;
  readonly state: StudioState;
  readonly seriesOf: (handler: string) => number | undefined;
}

/** The sum of what is on, and what the change at hand adds. */
function SeriesFoot({ studio, state, seriesOf }: SeriesFootProps) {
  const handlers = studio.handlers.filter(({ name }) => state.isOn(name));
  const total = handlers.reduce((sum, { name }) => sum + (seriesOf(name) ?? 0), 0);
  const changed = handlers
    .filter(({ name }) =>
      state.wanted.some((t) => handlerOf(t) === name && !state.enabled.includes(t)),
    )
    .reduce((sum, { name }) => sum + (seriesOf(name) ?? 0), 0);
  const kind = seriesState(total, false);
  return (
    <div className="studio-foot-sum">
      <div className="row">
        <span className="dim">Series of all that is on</span>
        <i className="spacer" />
        <b>{groupThousands(total)}</b>
      </div>
      <div className="studio-bar" aria-hidden="true">
        <i
          className={kind === "" ? "" : `is-${kind}`}
          style={{ width: `${total === 0 ? 0 : ((total - changed) / total) * 100}%` }}
        />
        <i
          className="is-accent"
          style={{ width: `${total === 0 ? 0 : (changed / total) * 100}%` }}
        />
      </div>
      <div className="studio-meta">
        as it is {groupThousands(total - changed)} · changed here {groupThousands(changed)}
      </div>
    </div>
  );
}
