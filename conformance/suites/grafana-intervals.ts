/** grafana/intervals.json: rounding of steps, relative times in zones, ranges in words, date formats. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  dateTimePattern,
  formatDate,
  formatDistance,
  formatIso,
} from "../../src/dashboard/date-format.ts";
import { isDateMath, parseDateMath } from "../../src/dashboard/date-math.ts";
import {
  calculateInterval,
  calculateStep,
  describeInterval,
  formatInterval,
  formatLength,
  formatRangeLength,
  parseDuration,
  parseInterval,
  rangeVariables,
  roundInterval,
  toPrometheusTime,
} from "../../src/dashboard/interval.ts";
import {
  describeTextRange,
  describeTimeRange,
  isRelativeRange,
  rangeZoneName,
  resolveTimeRange,
} from "../../src/dashboard/time-range.ts";
import { openTimeZone, utcZone } from "../../src/dashboard/time-zone.ts";
import { reportCase, type Suite } from "../suite.ts";
import { compareJson, isoText } from "./grafana-compare.ts";

interface RecordedCase {
  readonly kind: string;
  readonly output: unknown;
  // biome-ignore lint/suspicious/noExplicitAny: each kind has inputs of its own, read where they are known.
  readonly [input: string]: any;
}

/** The clock of the recording where a case names none. */
const recordedNowMs = Date.parse("2026-03-28T14:35:20.123Z");

const kinds: Readonly<Record<string, (recorded: RecordedCase) => unknown>> = {
  calculateInterval: ({ rangeMs, resolution, lowLimit }) =>
    calculateInterval(rangeMs, resolution, lowLimit ?? undefined) ?? { error: "invalid interval" },
  roundInterval: ({ ms }) => roundInterval(ms),
  intervalToMs: ({ input }) => {
    const parts = describeInterval(input);
    if (parts === undefined) return "invalid";
    const ms = parseInterval(input);
    return {
      ms,
      seconds: parts.unitSeconds * parts.count,
      describe: { sec: parts.unitSeconds, type: parts.unit, count: parts.count },
    };
  },
  secondsToHms: ({ input }) => formatInterval(input),
  msRangeToTimeString: ({ input }) => formatRangeLength(input),
  dateMath: ({ expr, ...recorded }) => {
    const edge = (isEnd: boolean) => isoText(parseDateMath(expr, context(recorded, isEnd)));
    const [from, to] = [edge(false), edge(true)];
    return { from, to, isValid: from !== "none", isMathString: isDateMath(expr) };
  },
  dateMathFiscal: ({ expr, ...recorded }) => {
    const edge = (isEnd: boolean) => isoText(parseDateMath(expr, context(recorded, isEnd)));
    return { from: edge(false), to: edge(true) };
  },
  describe: describeCase,
  describeTextRange: ({ input }) => {
    const { isInvalid, ...range } = describeTextRange(input);
    return { ...range, ...(isInvalid ? { invalid: true } : {}) };
  },
  isValidTimeSpan: ({ input }) => {
    const { from, to } = describeTextRange(input);
    return resolveTimeRange({ from, to }, context({}, false)) !== undefined;
  },
  duration: ({ input }) => {
    const { parts, ms, isValid, isValidGo } = parseDuration(input);
    return {
      parseDuration: parts,
      ms,
      isValidDuration: isValid,
      isValidGoDuration: isValidGo,
      isValidGrafanaDuration: isValid || isValidGo,
    };
  },
  intervalToAbbreviatedDurationString: ({ ms, includeSeconds }) => formatLength(ms, includeSeconds),
  dateTimeFormat: ({ value, timeZone, format }) => {
    const zone = openTimeZone(timeZone);
    return {
      dateTimeFormat: formatDate(value, format ?? dateTimePattern, zone),
      ISO: formatIso(value, zone),
      withAbbr: formatDate(value, `${dateTimePattern} z`, zone),
      timeAgo: formatDistance(value, recordedNowMs),
      withMs: formatDate(value, `${dateTimePattern}.SSS`, zone),
      abbr: zone.abbreviation(value),
    };
  },
  prometheusDatasource: ({ jsonData }) => {
    const interval: string = jsonData.timeInterval ?? "15s";
    const ms = parseInterval(interval);
    return {
      interval,
      intervalVars: {
        __interval: { text: interval, value: interval },
        __interval_ms: { text: ms, value: ms },
      },
      range6h: rangeCase(21_600_000),
      range90s500ms: rangeCase(90_500),
    };
  },
  rangeVars: ({ rangeMs }) => rangeCase(rangeMs),
  getPrometheusTime: ({ date }) => toPrometheusTime(Date.parse(date)),
  derivedStep: (recorded) => {
    const { rangeMs, maxDataPoints, scrapeIntervalS, minStepS, resolutionFactor } = recorded;
    const step = calculateStep({
      rangeMs,
      maxDataPoints,
      scrapeIntervalMs: scrapeIntervalS * 1000,
      intervalFactor: resolutionFactor,
      ...(minStepS === null ? {} : { minStep: `${minStepS}s` }),
    });
    return { ...step, rateInterval: `${step.rateIntervalMs / 1000}s` };
  },
};

function context(recorded: Omit<RecordedCase, "kind" | "output">, isEnd: boolean) {
  return {
    nowMs: recorded["now"] === undefined ? recordedNowMs : Date.parse(recorded["now"]),
    zone: openTimeZone(recorded["timeZone"] ?? "utc"),
    isEnd,
    absoluteZone: utcZone,
    fiscalStartMonth: recorded["fiscalYearStartMonth"] ?? 0,
  };
}

function describeCase({ raw, ...recorded }: RecordedCase): unknown {
  const now = context(recorded, false);
  const range = resolveTimeRange(raw, now);
  return {
    describeTimeRange: describeTimeRange(raw, now),
    describeTimeRangeAbbreviation: rangeZoneName(raw, now.zone, now),
    formatRawTimeRange: raw,
    convertRawToRange: { from: isoText(range?.fromMs), to: isoText(range?.toMs) },
    describeTextRange: describeTextRange(raw.from).display,
    isRelativeTimeRange: isRelativeRange(raw),
  };
}

/** Grafana gives numbers beside texts; ours are texts for a query, so the numbers are read back. */
function rangeCase(rangeMs: number): unknown {
  const { __range, __range_s, __range_ms } = rangeVariables(rangeMs);
  const twice = (value: string | number) => ({ text: value, value });
  return {
    __range_ms: twice(Number(__range_ms)),
    __range_s: twice(Number(__range_s)),
    __range: twice(__range),
  };
}

/** Recorded outputs in the form of ours: what cannot be read is one thing here, several there. */
function normalise(recorded: RecordedCase, got: unknown): [unknown, unknown] {
  const output = recorded.output as Record<string, unknown>;
  switch (recorded.kind) {
    case "intervalToMs":
      return [output["msError"] === undefined ? output : "invalid", got];
    case "dateMath":
      return [{ ...output, from: noneText(output["from"]), to: noneText(output["to"]) }, got];
    case "describe":
      return normaliseDescribe(output, got as Record<string, unknown>);
    case "derivedStep": {
      // calculatedMs and safeMs are steps on the way there; the results are compared.
      const { calculatedMs: _calculated, safeMs: _safe, ...result } = output;
      return [result, got];
    }
    default:
      return [output, got];
  }
}

function normaliseDescribe(
  output: Record<string, unknown>,
  got: Record<string, unknown>,
): [unknown, unknown] {
  const want = { ...output };
  const range = output["convertRawToRange"] as { from: unknown; to: unknown };
  want["convertRawToRange"] =
    noneText(range.from) === "none" || noneText(range.to) === "none"
      ? { from: "none", to: "none" }
      : range;
  // Recorded only for ranges that end now.
  if (output["describeTextRange"] === undefined) {
    const { describeTextRange: _left, ...rest } = got;
    return [want, rest];
  }
  return [want, got];
}

function noneText(value: unknown): unknown {
  return value === "$undefined" || value === "$invalid" || value === null ? "none" : value;
}

async function readCases(dataDir: string): Promise<RecordedCase[]> {
  const text = await readFile(join(dataDir, "grafana", "intervals.json"), "utf8");
  return (JSON.parse(text) as { cases: RecordedCase[] }).cases;
}

export const grafanaIntervalsSuite: Suite = {
  name: "grafana/intervals",
  countCases: async (dataDir) => (await readCases(dataDir)).length,
  run: async (dataDir, reporter) => {
    for (const [index, recorded] of (await readCases(dataDir)).entries()) {
      await reportCase(reporter, `${recorded.kind} ${index}`, () => {
        const got = kinds[recorded.kind]?.(recorded);
        const [want, have] = normalise(recorded, got);
        return compareJson(want, have);
      });
    }
  },
};
