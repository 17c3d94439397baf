/**
 * The metrics string with positions: the same reading as spec.ts (which is what runs), keeping where each
 * part stands, so that findings can point at it. Offsets are UTF-16 units in the item (Helm list entry)
 * that the part is written in. Browser-safe.
 */

/** A piece of text and where it stands. */
export interface Located {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** One option; `values` as the agent splits them, empty ones left out. */
export interface LocatedOption {
  readonly whole: Located;
  readonly name: Located;
  /** Undefined where no "=" follows. */
  readonly value: Located | undefined;
  readonly values: readonly Located[];
  /** What the values were split at. */
  readonly separator: "," | "|";
}

/** One metric. */
export interface LocatedSpec {
  /** Index of the Helm list entry, or of the metric in a configuration file. */
  readonly item: number;
  readonly whole: Located;
  readonly name: Located;
  /** Whether a colon follows the name. */
  readonly hasColon: boolean;
  readonly options: readonly LocatedOption[];
}

/** Reads list entries as the agent does: joined by blanks, split at white space. */
export function locateSpecs(items: readonly string[]): LocatedSpec[] {
  return items.flatMap((text, item) =>
    [...text.matchAll(/\S+/g)].map((match) => locateSpec(match[0], match.index, item)),
  );
}

function locateSpec(text: string, start: number, item: number): LocatedSpec {
  const whole = at(text, start);
  const colonAt = text.indexOf(":");
  if (colonAt < 0) return { item, whole, name: whole, hasColon: false, options: [] };
  const name = at(text.slice(0, colonAt), start);
  const options = split(at(text.slice(colonAt + 1), start + colonAt + 1), ";").map(locateOption);
  return { item, whole, name, hasColon: true, options };
}

function locateOption(whole: Located): LocatedOption {
  const equalsAt = whole.text.indexOf("=");
  if (equalsAt < 0) return { whole, name: whole, value: undefined, values: [], separator: "," };
  const name = at(whole.text.slice(0, equalsAt), whole.start);
  const value = at(whole.text.slice(equalsAt + 1), whole.start + equalsAt + 1);
  const separator = value.text.includes("|") ? "|" : ",";
  return { whole, name, value, values: split(value, separator), separator };
}

function split({ text, start }: Located, separator: string): Located[] {
  const parts: Located[] = [];
  let offset = start;
  for (const part of text.split(separator)) {
    if (part !== "") parts.push(at(part, offset));
    offset += part.length + separator.length;
  }
  return parts;
}

function at(text: string, start: number): Located {
  return { text, start, end: start + text.length };
}
