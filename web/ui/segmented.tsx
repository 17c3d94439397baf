/** A row of choices of which one holds, as radio buttons that look like one control. */

import type { ReactNode } from "react";

interface SegmentedProps<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly { readonly value: Value; readonly label: ReactNode }[];
  readonly onChange: (value: Value) => void;
  readonly isSmall?: boolean;
}

/** The chosen one has tint, weight and underline. */
export function Segmented<Value extends string>({
  label,
  value,
  options,
  onChange,
  isSmall = false,
}: SegmentedProps<Value>) {
  return (
    <span className={`segmented ${isSmall ? "is-small" : ""}`} role="radiogroup" aria-label={label}>
      {options.map((option) => (
        // biome-ignore lint/a11y/useSemanticElements: a styled button with the radio's role keeps its label inside.
        <button
          key={option.value}
          type="button"
          role="radio"
          aria-checked={option.value === value}
          className={option.value === value ? "is-on" : ""}
          onClick={() => onChange(option.value)}
        >
          {option.label}
        </button>
      ))}
    </span>
  );
}
