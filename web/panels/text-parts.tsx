/** A formatted value on the page: the number large, its unit smaller. */

import type { FormattedValue } from "../../src/dashboard/units/number-text.ts";

export function ValueText({ value }: { readonly value: FormattedValue }) {
  const { prefix, text, suffix } = value;
  return (
    <>
      {prefix !== undefined && prefix !== "" && <small>{prefix}</small>}
      {text}
      {suffix !== undefined && suffix.trim() !== "" && <small>{` ${suffix.trim()}`}</small>}
    </>
  );
}
