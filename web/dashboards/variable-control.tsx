/** One dashboard variable as a control: a list to choose from (with search, All and several values) or a text. */

import { useState } from "react";
import type { Variable } from "../../src/dashboard/model.ts";
import { allVariableValue as allValue } from "../../src/dashboard/variable.ts";
import type { VariableOption } from "../../src/dashboard/variable-options.ts";
import { rankMatches } from "../app/palette-match.ts";
import { Icon } from "../ui/icon.tsx";
import { moveFocus, Popover } from "../ui/popover.tsx";

interface VariableControlProps {
  readonly variable: Variable;
  readonly options: readonly VariableOption[];
  /** Chosen values; `$__all` for All. */
  readonly values: readonly string[];
  readonly isLoading: boolean;
  readonly problem: string | undefined;
  readonly onChange: (values: readonly string[]) => void;
}

/** Options drawn at once; the rest is found by typing. */
const optionsShownMax = 300;

export function VariableControl(props: VariableControlProps) {
  const { variable, options, values } = props;
  const label = variable.label === "" ? variable.name : variable.label;
  if (variable.type === "textbox") return <TextVariable {...props} label={label} />;
  const texts = values.map(
    (value) =>
      (value === allValue ? "All" : options.find((option) => option.value === value)?.text) ??
      value,
  );
  const shown =
    texts.length === 0 ? "none" : texts.length > 2 ? `${texts.length} chosen` : texts.join(", ");
  return (
    <span className="variable">
      <span className="variable-name" aria-hidden="true">
        {label}
      </span>
      <Popover
        label={`${label}: ${shown}`}
        buttonClass="variable-value"
        paneClass="variable-pane"
        button={
          <>
            <span className="truncate">
              {shown}
              {values[0] === allValue && options.length > 0 && ` (${options.length})`}
            </span>
            {props.problem !== undefined && <span className="error-line">!</span>}
            <Icon name="down" />
          </>
        }
      >
        {(close) => <OptionList {...props} close={close} />}
      </Popover>
    </span>
  );
}

function OptionList({
  variable,
  options,
  values,
  isLoading,
  problem,
  onChange,
  close,
}: VariableControlProps & { readonly close: () => void }) {
  const [text, setText] = useState("");
  const all = variable.includesAll ? [{ text: "All", value: allValue }] : [];
  const found = rankMatches([...all, ...options], text, (option) => option.text);
  const choose = (value: string) => {
    if (!variable.isMulti) {
      onChange([value]);
      close();
    } else onChange(toggleValue(values, value, variable.includesAll));
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys move among the options inside.
    <div onKeyDown={moveFocus}>
      {options.length > 7 && (
        <input
          className="text-input"
          data-autofocus
          aria-label="Find a value"
          placeholder={`Find among ${options.length}`}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      )}
      <div className="menu">
        {found.slice(0, optionsShownMax).map((option) => {
          const isOn = values.includes(option.value);
          return (
            <button
              type="button"
              key={option.value}
              className={isOn && !variable.isMulti ? "is-on" : ""}
              aria-pressed={isOn}
              onClick={() => choose(option.value)}
            >
              {variable.isMulti && (
                <span className={`check ${isOn ? "is-on" : ""}`} aria-hidden="true">
                  {isOn && (
                    <svg viewBox="0 0 12 12" aria-hidden="true">
                      <path
                        d="m2 6.4 2.6 2.6L10 3.4"
                        fill="none"
                        stroke="currentColor"
                        strokeWidth="2"
                      />
                    </svg>
                  )}
                </span>
              )}
              <span className="truncate">{option.text}</span>
            </button>
          );
        })}
        {found.length === 0 && (
          <p className="palette-empty">
            {problem ??
              (isLoading
                ? "Reading values"
                : text === ""
                  ? "The server has no value for it."
                  : "No value matches.")}
          </p>
        )}
      </div>
    </div>
  );
}

/** The values after a click on `value` in a list that takes several; All and single values exclude each other. */
export function toggleValue(
  values: readonly string[],
  value: string,
  includesAll: boolean,
): readonly string[] {
  if (value === allValue) return [allValue];
  const single = values.filter((one) => one !== allValue);
  const next = single.includes(value) ? single.filter((one) => one !== value) : [...single, value];
  if (next.length > 0) return next;
  return includesAll ? [allValue] : values;
}

function TextVariable({
  label,
  values,
  onChange,
}: VariableControlProps & { readonly label: string }) {
  const [draft, setDraft] = useState<string>();
  const submit = () => {
    if (draft !== undefined) onChange([draft]);
    setDraft(undefined);
  };
  return (
    <label className="variable">
      <span className="variable-name">{label}</span>
      <input
        value={draft ?? values[0] ?? ""}
        onChange={(event) => setDraft(event.target.value)}
        onBlur={submit}
        onKeyDown={(event) => {
          if (event.key === "Enter") submit();
        }}
      />
    </label>
  );
}
