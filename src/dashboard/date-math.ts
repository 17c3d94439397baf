/**
 * Grafana's relative times: `now-6h`, `now-1d/d`, `now/fQ`, `2026-03-28||-1d`. Days and longer units
 * are of the zone's calendar (1d over a change of daylight saving time is 23 or 25 h), h, m and s are
 * not. Weeks begin on Sunday, as Grafana's default locale has it.
 */

import { shiftMonths } from "./date-format.ts";
import { browserZone, type TimeZone, toInstant, toLocal } from "./time-zone.ts";

/** In what terms a text is read. */
export interface DateMathContext {
  readonly nowMs: number;
  readonly zone: TimeZone;
  /** Round `/d` to the last millisecond instead of the first: the end of a range. */
  readonly isEnd?: boolean;
  /** Zone of absolute texts without an offset; Grafana takes the browser's, whatever the dashboard's is. */
  readonly absoluteZone?: TimeZone;
  /** First month of the fiscal year, January = 0. */
  readonly fiscalStartMonth?: number;
}

type Unit = "y" | "Q" | "M" | "w" | "d" | "h" | "m" | "s";

const fixedUnitMs: Partial<Record<Unit, number>> = { h: 3_600_000, m: 60_000, s: 1000 };
const dayMs = 86_400_000;
/** More digits than this are no count. */
const countDigitsMax = 10;

/** True for texts that move with the clock or hold arithmetic (also where they are no valid ones). */
export function isDateMath(text: string): boolean {
  return text.startsWith("now") || text.includes("||");
}

/** The instant a text means, ms; undefined where it is no time. Epoch milliseconds as text are not one. */
export function parseDateMath(text: string, context: DateMathContext): number | undefined {
  if (text.startsWith("now")) return applyMath(context.nowMs, text.slice(3), context);
  const [date = "", math = ""] = text.includes("||") ? text.split("||", 2) : [text];
  const zone = context.absoluteZone ?? browserZone;
  const instantMs = parseIsoDate(date, zone);
  return instantMs === undefined ? undefined : applyMath(instantMs, math, { ...context, zone });
}

/** `2026-03-28`, `2026-03-28 10:00[:05[.250]]` and the same with T, Z or an offset; undefined otherwise. */
export function parseIsoDate(text: string, zone: TimeZone): number | undefined {
  const match =
    /^(\d{4})-(\d\d)(?:-(\d\d)(?:[T ](\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?)?(Z|[+-]\d\d(?::?\d\d)?)?)?)?$/.exec(
      text,
    );
  if (match === null) return undefined;
  const [, year, month, day = "01", hour = "0", minute = "0", second = "0", fraction = "", offset] =
    match;
  const milliseconds = Number(fraction.padEnd(3, "0").slice(0, 3));
  const numbers = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const localMs =
    Date.UTC(numbers[0], numbers[1] - 1, numbers[2], numbers[3], numbers[4], numbers[5]) +
    milliseconds;
  const isReal = new Date(localMs).getUTCDate() === numbers[2] && numbers[1] <= 12;
  const isClock = numbers[3] < 24 && numbers[4] < 60 && numbers[5] < 60;
  if (!(isReal && isClock)) return undefined;
  if (offset === undefined) return toInstant(localMs, zone, zone.offsetMs(localMs));
  return localMs - readOffsetMs(offset);
}

function readOffsetMs(text: string): number {
  if (text === "Z") return 0;
  const digits = text.slice(1).replace(":", "").padEnd(4, "0");
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return (text.startsWith("-") ? -minutes : minutes) * 60_000;
}

function applyMath(startMs: number, math: string, context: DateMathContext): number | undefined {
  let instantMs = startMs;
  let rest = math.replace(/\s/g, "");
  while (rest !== "") {
    const match = /^([+\-/])(\d*)(f?)([yQMwdhms])/.exec(rest);
    if (match === null) return undefined;
    const [whole, operator, digits = "", fiscal, unit] = match as unknown as [
      string,
      string,
      string,
      string,
      Unit,
    ];
    if (digits.length > countDigitsMax) return undefined;
    const count = digits === "" ? 1 : Number(digits);
    if (operator === "/") {
      if (count !== 1) return undefined;
      instantMs = round(instantMs, unit, fiscal === "f", context);
    } else {
      instantMs = shiftInstant(instantMs, operator === "-" ? -count : count, unit, context.zone);
    }
    rest = rest.slice(whole.length);
  }
  return instantMs;
}

/** Adds `count` units: of the clock for h, m, s, of the zone's calendar otherwise. */
function shiftInstant(instantMs: number, count: number, unit: Unit, zone: TimeZone): number {
  const fixed = fixedUnitMs[unit];
  if (fixed !== undefined) return instantMs + count * fixed;
  const offsetMs = zone.offsetMs(instantMs);
  return toInstant(shiftLocal(instantMs + offsetMs, count, unit), zone, offsetMs);
}

/** Adds calendar units to a wall clock; the 31st of a shorter month is its last day. */
function shiftLocal(localMs: number, count: number, unit: Unit): number {
  if (unit === "d") return localMs + count * dayMs;
  if (unit === "w") return localMs + count * 7 * dayMs;
  return shiftMonths(localMs, count * (unit === "y" ? 12 : unit === "Q" ? 3 : 1));
}

function round(instantMs: number, unit: Unit, isFiscal: boolean, context: DateMathContext): number {
  const { zone } = context;
  const offsetMs = zone.offsetMs(instantMs);
  const fiscal = isFiscal ? (context.fiscalStartMonth ?? 0) : 0;
  const localMs = shiftLocal(toLocal(instantMs, zone), -fiscal, "M");
  const startMs = startOf(localMs, unit);
  const fixed = fixedUnitMs[unit];
  const nextMs = fixed === undefined ? shiftLocal(startMs, 1, unit) : startMs + fixed;
  const edgeMs =
    context.isEnd === true ? shiftLocal(nextMs, fiscal, "M") - 1 : shiftLocal(startMs, fiscal, "M");
  return toInstant(edgeMs, zone, offsetMs);
}

function startOf(localMs: number, unit: Unit): number {
  const fixed = fixedUnitMs[unit] ?? (unit === "d" ? dayMs : undefined);
  if (fixed !== undefined) return Math.floor(localMs / fixed) * fixed;
  const date = new Date(localMs);
  if (unit === "w") return Math.floor(localMs / dayMs) * dayMs - date.getUTCDay() * dayMs;
  const month = date.getUTCMonth();
  const firstMonth = unit === "y" ? 0 : unit === "Q" ? month - (month % 3) : month;
  return Date.UTC(date.getUTCFullYear(), firstMonth, 1);
}
