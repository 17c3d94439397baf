/**
 * The language of Prometheus' PromQL test scripts (`load`, `clear`, `eval … expect …`) as a list of
 * commands. Old spellings (`eval_fail`, `expected_fail_message`, …) are read too. A command's body
 * ends at a blank line or a comment, as in Prometheus.
 */

import { ParseError } from "../../base/errors.ts";
import { parseDuration } from "../../model/duration.ts";
import type { Labels } from "../../model/labels.ts";
import { parseNumber } from "../number-literal.ts";
import { unquoteString } from "../string-literal.ts";
import { parseMetric, parseSeriesLine, type SeriesPoint } from "./series-notation.ts";

/** A series of a load; point i is at i × step. */
export interface LoadedSeries {
  readonly labels: Labels;
  readonly points: readonly SeriesPoint[];
  /** Start timestamps relative to each sample, ms; undefined where a sample has none. */
  readonly startOffsetsMs?: readonly (number | undefined)[];
}

export interface LoadCommand {
  readonly kind: "load";
  readonly line: number;
  readonly stepMs: number;
  /** Classic histograms are to be stored as native ones with custom buckets too. */
  readonly withCustomBuckets: boolean;
  /** A series that is written twice is as it was written last. */
  readonly series: readonly LoadedSeries[];
}

export interface ClearCommand {
  readonly kind: "clear";
  readonly line: number;
}

/** How a message must be: exactly `text`, or matched by the expression. */
export type MessageMatch =
  | { readonly kind: "exact"; readonly text: string }
  | { readonly kind: "regexp"; readonly pattern: string };

export type ExpectationKind = "ordered" | "fail" | "warn" | "no_warn" | "info" | "no_info";

export interface ExpectedSeries {
  readonly labels: Labels;
  readonly points: readonly SeriesPoint[];
  /** From 1, in the order written; for `expect ordered`. */
  readonly position: number;
}

export interface EvalCommand {
  readonly kind: "eval";
  /** Of the eval line, from 1. */
  readonly line: number;
  readonly query: string;
  readonly isRange: boolean;
  /** Instant: when to evaluate. Range: the start. */
  readonly timeMs: number;
  /** Times of the expected points: those of the range, or of `expect range vector`. */
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  readonly expectations: ReadonlyMap<ExpectationKind, readonly MessageMatch[]>;
  /** A scalar result. */
  readonly expectedScalar?: number;
  /** A string result. */
  readonly expectedString?: string;
  readonly expectedSeries: readonly ExpectedSeries[];
  /** The result has its own times or is a string: no re-run as a range query. */
  readonly isInstantOnly: boolean;
}

export type ScriptCommand = LoadCommand | ClearCommand | EvalCommand;

const loadPattern = /^load(?:_(with_nhcb))?\s+(.+?)$/;
const instantPattern = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(.+?))?\s+(.+)$/;
const rangePattern =
  /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$/;
const expectPattern = /^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$/;
const rangeVectorPattern = /^expect range vector\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+)$/;
const anything: MessageMatch = { kind: "regexp", pattern: "^.*$" };

/** Reads a whole script; throws ParseError with the line. */
export function parseScript(text: string): readonly ScriptCommand[] {
  return new ScriptReader(text).read();
}

/** An eval being read. */
type OpenEval = {
  -readonly [Key in keyof Omit<EvalCommand, "expectations" | "expectedSeries">]: EvalCommand[Key];
} & {
  readonly expectations: Map<ExpectationKind, MessageMatch[]>;
  readonly expectedSeries: ExpectedSeries[];
};

class ScriptReader {
  /** Trimmed, comments blanked. */
  readonly #lines: readonly string[];
  #index = 0;

  constructor(text: string) {
    this.#lines = text.split("\n").map((line) => {
      const trimmed = line.trim();
      return trimmed.startsWith("#") ? "" : trimmed;
    });
  }

  read(): readonly ScriptCommand[] {
    const commands: ScriptCommand[] = [];
    for (; this.#index < this.#lines.length; this.#index++) {
      const line = this.#line();
      if (line === "") continue;
      const word = (line.split(/[\t ]+/)[0] ?? "").toLowerCase();
      if (word === "clear") commands.push({ kind: "clear", line: this.#index + 1 });
      else if (word.startsWith("load")) commands.push(this.#readLoad());
      else if (word.startsWith("eval")) commands.push(this.#readEval());
      else this.#fail(`unknown command ${line}`);
    }
    return commands;
  }

  #line(): string {
    return this.#lines[this.#index] ?? "";
  }

  /** Moves to the next line of the body; false at its end. */
  #nextOfBody(): boolean {
    if ((this.#lines[this.#index + 1] ?? "") === "") return false;
    this.#index++;
    return true;
  }

  #readLoad(): LoadCommand {
    const match = loadPattern.exec(this.#line());
    if (match === null) return this.#fail("a load needs a step");
    const line = this.#index + 1;
    const stepMs = this.#duration(match[2] ?? "");
    const series = new Map<string, LoadedSeries>();
    let startLine: ReturnType<typeof parseStartLine> | undefined;
    while (this.#nextOfBody()) {
      const body = this.#line();
      if (/^\S+@st\s/.test(body)) {
        startLine = parseStartLine(body);
        continue;
      }
      const read = this.#series();
      if (startLine !== undefined && !startLine.labels.equals(read.labels)) {
        this.#fail("the @st line before is of another series");
      }
      const startCount = startLine?.offsetsMs.length ?? read.points.length;
      if (startCount !== read.points.length) {
        this.#fail(`the @st line before has ${startCount} values, not ${read.points.length}`);
      }
      const starts = startLine === undefined ? {} : { startOffsetsMs: startLine.offsetsMs };
      series.set(read.labels.key, { ...read, ...starts });
      startLine = undefined;
    }
    if (startLine !== undefined) this.#fail("an @st line has no line of samples");
    const withCustomBuckets = match[1] !== undefined;
    return { kind: "load", line, stepMs, withCustomBuckets, series: [...series.values()] };
  }

  #readEval(): EvalCommand {
    const [command, modifier] = this.#readEvalLine();
    if (modifier !== undefined) this.#expect(command, modifier as ExpectationKind, anything);
    let position = 0;
    while (this.#nextOfBody()) {
      const body = this.#line();
      if (this.#readExpectation(command, body)) continue;
      const number = plainNumber(body);
      if (number !== undefined) {
        command.expectedScalar = number;
        break;
      }
      position++;
      command.expectedSeries.push({ ...this.#series(), position });
    }
    return command;
  }

  #readEvalLine(): [OpenEval, string | undefined] {
    const line = this.#line();
    const shared = {
      kind: "eval" as const,
      line: this.#index + 1,
      expectations: new Map<ExpectationKind, MessageMatch[]>(),
      expectedSeries: [],
      isInstantOnly: false,
    };
    const instant = instantPattern.exec(line);
    if (instant !== null) {
      const timeMs = this.#duration(instant[2] ?? "");
      const times = { isRange: false, timeMs, startMs: timeMs, endMs: timeMs, stepMs: 0 };
      return [{ ...shared, ...times, query: instant[3] ?? "" }, instant[1]];
    }
    const range = rangePattern.exec(line);
    if (range === null) return this.#fail("an eval is 'instant at' or 'range from to step'");
    const times = this.#times(range[2], range[3], range[4]);
    return [
      { ...shared, ...times, isRange: true, timeMs: times.startMs, query: range[5] ?? "" },
      range[1],
    ];
  }

  #times(from = "", to = "", step = ""): Pick<EvalCommand, "startMs" | "endMs" | "stepMs"> {
    return {
      startMs: this.#duration(from),
      endMs: this.#duration(to),
      stepMs: this.#duration(step),
    };
  }

  /** Reads an expectation in the body; false where the line is a result. */
  #readExpectation(command: OpenEval, body: string): boolean {
    const old = /^expected_fail_(message|regexp)\s+(.*)$/.exec(body);
    if (old !== null) {
      const [, kind, text = ""] = old;
      command.expectations.set("fail", [
        kind === "message" ? { kind: "exact", text } : { kind: "regexp", pattern: text },
      ]);
      return true;
    }
    const rangeVector = rangeVectorPattern.exec(body);
    if (rangeVector !== null) {
      Object.assign(command, this.#times(rangeVector[1], rangeVector[2], rangeVector[3]));
      command.timeMs = command.endMs;
      command.isInstantOnly = true;
      return true;
    }
    if (body.startsWith("expect string")) {
      command.expectedString = unquoteString(body.slice("expect string ".length));
      command.isInstantOnly = true;
      return true;
    }
    if (!/^expect\s/.test(body)) return false;
    const match = expectPattern.exec(body);
    if (match === null) return this.#fail(`unknown expectation ${body}`);
    const [, kind, how, text = ""] = match;
    let message = anything;
    if (how === "msg") message = { kind: "exact", text: text.trim() };
    else if (how === "regex") message = { kind: "regexp", pattern: text.trim() };
    this.#expect(command, kind as ExpectationKind, message);
    return true;
  }

  #expect(command: OpenEval, kind: ExpectationKind, message: MessageMatch): void {
    const known = command.expectations.get(kind);
    if (known === undefined) command.expectations.set(kind, [message]);
    else known.push(message);
  }

  #series(): ReturnType<typeof parseSeriesLine> {
    try {
      return parseSeriesLine(this.#line());
    } catch (thrown) {
      if (thrown instanceof ParseError) return this.#fail(thrown.message);
      throw thrown;
    }
  }

  #duration(text: string): number {
    return parseDuration(text) ?? this.#fail(`not a duration: "${text}"`);
  }

  #fail(reason: string): never {
    const input = this.#line();
    throw new ParseError(`line ${this.#index + 1}: ${reason}`, {
      input,
      start: 0,
      end: input.length,
    });
  }
}

function plainNumber(text: string): number | undefined {
  const result = parseNumber(text.replace(/^[+-]/, ""));
  if (result.error !== undefined) return undefined;
  return text.startsWith("-") ? -result.value : result.value;
}

/** `series@st offsets…`: durations that tell how long before its sample each series began. */
function parseStartLine(line: string): { labels: Labels; offsetsMs: (number | undefined)[] } {
  const [metric = "", ...items] = line.split(/\s+/);
  const offsetsMs: (number | undefined)[] = [];
  for (const item of items) addStartOffsets(item, offsetsMs);
  return { labels: parseMetric(metric.slice(0, -"@st".length)), offsetsMs };
}

const startItemPattern = /^([+-]?)(\d+[a-wyz]*)(?:([+-])(\d+[a-wyz]*))?(?:x(\d+))?$/;

function addStartOffsets(item: string, into: (number | undefined)[]): void {
  const blank = /^_(?:x(\d+))?$/.exec(item);
  if (blank !== null) {
    const count = Number(blank[1] ?? "1");
    for (let i = 0; i < count; i++) into.push(undefined);
    return;
  }
  const match = startItemPattern.exec(item);
  const base = parseDuration(match?.[2] ?? "");
  if (match === null || base === undefined) {
    throw new ParseError(`not a start offset: ${item}`, {
      input: item,
      start: 0,
      end: item.length,
    });
  }
  const step = (parseDuration(match[4] ?? "") ?? 0) * (match[3] === "-" ? -1 : 1);
  let offset = match[1] === "-" ? -base : base;
  const count = Number(match[5] ?? "0");
  for (let i = 0; i <= count; i++) {
    into.push(offset);
    offset += step;
  }
}
