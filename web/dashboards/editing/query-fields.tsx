/** The queries of a panel: expression with completion, legend, kind of question, minimum step; added, hidden, removed. */

import { lazy, Suspense, useState } from "react";
import { asString, type JsonObject } from "../../../src/dashboard/json-reader.ts";
import { Icon } from "../../ui/icon.tsx";

const QueryEditor = lazy(async () => ({
  default: (await import("../../explore/query-editor.tsx")).QueryEditor,
}));

interface QueryFieldsProps {
  readonly targets: readonly JsonObject[];
  readonly onChange: (targets: readonly JsonObject[]) => void;
}

export function QueryFields({ targets, onChange }: QueryFieldsProps) {
  const put = (index: number, change: JsonObject) =>
    onChange(targets.map((target, at) => (at === index ? { ...target, ...change } : target)));
  return (
    <>
      {targets.map((target, index) => (
        <QueryField
          key={asString(target["refId"])}
          target={target}
          onChange={(change) => put(index, change)}
          onRemove={() => onChange(targets.filter((_, at) => at !== index))}
        />
      ))}
      <button
        type="button"
        className="control is-small"
        onClick={() => onChange([...targets, newTarget(targets)])}
      >
        <Icon name="plus" />
        Add query
      </button>
    </>
  );
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** With the first letter that is free. */
function newTarget(targets: readonly JsonObject[]): JsonObject {
  const taken = new Set(targets.map((target) => target["refId"]));
  const refId = [...letters].find((letter) => !taken.has(letter)) ?? `Q${targets.length}`;
  return { refId, expr: "", legendFormat: "__auto", range: true, instant: false };
}

interface QueryFieldProps {
  readonly target: JsonObject;
  readonly onChange: (change: JsonObject) => void;
  readonly onRemove: () => void;
}

function QueryField({ target, onChange, onRemove }: QueryFieldProps) {
  const refId = asString(target["refId"]);
  const saved = asString(target["expr"]);
  // What is typed is run on ⌘↵ and when the editor is left, not with each letter.
  const [text, setText] = useState(saved);
  const run = () => {
    if (text !== saved) onChange({ expr: text });
  };
  const isHidden = target["hide"] === true;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a query is a group of fields within the form of all.
    <div className="query-field" role="group" aria-label={`Query ${refId}`} onBlur={run}>
      <div className="row">
        <b className="mono">{refId}</b>
        <i className="spacer" />
        <button type="button" className="control is-small" onClick={run} disabled={text === saved}>
          Run <kbd>⌘↵</kbd>
        </button>
        <button
          type="button"
          className="control is-small"
          aria-pressed={isHidden}
          onClick={() => onChange({ hide: !isHidden })}
        >
          {isHidden ? "Hidden" : "Hide"}
        </button>
        <button
          type="button"
          className="control is-ghost is-small is-icon"
          aria-label={`Remove query ${refId}`}
          onClick={onRemove}
        >
          <Icon name="trash" />
        </button>
      </div>
      <Suspense fallback={<pre className="code-block">{text}</pre>}>
        <QueryEditor
          label={`Expression of query ${refId}`}
          text={text}
          fault={undefined}
          isFocused={false}
          onChange={setText}
          onRun={run}
          onFocus={() => undefined}
        />
      </Suspense>
      <div className="field-row">
        <TextField
          label="Legend"
          value={asString(target["legendFormat"])}
          placeholder="{{label}}, __auto"
          onCommit={(legendFormat) => onChange({ legendFormat })}
        />
        <TextField
          label="Minimum step"
          value={asString(target["interval"])}
          placeholder="15s"
          onCommit={(interval) => onChange({ interval })}
        />
        <label className="field">
          <span>Asked</span>
          <select
            value={askedAs(target)}
            onChange={(event) =>
              onChange({
                instant: event.target.value !== "range",
                range: event.target.value !== "instant",
              })
            }
          >
            <option value="range">over the range</option>
            <option value="instant">at the end</option>
            <option value="both">both</option>
          </select>
        </label>
        <label className="field">
          <span>Format</span>
          <select
            value={asString(target["format"], "time_series")}
            onChange={(event) => onChange({ format: event.target.value })}
          >
            <option value="time_series">time series</option>
            <option value="table">table</option>
            <option value="heatmap">heat map</option>
          </select>
        </label>
      </div>
    </div>
  );
}

function askedAs(target: JsonObject): "range" | "instant" | "both" {
  if (target["instant"] !== true) return "range";
  return target["range"] === true ? "both" : "instant";
}

interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly placeholder?: string;
  readonly list?: string;
  readonly onCommit: (value: string) => void;
}

/** A text that is taken over when the field is left or Enter is pressed. */
export function TextField({ label, value, placeholder, list, onCommit }: TextFieldProps) {
  return (
    <label className="field">
      <span>{label}</span>
      <input
        key={value}
        type="text"
        defaultValue={value}
        placeholder={placeholder}
        list={list}
        onBlur={(event) => {
          if (event.target.value !== value) onCommit(event.target.value);
        }}
        onKeyDown={(event) => {
          if (event.key === "Enter") event.currentTarget.blur();
        }}
      />
    </label>
  );
}
