/**
 * The metrics string of Hubble (`hubble.metrics.enabled`), parsed as the agent parses it: items
 * separated by white space, each `name[:option[=value]{;option[=value]}]`. Values are split at "|"
 * where there is one, else at ",". Nothing is checked here: contexts by context.ts, options by the
 * handlers. Browser-safe.
 */

/** One option as written; `values` is [""] where no "=" followed and empty after a bare "=". */
export interface SpecOption {
  readonly name: string;
  readonly values: readonly string[];
}

/** One metric of the string: a handler's name and its options in the order written. */
export interface MetricSpec {
  readonly name: string;
  readonly options: readonly SpecOption[];
}

/** Parses Helm's list (or one string): the items are joined with blanks first, as the agent does. */
export function parseMetricSpecs(metrics: string | readonly string[]): MetricSpec[] {
  const text = typeof metrics === "string" ? metrics : metrics.join(" ");
  return text
    .split(/\s+/)
    .filter((item) => item !== "")
    .map(parseItem);
}

/** Whether an option is given at all; handler options are flags, so `query=false` switches on too. */
export function hasOption(spec: MetricSpec, name: string): boolean {
  return spec.options.some((option) => option.name.toLowerCase() === name.toLowerCase());
}

/** The first value of the first option called `name`, "" where it has none. */
export function firstValue(spec: MetricSpec, name: string): string | undefined {
  const option = spec.options.find((o) => o.name.toLowerCase() === name.toLowerCase());
  return option === undefined ? undefined : (option.values[0] ?? "");
}

function parseItem(item: string): MetricSpec {
  const colonAt = item.indexOf(":");
  if (colonAt < 0) return { name: item, options: [] };
  const options = item
    .slice(colonAt + 1)
    .split(";")
    .filter((text) => text !== "")
    .map(parseOption);
  return { name: item.slice(0, colonAt), options };
}

function parseOption(text: string): SpecOption {
  const equalsAt = text.indexOf("=");
  if (equalsAt < 0) return { name: text, values: [""] };
  const value = text.slice(equalsAt + 1);
  const values = value.split(value.includes("|") ? "|" : ",").filter((part) => part !== "");
  return { name: text.slice(0, equalsAt), values };
}
