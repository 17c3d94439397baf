/**
 * A walk over a YAML tree that knows where it is: each value has its path and line, so that every
 * error names file, line, field and mend. Unlike schema/yaml-document it keeps the scalars' types,
 * since Kubernetes refuses `port: 80` where a text is wanted.
 */

import {
  Composer,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  Parser,
} from "yaml";
import { ConfigError } from "../../base/errors.ts";
import { PolicyError } from "./policy-fault.ts";

/** Documents in one file beyond this are refused. */
const documentsMax = 10_000;

interface CursorSource {
  readonly file: string;
  readonly lines: LineCounter;
  readonly document: Document;
}

/** Where a value hangs: its parent, and the key or the place in a list. */
interface CursorPlace {
  readonly parent: YamlCursor;
  readonly step: string | number;
  /** The key's or item's node, whose line is the value's. */
  readonly at: unknown;
}

/** A value in the tree. Path and line are made when they are asked for: most values are only passed through. */
export class YamlCursor {
  readonly #source: CursorSource;
  readonly #node: unknown;
  readonly #place: CursorPlace | undefined;
  #line: number;

  /** `line` 0: not known yet. */
  constructor(source: CursorSource, node: unknown, at: CursorPlace | { readonly line: number }) {
    this.#source = source;
    this.#node = isAlias(node) ? node.resolve(source.document) : node;
    this.#place = "parent" in at ? at : undefined;
    this.#line = "parent" in at ? 0 : at.line;
  }

  /** "spec.ingress[0]"; "" for the document. */
  get path(): string {
    const place = this.#place;
    if (place === undefined) return "";
    const { path } = place.parent;
    if (typeof place.step === "number") return `${path}[${place.step}]`;
    return path === "" ? place.step : `${path}.${place.step}`;
  }

  /** 1-based. */
  get line(): number {
    if (this.#line === 0 && this.#place !== undefined) {
      const { at, parent } = this.#place;
      const range =
        (at as Node | null | undefined)?.range ?? (this.#node as Node | null | undefined)?.range;
      this.#line =
        range === null || range === undefined
          ? parent.line
          : this.#source.lines.linePos(range[0]).line;
    }
    return this.#line;
  }

  /** Throws a PolicyError about this value: `reason` in the words of Cilium's agent, `mend` ours. */
  fail(reason: string, mend = ""): never {
    throw new PolicyError({
      stage: "agent",
      file: this.#source.file,
      path: this.path,
      line: this.line,
      reason,
      mend,
    });
  }

  /** The file that holds the value. */
  get file(): string {
    return this.#source.file;
  }

  /** What JSON calls the value's type; whole numbers are "number" too. */
  get jsonType(): "object" | "array" | "string" | "number" | "boolean" | "null" {
    if (this.isNull()) return "null";
    if (isMap(this.#node)) return "object";
    if (isSeq(this.#node)) return "array";
    const value = isScalar(this.#node) ? this.#node.value : undefined;
    if (typeof value === "string") return "string";
    return typeof value === "boolean" ? "boolean" : "number";
  }

  /** Nothing, `null` or `~`. */
  isNull(): boolean {
    return (
      this.#node === null ||
      this.#node === undefined ||
      (isScalar(this.#node) && this.#node.value === null)
    );
  }

  /** What kind of value this is, for messages. */
  describe(): string {
    if (this.isNull()) return "nothing";
    if (isMap(this.#node)) return "a mapping";
    if (isSeq(this.#node)) return "a list";
    return isScalar(this.#node)
      ? `the ${typeof this.#node.value} ${JSON.stringify(this.#node.value)}`
      : "an alias";
  }

  /** The mapping's entries whose value is not null, in order. */
  entries(): [string, YamlCursor][] {
    return this.entriesWithNulls().filter(([, child]) => !child.isNull());
  }

  /** All of the mapping's entries, in order. */
  entriesWithNulls(): [string, YamlCursor][] {
    if (!isMap(this.#node)) this.fail(`want a mapping, have ${this.describe()}`);
    const entries: [string, YamlCursor][] = [];
    for (const pair of this.#node.items) {
      const key = keyOf(pair.key);
      entries.push([key, this.#child(pair.value, pair.key, key)]);
    }
    return entries;
  }

  /** The values of the fields in `known`; other keys are not looked at (policy-schema.ts reports them). */
  fields<Key extends string>(known: readonly Key[]): Partial<Record<Key, YamlCursor>> {
    const fields: Partial<Record<Key, YamlCursor>> = {};
    for (const name of known) {
      const value = this.field(name);
      if (value !== undefined) fields[name] = value;
    }
    return fields;
  }

  /** One field of the mapping; undefined where it is absent or null, or this is no mapping. */
  field(key: string): YamlCursor | undefined {
    const child = this.fieldOrNull(key);
    return child === undefined || child.isNull() ? undefined : child;
  }

  /** One field of the mapping, null or not; undefined where it is absent, or this is no mapping. */
  fieldOrNull(key: string): YamlCursor | undefined {
    if (!isMap(this.#node)) return undefined;
    for (const pair of this.#node.items) {
      if (keyOf(pair.key) === key) return this.#child(pair.value, pair.key, key);
    }
    return undefined;
  }

  /** The list's items. */
  items(): YamlCursor[] {
    if (!isSeq(this.#node)) this.fail(`want a list, have ${this.describe()}`);
    return this.#node.items.map((item, index) => this.#child(item, item, index));
  }

  isMapping(): boolean {
    return isMap(this.#node);
  }

  text(): string {
    if (isScalar(this.#node) && typeof this.#node.value === "string") return this.#node.value;
    this.fail(`want a text, have ${this.describe()}`);
  }

  boolean(): boolean {
    if (isScalar(this.#node) && typeof this.#node.value === "boolean") return this.#node.value;
    this.fail(`want true or false, have ${this.describe()}`);
  }

  /** A whole number, or text where `text` allows it. */
  scalar(): string | number | boolean {
    if (isScalar(this.#node)) {
      const { value } = this.#node;
      if (typeof value === "string" || typeof value === "number" || typeof value === "boolean")
        return value;
    }
    this.fail(`want a single value, have ${this.describe()}`);
  }

  integer(min: number, max: number): number {
    const value = isScalar(this.#node) ? this.#node.value : undefined;
    if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max)
      return value;
    this.fail(`want a whole number from ${min} to ${max}, have ${this.describe()}`);
  }

  /** Offsets of the value in the file's text. */
  range(): readonly [number, number] | undefined {
    const range = (this.#node as Node | undefined)?.range;
    return range === null || range === undefined ? undefined : [range[0], range[2]];
  }

  #child(node: unknown, at: unknown, step: string | number): YamlCursor {
    return new YamlCursor(this.#source, node, { parent: this, step, at });
  }
}

function keyOf(key: unknown): string {
  return isScalar(key) ? String(key.value) : String(key);
}

/** A cursor for each document of a file that is not empty; throws PolicyError with the line of a syntax error. */
export function openYaml(text: string, file: string): YamlCursor[] {
  return [...eachYaml(text, file)];
}

/** As openYaml, one after the other: of a file with many documents only one is in memory. */
export function* eachYaml(text: string, file: string): Generator<YamlCursor> {
  const lines = new LineCounter();
  const parser = new Parser(lines.addNewLine);
  const composer = new Composer({ prettyErrors: false, stringKeys: false });
  let documentCount = 0;
  for (const document of composer.compose(parser.parse(text))) {
    if (++documentCount > documentsMax) {
      throw new ConfigError(`more than ${documentsMax} documents in one file`, { file, path: "" });
    }
    const first = document.errors[0];
    if (first !== undefined) {
      const { line } = lines.linePos(first.pos[0]);
      const words = first.message.replace(/\s+/g, " ").trim();
      const reason = `cannot read YAML: ${words}`;
      throw new PolicyError({ stage: "yaml", file, path: "", line, reason, mend: "" });
    }
    const start = document.contents?.range?.[0] ?? 0;
    const cursor = new YamlCursor({ file, lines, document }, document.contents, {
      line: lines.linePos(start).line,
    });
    if (!cursor.isNull()) yield cursor;
  }
}
