/** Reads what stands in braces and in label lists: matchers, quoted names, by(...) and on(...). Browser-safe. */

import { ParseError } from "../base/errors.ts";
import { metricNameLabel, quoteString } from "../model/labels.ts";
import { createMatcher, type Matcher, type MatchOperator } from "../model/matcher.ts";
import type { VectorSelector } from "./ast.ts";
import { unquoteString } from "./string-literal.ts";
import { isGroupingLabel, isMetricName, type Token } from "./token.ts";
import type { TokenReader } from "./token-reader.ts";

const matchContext = "label matching";
const groupContext = "grouping opts";

/** A selector without range and modifiers: `up`, `up{job="a"}`, `{"up"}`. */
export function readVectorSelector(reader: TokenReader): VectorSelector {
  return readSelectorAfterName(
    reader,
    isMetricName(reader.peek().kind) ? reader.take() : undefined,
  );
}

/** The rest of a selector whose name, if it has one, is taken. */
export function readSelectorAfterName(
  reader: TokenReader,
  name: Token | undefined,
): VectorSelector {
  const brace = reader.peek();
  const hasBraces = brace.kind === "{";
  if (name === undefined && !hasBraces) reader.unexpected();
  const matchers = hasBraces ? readMatchers(reader) : [];
  if (name !== undefined) matchers.push(createMatcher("=", metricNameLabel, name.text));
  return {
    kind: "vectorSelector",
    start: name?.start ?? brace.start,
    end: hasBraces ? reader.previousEnd : (name?.end ?? brace.end),
    name: name?.text ?? "",
    matchers,
    offsetMs: 0,
  };
}

function readMatchers(reader: TokenReader): Matcher[] {
  const matchers: Matcher[] = [];
  reader.take();
  while (!reader.isNext("}")) {
    matchers.push(readMatcher(reader));
    if (reader.isNext("}")) break;
    reader.expect(",", matchContext, '"," or "}"');
  }
  reader.take();
  return matchers;
}

function readMatcher(reader: TokenReader): Matcher {
  const label = reader.peek();
  if (label.kind === "string") {
    reader.take();
    const name = unquoteString(label.text);
    const operator = readMatchOperator(reader);
    if (operator === undefined) return createMatcher("=", metricNameLabel, name);
    return buildMatcher(reader, { label, name, operator });
  }
  if (label.kind !== "identifier") reader.unexpected(matchContext, 'identifier or "}"');
  reader.take();
  const operator = readMatchOperator(reader);
  if (operator === undefined) reader.unexpected(matchContext, "label matching operator");
  return buildMatcher(reader, { label, name: label.text, operator });
}

function readMatchOperator(reader: TokenReader): MatchOperator | undefined {
  const { kind } = reader.peek();
  if (kind !== "=" && kind !== "!=" && kind !== "=~" && kind !== "!~") return undefined;
  reader.take();
  return kind;
}

function buildMatcher(
  reader: TokenReader,
  left: { label: Token; name: string; operator: MatchOperator },
): Matcher {
  const value = reader.expect("string", matchContext, "string");
  try {
    return createMatcher(left.operator, left.name, unquoteString(value.text));
  } catch (thrown) {
    if (!(thrown instanceof ParseError)) throw thrown;
    return reader.fail({ start: left.label.start, end: value.end }, thrown.message);
  }
}

/** `(a, b)` after by, without, on, ignoring, group_left and group_right. */
export function readGroupingLabels(reader: TokenReader): readonly string[] {
  reader.expect("(", groupContext, '"("');
  const labels: string[] = [];
  while (!reader.isNext(")")) {
    labels.push(readGroupingLabel(reader));
    if (reader.isNext(")")) break;
    reader.expect(",", groupContext, '"," or ")"');
  }
  reader.take();
  return labels;
}

function readGroupingLabel(reader: TokenReader): string {
  const token = reader.peek();
  if (token.kind !== "string" && !isGroupingLabel(token.kind)) {
    reader.unexpected(groupContext, "label");
  }
  reader.take();
  const label = token.kind === "string" ? unquoteString(token.text) : token.text;
  if (label === "" || /[\ud800-\udfff]/u.test(label)) {
    reader.fail(token, `invalid label name for grouping: ${quoteString(label)}`);
  }
  return label;
}
