/** Options by choice instead of by text: contexts, labels, flags, each with the series that it would have. */

import { useId } from "react";
import type { StudioAnswer, StudioVariant } from "../../src/api/wire/studio.ts";
import { Glyph } from "../ui/glyph.tsx";
import { Icon } from "../ui/icon.tsx";
import { optionValue, type StudioState, toggleLabel, withOption } from "./studio-state.ts";
import { factorText, logShare, seriesState, seriesText } from "./studio-text.ts";

interface ControlProps {
  readonly studio: StudioAnswer;
  readonly state: StudioState;
  readonly variants: readonly StudioVariant[];
  /** The count of the options as they are; undefined while they are counted. */
  readonly series: { readonly series: number; readonly isOver: boolean } | undefined;
  readonly onWrite: (options: string) => void;
}

/** What an end's label holds: one of the contexts, or none. */
export function ContextChoice({
  side,
  studio,
  state,
  variants,
  series,
  onWrite,
}: ControlProps & { readonly side: "source" | "destination" }) {
  const name = useId();
  const option = `${side}Context`;
  const now = (optionValue(state.options, option) ?? "").toLowerCase();
  const known = ["", ...studio.contexts];
  const choices = known.includes(now) ? known : [...known, now];
  return (
    <details className="studio-section" open={side === "source" || now !== ""}>
      <summary>
        <h3>
          {option} <small>what the label {side} holds</small>
        </h3>
        <Icon name="down" />
      </summary>
      <fieldset>
        <legend className="visually-hidden">{option}</legend>
        {choices.map((value) => {
          const isOn = value === now;
          const variant = variants.find((one) => one.kind === side && one.value === value);
          const count = isOn ? series : variant;
          return (
            <label className="studio-context" key={value}>
              <input
                type="radio"
                name={name}
                checked={isOn}
                onChange={() =>
                  onWrite(withOption(state.options, option, value === "" ? undefined : value))
                }
              />
              <span className={`mono ${isOn ? "strong" : ""}`}>
                {value === "" ? "none" : value}
              </span>
              <SeriesBar count={count} isOn={isOn} />
            </label>
          );
        })}
      </fieldset>
    </details>
  );
}

interface SeriesBarProps {
  readonly count: { readonly series: number; readonly isOver: boolean } | undefined;
  readonly isOn: boolean;
}

function SeriesBar({ count, isOn }: SeriesBarProps) {
  if (count === undefined) return <span className="dim num studio-wide">…</span>;
  const kind = seriesState(count.series, count.isOver);
  const tone = kind === "" ? (isOn ? "is-accent" : "") : `is-${kind}`;
  return (
    <>
      <span className="studio-bar" aria-hidden="true">
        <i className={tone} style={{ width: `${logShare(count.series) * 100}%` }} />
      </span>
      <span className={`num ${isOn ? "strong" : ""}`}>
        {kind !== "" && <Glyph kind={kind} label={kind === "warn" ? "many" : "too many"} />}{" "}
        {seriesText(count)}
      </span>
    </>
  );
}

/** Labels of labelsContext; those that are off show how many times as many series they would make. */
export function LabelChoice({ studio, state, variants, series, onWrite }: ControlProps) {
  const now = (optionValue(state.options, "labelsContext") ?? "").split(",");
  return (
    <div className="studio-section">
      <h3>
        labelsContext <small>labels of their own, several allowed</small>
      </h3>
      <div className="studio-chips">
        {studio.labels.map((label) => {
          const variant = variants.find((one) => one.kind === "label" && one.value === label);
          const isOn = now.includes(label);
          return (
            <Chip
              key={label}
              label={label}
              isOn={isOn}
              variant={variant}
              series={series?.series ?? 0}
              onToggle={() => onWrite(toggleLabel(state.options, label))}
            />
          );
        })}
      </div>
    </div>
  );
}

interface ChipProps {
  readonly label: string;
  readonly isOn: boolean;
  readonly variant: StudioVariant | undefined;
  readonly series: number;
  readonly onToggle: () => void;
}

function Chip({ label, isOn, variant, series, onToggle }: ChipProps) {
  const factor = variant === undefined ? "" : factorText(variant.series, series);
  const about =
    variant === undefined
      ? undefined
      : `${isOn ? "Without it" : "With it"} ${seriesText(variant)} series`;
  return (
    <button
      type="button"
      className={`chip mono ${isOn ? "is-on" : ""}`}
      aria-pressed={isOn}
      title={about}
      onClick={onToggle}
    >
      {label}
      {isOn ? <Icon name="close" /> : <span className="dim">{factor}</span>}
    </button>
  );
}

/** The handler's own options. */
export function HandlerOptions({ studio, state, variants, series, onWrite }: ControlProps) {
  const options = studio.handlers.find(({ name }) => name === state.handler)?.options ?? {};
  const names = Object.keys(options);
  if (names.length === 0) return null;
  return (
    <div className="studio-section">
      <h3>
        Options of {state.handler} <small>flags: being there switches them on</small>
      </h3>
      {names.map((name) => {
        const variant = variants.find((one) => one.kind === "option" && one.value === name);
        const isOn = optionValue(state.options, name) !== undefined;
        return (
          <label className="studio-flag" key={name}>
            <input
              type="checkbox"
              checked={isOn}
              onChange={() =>
                onWrite(
                  withOption(
                    state.options,
                    name,
                    isOn ? undefined : name === "exemplars" ? "true" : "",
                  ),
                )
              }
            />
            <span className="mono">{name}</span>
            <span className="mid">{options[name]}</span>
            <span className="num dim">
              {variant === undefined ? "" : factorText(variant.series, series?.series ?? 0)}
            </span>
          </label>
        );
      })}
    </div>
  );
}
