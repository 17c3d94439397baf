/** Chooses the second window that the map is compared with: the one before, a day before, or times typed in. */

import { useState } from "react";
import { systemClock } from "../../src/base/clock.ts";
import { usePageTime } from "../time/time-context.tsx";
import { parseRangeWords, resolveRange } from "../time/time-range.ts";
import { Icon } from "../ui/icon.tsx";
import { moveFocus, Popover } from "../ui/popover.tsx";
import { secondLabel } from "./map-state.ts";

interface CompareControlProps {
  readonly vs: string;
  readonly onChange: (vs: string) => void;
}

const offers: readonly { readonly vs: string; readonly label: string }[] = [
  { vs: "prev", label: "The window before" },
  { vs: "15m", label: "15 minutes before" },
  { vs: "1h", label: "An hour before" },
  { vs: "1d", label: "A day before" },
  { vs: "7d", label: "A week before" },
];

/** A button with a menu; says what is compared, and ends it. */
export function CompareControl({ vs, onChange }: CompareControlProps) {
  const text = vs === "" ? "Compare" : `With ${secondLabel(vs)}`;
  return (
    <span className="row map-compare">
      <Popover
        label={vs === "" ? "Compare with another window" : `${text}; compare with another window`}
        buttonClass={`control ${vs === "" ? "" : "is-on"}`}
        align="right"
        paneClass="map-compare-pane"
        button={
          <>
            <Icon name="history" />
            {text}
          </>
        }
      >
        {(close) => (
          <CompareMenu
            vs={vs}
            onChange={(next) => {
              onChange(next);
              close();
            }}
          />
        )}
      </Popover>
      {vs !== "" && (
        <button
          type="button"
          className="control is-ghost is-icon is-small"
          aria-label="End the comparison"
          title="End the comparison"
          onClick={() => onChange("")}
        >
          <Icon name="close" />
        </button>
      )}
    </span>
  );
}

function CompareMenu({ vs, onChange }: CompareControlProps) {
  const { zone } = usePageTime();
  const [words, setWords] = useState("");
  const nowMs = systemClock.nowMs();
  const text = words.trim() === "" ? undefined : parseRangeWords(words, nowMs, zone);
  const range = text === undefined ? undefined : resolveRange(text, nowMs, zone);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: arrow keys move among the buttons inside.
    <div className="menu" onKeyDown={moveFocus}>
      {offers.map((offer) => (
        <button
          key={offer.vs}
          type="button"
          className={offer.vs === vs ? "is-on" : ""}
          onClick={() => onChange(offer.vs)}
        >
          {offer.label}
        </button>
      ))}
      <form
        className="map-compare-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (range !== undefined) onChange(`${range.fromMs},${range.toMs}`);
        }}
      >
        <label className="field">
          Another window
          <input
            value={words}
            placeholder="yesterday 9-10"
            onChange={(event) => setWords(event.target.value)}
          />
        </label>
        <button type="submit" className="control is-small" disabled={range === undefined}>
          Compare
        </button>
      </form>
    </div>
  );
}
