/** Settings of a panel: title, kind, place, unit, thresholds, legend; all of it as JSON for what has no field. */

import { useState } from "react";
import { errorMessage } from "../../../src/base/errors.ts";
import {
  asArray,
  asNumber,
  asObject,
  asObjects,
  asString,
  type JsonObject,
} from "../../../src/dashboard/json-reader.ts";
import {
  binaryUnits,
  countUnits,
  currencyPrefixes,
  fixedUnits,
  siUnits,
} from "../../../src/dashboard/units/unit-tables.ts";
import { Icon } from "../../ui/icon.tsx";
import { TextField } from "./query-fields.tsx";

interface PanelSettingsProps {
  readonly raw: JsonObject;
  readonly defaults: JsonObject;
  readonly onChange: (raw: JsonObject) => void;
}

/** Kinds in the order of their use. */
const kinds: readonly (readonly [type: string, name: string])[] = [
  ["timeseries", "Time series"],
  ["stat", "Stat"],
  ["gauge", "Gauge"],
  ["bargauge", "Bar gauge"],
  ["table", "Table"],
  ["heatmap", "Heat map"],
  ["histogram", "Histogram"],
  ["barchart", "Bar chart"],
  ["piechart", "Pie chart"],
  ["state-timeline", "State timeline"],
  ["status-history", "Status history"],
  ["alertlist", "Alert list"],
  ["text", "Text"],
];
const timeUnits = ["s", "ms", "µs", "ns", "m", "h", "d", "dtdurations", "dateTimeAsIso"];
const unitIds = [
  ...new Set(
    [fixedUnits, countUnits, siUnits, binaryUnits, currencyPrefixes]
      .flatMap((table) => Object.keys(table))
      .concat("percent", "percentunit", ...timeUnits),
  ),
].sort();

export function PanelSettings({ raw, defaults, onChange }: PanelSettingsProps) {
  const type = asString(raw["type"]);
  const setDefault = (name: string, value: unknown) => {
    const { [name]: _, ...others } = defaults;
    const next = value === undefined ? others : { ...others, [name]: value };
    onChange({ ...raw, fieldConfig: { ...asObject(raw["fieldConfig"]), defaults: next } });
  };
  const number = (name: string, label: string) => (
    <TextField
      label={label}
      value={String(asNumber(defaults[name]) ?? "")}
      onCommit={(text) => setDefault(name, asNumber(text))}
    />
  );
  return (
    <>
      <TextField
        label="Title"
        value={asString(raw["title"])}
        onCommit={(title) => onChange({ ...raw, title })}
      />
      <TextField
        label="Description"
        value={asString(raw["description"])}
        onCommit={(description) => onChange({ ...raw, description })}
      />
      <label className="field">
        <span>Kind</span>
        <select value={type} onChange={(event) => onChange({ ...raw, type: event.target.value })}>
          {!kinds.some(([kind]) => kind === type) && (
            <option value={type}>{type} (not drawn)</option>
          )}
          {kinds.map(([kind, name]) => (
            <option key={kind} value={kind}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {type === "text" ? (
        <TextContent raw={raw} onChange={onChange} />
      ) : (
        <>
          <TextField
            label="Unit"
            value={asString(defaults["unit"])}
            placeholder="short, bytes, suffix: req"
            list="unit-ids"
            onCommit={(unit) => setDefault("unit", unit === "" ? undefined : unit)}
          />
          <datalist id="unit-ids">
            {unitIds.map((id) => (
              <option key={id} value={id} />
            ))}
          </datalist>
          <div className="field-row">
            {number("decimals", "Decimals")}
            {number("min", "Minimum")}
            {number("max", "Maximum")}
          </div>
          <ThresholdFields
            thresholds={asObject(defaults["thresholds"])}
            onChange={(thresholds) => setDefault("thresholds", thresholds)}
          />
          <LegendFields raw={raw} onChange={onChange} />
        </>
      )}
      <JsonField raw={raw} onChange={onChange} />
    </>
  );
}

function TextContent({ raw, onChange }: Omit<PanelSettingsProps, "defaults">) {
  const options = asObject(raw["options"]);
  return (
    <label className="field">
      <span>Text (Markdown)</span>
      <textarea
        rows={10}
        value={asString(options["content"])}
        onChange={(event) =>
          onChange({
            ...raw,
            options: { mode: "markdown", ...options, content: event.target.value },
          })
        }
      />
    </label>
  );
}

const colors = ["green", "blue", "yellow", "orange", "red", "purple", "text"];

function ThresholdFields({
  thresholds,
  onChange,
}: {
  readonly thresholds: JsonObject;
  readonly onChange: (thresholds: JsonObject) => void;
}) {
  const steps = asObjects(thresholds["steps"]);
  const base = { mode: "absolute", ...thresholds };
  const put = (next: readonly JsonObject[]) => {
    const [first, ...rest] = next;
    const sorted = rest.sort((a, b) => (asNumber(a["value"]) ?? 0) - (asNumber(b["value"]) ?? 0));
    onChange({ ...base, steps: first === undefined ? [] : [{ ...first, value: null }, ...sorted] });
  };
  return (
    <fieldset className="threshold-fields">
      <legend>Thresholds</legend>
      {steps.map((step, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: steps have no identity but their place.
        <div className="row" key={index}>
          {index === 0 ? (
            <span className="dim">from the lowest</span>
          ) : (
            <input
              type="number"
              aria-label={`Threshold ${index}`}
              value={asNumber(step["value"]) ?? ""}
              onChange={(event) =>
                put(
                  steps.map((one, at) =>
                    at === index ? { ...one, value: Number(event.target.value) } : one,
                  ),
                )
              }
            />
          )}
          <select
            aria-label={`Colour from threshold ${index}`}
            value={asString(step["color"], "green")}
            onChange={(event) =>
              put(
                steps.map((one, at) =>
                  at === index ? { ...one, color: event.target.value } : one,
                ),
              )
            }
          >
            {[...new Set([asString(step["color"], "green"), ...colors])].map((color) => (
              <option key={color}>{color}</option>
            ))}
          </select>
          <button
            type="button"
            className="control is-ghost is-small is-icon"
            aria-label={`Remove threshold ${index}`}
            onClick={() => put(steps.filter((_, at) => at !== index))}
          >
            <Icon name="trash" />
          </button>
        </div>
      ))}
      <button
        type="button"
        className="control is-small"
        onClick={() => {
          const last = asNumber(steps.at(-1)?.["value"]) ?? 70;
          put(
            steps.length === 0
              ? [
                  { value: null, color: "green" },
                  { value: 80, color: "red" },
                ]
              : [...steps, { value: last + 10, color: "red" }],
          );
        }}
      >
        <Icon name="plus" />
        Add threshold
      </button>
    </fieldset>
  );
}

function LegendFields({ raw, onChange }: Omit<PanelSettingsProps, "defaults">) {
  const options = asObject(raw["options"]);
  const legend = asObject(options["legend"]);
  const put = (change: JsonObject) =>
    onChange({ ...raw, options: { ...options, legend: { ...legend, ...change } } });
  const shown = legend["showLegend"] === false ? "hidden" : asString(legend["displayMode"], "list");
  return (
    <div className="field-row">
      <label className="field">
        <span>Legend</span>
        <select
          value={shown}
          onChange={(event) =>
            put(
              event.target.value === "hidden"
                ? { showLegend: false }
                : { showLegend: true, displayMode: event.target.value },
            )
          }
        >
          <option value="list">list</option>
          <option value="table">table</option>
          <option value="hidden">hidden</option>
        </select>
      </label>
      <label className="field">
        <span>Where</span>
        <select
          value={asString(legend["placement"], "bottom")}
          onChange={(event) => put({ placement: event.target.value })}
        >
          <option value="bottom">below</option>
          <option value="right">right</option>
        </select>
      </label>
      <TextField
        label="Values in it"
        value={asArray(legend["calcs"]).join(", ")}
        placeholder="lastNotNull, mean, max"
        onCommit={(text) =>
          put({
            calcs: text
              .split(",")
              .map((calc) => calc.trim())
              .filter((calc) => calc !== ""),
          })
        }
      />
    </div>
  );
}

/** The whole panel as JSON: overrides, transformations, mappings, links, and what else there is. */
function JsonField({ raw, onChange }: Omit<PanelSettingsProps, "defaults">) {
  const [text, setText] = useState<string>();
  const [error, setError] = useState("");
  const apply = () => {
    try {
      const next: unknown = JSON.parse(text ?? "");
      onChange({ ...asObject(next), id: raw["id"], gridPos: raw["gridPos"] });
      setText(undefined);
      setError("");
    } catch (thrown) {
      setError(errorMessage(thrown));
    }
  };
  return (
    <details className="json-field">
      <summary>All as JSON</summary>
      <textarea
        rows={18}
        className="mono"
        aria-label="The panel as JSON"
        spellCheck={false}
        value={text ?? JSON.stringify(raw, null, 1)}
        onChange={(event) => setText(event.target.value)}
      />
      {error !== "" && (
        <p className="error-line" role="alert">
          {error}
        </p>
      )}
      <button
        type="button"
        className="control is-small"
        disabled={text === undefined}
        onClick={apply}
      >
        Apply
      </button>
    </details>
  );
}
