/**
 * Label sets: sorted, immutable, distinct names. Layout: one flat array [name, value, name, value…]
 * sorted by name in UTF-8 byte order, as Prometheus sorts. An empty value means "no label" and is
 * never stored by the builder. Browser-safe.
 */

/** The label that holds a series' metric name. */
export const metricNameLabel = "__name__";

/** Separates names and values in a key; cannot occur in valid UTF-8, and JavaScript strings rarely hold it. */
const keySeparator = "\u00ff";

/** One label set. Compare with `equals`, never with ===. */
export class Labels {
  /** The set with no labels. */
  static readonly empty = new Labels([]);

  /** name, value, name, value… sorted by name. Owned by this object; do not change. */
  readonly pairs: readonly string[];
  #key: string | undefined;

  /** `pairs` must be sorted by name and without repeated names; use the functions below otherwise. */
  constructor(pairs: readonly string[]) {
    this.pairs = pairs;
  }

  /** How many labels there are. */
  get size(): number {
    return this.pairs.length / 2;
  }

  /** The value of `name`, "" where there is none. O(labels). */
  get(name: string): string {
    const { pairs } = this;
    for (let i = 0; i < pairs.length; i += 2) {
      if (pairs[i] === name) return pairs[i + 1] as string;
    }
    return "";
  }

  has(name: string): boolean {
    const { pairs } = this;
    for (let i = 0; i < pairs.length; i += 2) if (pairs[i] === name) return true;
    return false;
  }

  /** The metric name, "" where there is none. */
  get metricName(): string {
    return this.get(metricNameLabel);
  }

  /** A string that two label sets share exactly when they are equal; for Map keys. Computed once. */
  get key(): string {
    this.#key ??= this.pairs.join(keySeparator);
    return this.#key;
  }

  equals(other: Labels): boolean {
    if (this === other) return true;
    const a = this.pairs;
    const b = other.pairs;
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
    return true;
  }

  /** A set without `names`. */
  without(names: ReadonlySet<string>): Labels {
    return this.filter((name) => !names.has(name));
  }

  /** A set with only `names`. */
  only(names: ReadonlySet<string>): Labels {
    return this.filter((name) => names.has(name));
  }

  /** A set without the metric name. */
  withoutMetricName(): Labels {
    return this.has(metricNameLabel) ? this.filter((name) => name !== metricNameLabel) : this;
  }

  filter(keep: (name: string, value: string) => boolean): Labels {
    const kept: string[] = [];
    const { pairs } = this;
    for (let i = 0; i < pairs.length; i += 2) {
      const name = pairs[i] as string;
      const value = pairs[i + 1] as string;
      if (keep(name, value)) kept.push(name, value);
    }
    return kept.length === pairs.length ? this : new Labels(kept);
  }

  forEach(visit: (name: string, value: string) => void): void {
    const { pairs } = this;
    for (let i = 0; i < pairs.length; i += 2) visit(pairs[i] as string, pairs[i + 1] as string);
  }

  /** name → value, for JSON. */
  toObject(): Record<string, string> {
    const object: Record<string, string> = {};
    this.forEach((name, value) => {
      object[name] = value;
    });
    return object;
  }

  /** As Prometheus prints it: `{__name__="up", job="a"}`. */
  toString(): string {
    const parts: string[] = [];
    this.forEach((name, value) => {
      parts.push(`${isLegacyLabelName(name) ? name : quoteString(name)}=${quoteString(value)}`);
    });
    return `{${parts.join(", ")}}`;
  }
}

/** Changes labels, then builds a set; empty values drop the label. */
export class LabelsBuilder {
  readonly #values = new Map<string, string>();

  constructor(base?: Labels) {
    base?.forEach((name, value) => {
      this.#values.set(name, value);
    });
  }

  get(name: string): string {
    return this.#values.get(name) ?? "";
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** Sets or, with "", removes. */
  set(name: string, value: string): this {
    if (value === "") this.#values.delete(name);
    else this.#values.set(name, value);
    return this;
  }

  delete(name: string): this {
    this.#values.delete(name);
    return this;
  }

  /** Names at present, in no order. Safe to change the builder while walking the copy. */
  names(): string[] {
    return [...this.#values.keys()];
  }

  labels(): Labels {
    return labelsFromEntries([...this.#values]);
  }
}

/** Builds a set from entries in any order; a repeated name keeps the last value, empty values are dropped. */
export function labelsFromEntries(entries: Iterable<readonly [string, string]>): Labels {
  const byName = new Map<string, string>();
  for (const [name, value] of entries) byName.set(name, value);
  const names = [...byName.keys()].sort(compareUtf8);
  const pairs: string[] = [];
  for (const name of names) {
    const value = byName.get(name) as string;
    if (value !== "") pairs.push(name, value);
  }
  return pairs.length === 0 ? Labels.empty : new Labels(pairs);
}

/** Builds a set from an object; empty values are dropped. */
export function labelsFromObject(object: Readonly<Record<string, string>>): Labels {
  return labelsFromEntries(Object.entries(object));
}

/** Order of label sets as Prometheus': pair by pair, a prefix first. */
export function compareLabels(a: Labels, b: Labels): number {
  if (a === b) return 0;
  const length = Math.min(a.pairs.length, b.pairs.length);
  for (let i = 0; i < length; i++) {
    const order = compareUtf8(a.pairs[i] as string, b.pairs[i] as string);
    if (order !== 0) return order;
  }
  return a.pairs.length - b.pairs.length;
}

/**
 * Orders strings as their UTF-8 bytes would be ordered (Go's string order). JavaScript's own `<`
 * differs where a surrogate pair meets U+E000..U+FFFF.
 */
export function compareUtf8(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const isSurrogateX = x >= 0xd800 && x <= 0xdfff;
    const isSurrogateY = y >= 0xd800 && y <= 0xdfff;
    // A surrogate stands for a code point above U+FFFF, so it sorts after every single unit.
    if (isSurrogateX !== isSurrogateY) return isSurrogateX ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}

const legacyLabelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const legacyMetricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/** Whether a label name can be written without quotes. */
export function isLegacyLabelName(name: string): boolean {
  return legacyLabelName.test(name);
}

/** Whether a metric name can be written without quotes. */
export function isLegacyMetricName(name: string): boolean {
  return legacyMetricName.test(name);
}

/** A double-quoted string with Go's escapes (strconv.Quote), as Prometheus prints label values. */
export function quoteString(text: string): string {
  let quoted = '"';
  for (const char of text) quoted += quoteChar(char);
  return `${quoted}"`;
}

const shortEscapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\v": "\\v",
};

function quoteChar(char: string): string {
  const short = shortEscapes[char];
  if (short !== undefined) return short;
  const code = char.codePointAt(0) as number;
  if (code >= 0x20 && code < 0x7f) return char;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, "0")}`;
  // A byte that is no UTF-8, kept as a lone surrogate (promql/string-literal.ts).
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`;
  if (isPrintable(char)) return char;
  return code <= 0xffff
    ? `\\u${code.toString(16).padStart(4, "0")}`
    : `\\U${code.toString(16).padStart(8, "0")}`;
}

const printable = /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u;

function isPrintable(char: string): boolean {
  return printable.test(char);
}
