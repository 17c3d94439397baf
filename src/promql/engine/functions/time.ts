/**
 * Functions of time. All calendars are UTC. A value becomes whole seconds as Go's int64(f) does on
 * amd64: towards zero, and the smallest int64 for NaN, infinities and what does not fit.
 */

import { cellKind, dropMetricNames, StepVector, vectorOfScalar } from "../step-vector.ts";
import { type ValueCall, type ValueFunction, vectorArg } from "./function-call.ts";

/** Beyond this many seconds JavaScript's Date ends. */
const dateSecondsMax = 8.64e12;

interface CalendarTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  /** 0 is Sunday. */
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
}

export const timeFunctions = {
  time: { kind: "value", evaluate: (call) => stepSeconds(call) },
  timestamp: { kind: "value", evaluate: timestamp },
  // Only a selector's samples have one, which the evaluator deals with.
  start_timestamp: {
    kind: "value",
    evaluate: (call) => new StepVector(call.grid.stepCount),
  },
  minute: calendar((at) => at.minute),
  hour: calendar((at) => at.hour),
  day_of_week: calendar((at) => at.weekday),
  day_of_month: calendar((at) => at.day),
  day_of_year: calendar(dayOfYear),
  days_in_month: calendar((at) => daysInMonth(at.year, at.month)),
  month: calendar((at) => at.month),
  year: calendar((at) => at.year),
} as const satisfies Record<string, ValueFunction>;

function stepSeconds(call: ValueCall): Float64Array {
  const { startMs, stepMs, stepCount } = call.grid;
  const seconds = new Float64Array(stepCount);
  for (let step = 0; step < stepCount; step++) seconds[step] = (startMs + step * stepMs) / 1000;
  return seconds;
}

/** The step's own time: a selector as argument is dealt with by the evaluator. */
function timestamp(call: ValueCall): StepVector {
  const vector = vectorArg(call, 0);
  const seconds = stepSeconds(call);
  const { stepCount, kinds, values } = vector;
  for (let row = 0; row < vector.rowCount; row++) {
    const base = row * stepCount;
    values.set(seconds, base);
    for (let i = base; i < base + stepCount; i++) {
      if (kinds[i] !== cellKind.absent) kinds[i] = cellKind.float;
    }
  }
  return dropMetricNames(vector, call.run.isNameRemovalDelayed);
}

function calendar(pick: (at: CalendarTime) => number): ValueFunction {
  return {
    kind: "value",
    evaluate(call) {
      if (call.args.length === 0) {
        const seconds = stepSeconds(call);
        for (let i = 0; i < seconds.length; i++) {
          seconds[i] = pick(calendarTime(Math.floor(seconds[i]!)));
        }
        return vectorOfScalar(seconds);
      }
      const vector = vectorArg(call, 0);
      vector.dropHistograms();
      const { kinds, values } = vector;
      const cells = vector.rowCount * vector.stepCount;
      for (let i = 0; i < cells; i++) {
        if (kinds[i] === cellKind.float) values[i] = pick(calendarTime(Math.trunc(values[i]!)));
      }
      return dropMetricNames(vector, call.run.isNameRemovalDelayed);
    },
  };
}

function calendarTime(seconds: number): CalendarTime {
  if (!(Math.abs(seconds) <= dateSecondsMax)) return farCalendarTime(seconds);
  const date = new Date(seconds * 1000);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    weekday: date.getUTCDay(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
  };
}

const int64Min = -(2n ** 63n);
/** Seconds from Go's absolute zero, 1 March of the year -292277022400, to 1970. */
const unixToAbsoluteSeconds = 9_223_372_028_741_760_000n;
const absoluteZeroYear = 292_277_022_400n;
const daysPerEra = 146_097n;

/** Go's calendar for times far away, its 64-bit wrap included. Rare, hence BigInt. */
function farCalendarTime(seconds: number): CalendarTime {
  const isInt64 = seconds >= -(2 ** 63) && seconds < 2 ** 63;
  const unix = isInt64 ? BigInt(seconds) : int64Min;
  const absolute = BigInt.asUintN(64, unix + unixToAbsoluteSeconds);
  const days = absolute / 86_400n;
  const secondOfDay = Number(absolute % 86_400n);
  const era = days / daysPerEra;
  const dayOfEra = Number(days % daysPerEra);
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfMarchYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const marchMonth = Math.floor((5 * dayOfMarchYear + 2) / 153);
  const month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9;
  const marchYear = Number(era * 400n - absoluteZeroYear) + yearOfEra;
  return {
    year: month <= 2 ? marchYear + 1 : marchYear,
    month,
    day: dayOfMarchYear - Math.floor((153 * marchMonth + 2) / 5) + 1,
    // 1 March of a year divisible by 400 is a Wednesday.
    weekday: Number((days + 3n) % 7n),
    hour: Math.floor(secondOfDay / 3600),
    minute: Math.floor(secondOfDay / 60) % 60,
  };
}

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

const monthDays: readonly number[] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function daysInMonth(year: number, month: number): number {
  return month === 2 && isLeapYear(year) ? 29 : (monthDays[month - 1] ?? 0);
}

function dayOfYear(at: CalendarTime): number {
  let days = at.day;
  for (let month = 1; month < at.month; month++) days += daysInMonth(at.year, month);
  return days;
}
