/**
 * The panel doctor: why a query has no result. It looks at the query's selectors first (a name, a
 * label, a value that is not there); where all of them have series it evaluates the parts of the
 * expression from the leaves up, until one is empty that stands on parts which are not. Costs a few
 * index look-ups a selector and at most `evaluationsMax` queries of `pointsMax` steps.
 */

import { AppError, errorMessage } from "../../base/errors.ts";
import { formatDuration } from "../../model/duration.ts";
import { metricNameLabel } from "../../model/labels.ts";
import { type Matcher, matcherToString } from "../../model/matcher.ts";
import type { BinaryExpr, Expr, MatrixSelector, VectorSelector } from "../../promql/ast.ts";
import type { QueryValue } from "../../promql/engine/query-result.ts";
import { parseExpr } from "../../promql/parser.ts";
import { printExpr } from "../../promql/printer.ts";
import type { ApiSources } from "../api-sources.ts";
import type { DoctorFinding, DoctorRequest } from "../wire/doctor.ts";
import { type Advice, adviseLabel, adviseMetric, adviseValue, listText } from "./metric-advice.ts";
import { nameMatcher, SeriesIndex } from "./series-index.ts";

/** What the doctor reads from. */
export type DoctorSources = Pick<ApiSources, "engine" | "queryable" | "parserOptions" | "targets">;

const evaluationsMax = 24;
const pointsMax = 60;
const lookbackMs = 5 * 60_000;
const timeoutMs = 10_000;
const queriesMax = 26;

/** Diagnoses each query; one that has a result gives no finding. */
export async function diagnose(
  sources: DoctorSources,
  request: DoctorRequest,
  signal: AbortSignal,
): Promise<DoctorFinding[]> {
  const findings: DoctorFinding[] = [];
  const seen = new Set<string>();
  for (const { refId, expr } of request.queries.slice(0, queriesMax)) {
    const diagnosis = new Diagnosis(sources, request, signal);
    try {
      for (const finding of await diagnosis.run(expr)) {
        const key = `${finding.what} ${finding.subject}`;
        if (!seen.has(key)) findings.push({ ...finding, refId });
        seen.add(key);
      }
    } finally {
      diagnosis.close();
    }
  }
  return findings;
}

type Finding = Omit<DoctorFinding, "refId">;

/** One query's diagnosis. */
class Diagnosis {
  #sources: DoctorSources;
  #fromMs: number;
  #toMs: number;
  #signal: AbortSignal;
  #index: SeriesIndex;
  #evaluations = 0;

  constructor(sources: DoctorSources, window: DoctorRequest, signal: AbortSignal) {
    this.#sources = sources;
    this.#fromMs = window.fromMs;
    this.#toMs = window.toMs;
    this.#signal = signal;
    this.#index = new SeriesIndex(sources.queryable, window.fromMs - lookbackMs, window.toMs);
  }

  close(): void {
    this.#index.close();
  }

  async run(query: string): Promise<Finding[]> {
    let expr: Expr;
    try {
      expr = parseExpr(query, this.#sources.parserOptions);
    } catch (thrown) {
      return [finding("syntax", { what: errorMessage(thrown), subject: query })];
    }
    const findings: Finding[] = [];
    for (const selector of selectorsOf(expr)) {
      const found = await this.#checkSelector(selector);
      if (found !== undefined) findings.push(found);
    }
    if (findings.length > 0) return findings;
    const inner = await this.#checkParts(expr);
    return inner === undefined ? [] : [inner];
  }

  /** What keeps a selector from having series; undefined where it has some. */
  async #checkSelector(selector: VectorSelector): Promise<Finding | undefined> {
    if (await this.#index.has(selector.matchers)) return undefined;
    const named = selector.matchers.find(
      ({ name, operator }) => name === metricNameLabel && operator === "=",
    );
    const metric = selector.name || named?.value || "";
    if (metric !== "" && !(await this.#index.has([nameMatcher(metric)]))) {
      return await this.#missingMetric(metric);
    }
    const others = selector.matchers.filter((matcher) => matcher !== named);
    const start = metric === "" ? [] : [nameMatcher(metric)];
    for (const matcher of others) {
      if (!(await this.#index.has([...start, matcher])))
        return await this.#deadMatcher(metric, matcher);
    }
    return await this.#deadCombination(start, others);
  }

  async #missingMetric(metric: string): Promise<Finding> {
    const down = this.#downTargets();
    const names = await this.#index.names();
    if (names.length === 0) {
      return finding("window", {
        what: "Nothing at all was recorded in this window.",
        why: "No series has a sample between its ends.",
        mend: "Choose a later window.",
        subject: metric,
      });
    }
    const whole = new SeriesIndex(this.#sources.queryable, 0, this.#toMs + 365 * 86_400_000);
    try {
      if (await whole.has([nameMatcher(metric)])) {
        return finding("window", {
          what: `The metric \`${metric}\` has no series in this window.`,
          why:
            down.length > 0
              ? `Storage has it at other times. Down now: ${listText(down)}.`
              : "Storage has it at other times: its target was away, or what it counts ended.",
          mend: "Widen the window, or look at Targets.",
          subject: metric,
        });
      }
    } finally {
      whole.close();
    }
    const advice = adviseMetric(metric, { names });
    return finding("metric", {
      ...advice,
      what: `The metric \`${metric}\` does not exist here.`,
      why: down.length > 0 ? `${advice.why} Down now: ${listText(down)}.` : advice.why,
      subject: metric,
    });
  }

  #downTargets(): string[] {
    return this.#sources.targets
      .activeTargets()
      .filter(({ health }) => health === "down")
      .map(({ scrapePool, scrapeUrl }) => `${scrapePool} (${scrapeUrl})`);
  }

  /** One matcher alone removes every series of the metric. */
  async #deadMatcher(metric: string, matcher: Matcher): Promise<Finding> {
    const subject = matcherToString(matcher);
    const labels = metric === "" ? [] : await this.#index.labelsOf(metric);
    if (metric !== "" && !labels.includes(matcher.name)) {
      return finding("label", {
        ...adviseLabel(matcher.name, metric, labels),
        what: `The label \`${matcher.name}\` does not exist on \`${metric}\`.`,
        subject,
      });
    }
    const values = await this.#index.valuesOf(matcher.name, metric);
    return finding("value", {
      ...adviseValue(matcher, values),
      what:
        metric === ""
          ? `No series has \`${subject}\`.`
          : `No series of \`${metric}\` has \`${subject}\`.`,
      subject,
    });
  }

  /** Each matcher has series by itself; the first prefix of them that has none names the one too many. */
  async #deadCombination(start: readonly Matcher[], others: readonly Matcher[]): Promise<Finding> {
    const kept = [...start];
    for (const matcher of others) {
      if (await this.#index.has([...kept, matcher])) {
        kept.push(matcher);
        continue;
      }
      return finding("combination", {
        what: `No series has \`${matcherToString(matcher)}\` together with the matchers before it.`,
        why: `Each of them has series by itself; ${matcher.name} is never such with ${kept.map(matcherToString).join(", ")}.`,
        mend: "Change one of the choices above the dashboard, or the matcher.",
        subject: matcherToString(matcher),
      });
    }
    return finding("unclear", { what: "No series matches in this window.", subject: "" });
  }

  /** Where the emptiness begins, though every selector has series. */
  async #checkParts(expr: Expr): Promise<Finding | undefined> {
    if (this.#evaluations >= evaluationsMax || !(await this.#isEmpty(expr))) return undefined;
    for (const part of partsOf(expr)) {
      // A selector has series; whether its samples are young enough is said by what stands on it.
      if (part.kind === "matrixSelector" || part.kind === "number" || part.kind === "string")
        continue;
      const found = await this.#checkParts(part);
      if (found !== undefined) return found;
    }
    return explainEmpty(expr);
  }

  async #isEmpty(expr: Expr): Promise<boolean> {
    this.#evaluations++;
    const stepMs = Math.max(1000, Math.ceil((this.#toMs - this.#fromMs) / pointsMax));
    const range = { startMs: this.#fromMs, endMs: this.#toMs, stepMs };
    const text = printExpr(expr);
    try {
      const { value } = await this.#sources.engine.rangeQuery(
        this.#sources.queryable,
        text,
        range,
        {
          timeoutMs,
          signal: this.#signal,
        },
      );
      return countSeries(value) === 0;
    } catch (thrown) {
      if (thrown instanceof AppError) return false;
      throw thrown;
    }
  }
}

function countSeries(value: QueryValue): number {
  if (value.type === "matrix") return value.series.length;
  return value.type === "vector" ? value.samples.length : 1;
}

function finding(
  cause: Finding["cause"],
  said: Partial<Advice> & { readonly what: string; readonly subject: string },
): Finding {
  return { why: "", mend: "", ...said, cause };
}

/** Every vector selector of an expression, in the order written. */
function selectorsOf(expr: Expr): VectorSelector[] {
  if (expr.kind === "vectorSelector") return [expr];
  if (expr.kind === "matrixSelector") return [expr.selector];
  // `or` and `unless` have a result without their right side, and absent() wants emptiness.
  if (expr.kind === "binary" && expr.operator === "unless") return selectorsOf(expr.left);
  if (expr.kind === "call" && expr.functionName.startsWith("absent")) return [];
  return partsOf(expr).flatMap(selectorsOf);
}

/** The operands of an expression. */
function partsOf(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case "matrixSelector":
      return [expr.selector];
    case "subquery":
    case "paren":
    case "unary":
    case "aggregate":
      return [expr.expr];
    case "binary":
      return [expr.left, expr.right];
    case "call":
      return expr.args;
    default:
      return [];
  }
}

const comparisons = new Set(["==", "!=", "<", "<=", ">", ">="]);

/** The reason of an expression that is empty though its parts are not. */
function explainEmpty(expr: Expr): Finding {
  const subject = printExpr(expr);
  if (expr.kind === "binary") return explainBinary(expr, subject);
  const matrix =
    expr.kind === "call"
      ? expr.args.find((arg): arg is MatrixSelector => arg.kind === "matrixSelector")
      : undefined;
  if (expr.kind === "call" && matrix !== undefined) {
    return finding("samples", {
      what: `\`${expr.functionName}\` finds fewer than two samples in ${formatDuration(matrix.rangeMs)}.`,
      why: "The series are there, but the window holds too few scrapes of them, or they ended.",
      mend: "Wait for the second scrape, or widen the range to four scrape intervals ($__rate_interval).",
      subject,
    });
  }
  if (expr.kind === "vectorSelector") {
    return finding("samples", {
      what: "The series have no sample that is young enough in this window.",
      why: "They ended before it began (their target or pod is gone).",
      mend: "Widen the window.",
      subject,
    });
  }
  if (expr.kind === "call" && expr.functionName.startsWith("absent")) {
    return finding("zero", {
      what: "Nothing is missing: the series that the panel watches for are there.",
      why: "`absent` has a result only where they are not, so this is a true zero.",
      subject,
    });
  }
  return finding("unclear", {
    what: "The series are there, but the expression gives none of them.",
    subject,
  });
}

function explainBinary(expr: BinaryExpr, subject: string): Finding {
  const { operator } = expr;
  if (comparisons.has(operator) && !expr.isBool && isNumber(expr.right)) {
    const right = printExpr(expr.right);
    return finding("zero", {
      what: `No series was ${operator} ${right} in this window.`,
      why: "The series are there, and the comparison leaves none over, so this is a true zero.",
      subject,
    });
  }
  if (operator === "unless") {
    return finding("zero", {
      what: "Every series of the left side has its like on the right.",
      why: "`unless` leaves none over, so this is a true zero.",
      subject,
    });
  }
  const matching = expr.matching;
  const labels = matching?.labels ?? [];
  const by =
    matching === undefined
      ? ""
      : matching.isOn
        ? ` by ${labels.length === 0 ? "no label" : labels.join(", ")}`
        : labels.length === 0
          ? " by all their labels"
          : ` by all labels but ${labels.join(", ")}`;
  return finding(comparisons.has(operator) ? "filter" : "pairing", {
    what: comparisons.has(operator)
      ? `No pair of series fulfils \`${operator}\`.`
      : `No series of the left side of \`${operator}\` has a partner on the right.`,
    why: `Both sides have series; they are paired${by}.`,
    mend: comparisons.has(operator)
      ? ""
      : "Name the labels that both sides share with on(…), or aggregate both sides by them.",
    subject,
  });
}

function isNumber(expr: Expr): boolean {
  if (expr.kind === "paren" || expr.kind === "unary") return isNumber(expr.expr);
  return expr.kind === "number";
}
