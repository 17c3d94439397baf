/**
 * Dates as text in the pattern letters of Grafana's date formats (YYYY-MM-DD HH:mm:ss, dddd, MMMM Do…)
 * and as distances in words ("an hour ago"). English only, as Grafana's units are.
 */

import { type TimeZone, toLocal, utcZone } from "./time-zone.ts";

/** Date and time to the second, as Grafana shows them everywhere. */
export const dateTimePattern = "YYYY-MM-DD HH:mm:ss";

const monthNames =
  "January February March April May June July August September October November December".split(
    " ",
  );
const dayNames = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");
const dayMs = 86_400_000;

/** The localized patterns (L, LT, LLLL…) spelled out. */
const longPatterns: Readonly<Record<string, string>> = {
  LTS: "h:mm:ss A",
  LT: "h:mm A",
  LLLL: "dddd, MMMM D, YYYY h:mm A",
  LLL: "MMMM D, YYYY h:mm A",
  LL: "MMMM D, YYYY",
  L: "MM/DD/YYYY",
  llll: "ddd, MMM D, YYYY h:mm A",
  lll: "MMM D, YYYY h:mm A",
  ll: "MMM D, YYYY",
  l: "M/D/YYYY",
};

const tokenPattern =
  /\[[^\]]*\]|\\.|LTS|LT|LL?L?L?|l{1,4}|YYYYYY|YYYYY|YYYY|YY|Y|Qo|Q|MMMM|MMM|MM|Mo|M|DDDD|DDDo|DDD|DD|Do|D|dddd|ddd|dd|do|d|e|E|ww|wo|w|WW|Wo|W|gggg|gg|GGGG|GG|HH|H|hh|h|kk|k|mm|m|ss|s|S{1,9}|A|a|ZZ|Z|zz|z|X|x|./g;

/** `timeMs` in `zone` after `pattern`; "Invalid date" where it is no date. */
export function formatDate(timeMs: number, pattern: string, zone: TimeZone = utcZone): string {
  // As a Date holds it: parts of a millisecond do not turn into another second of the wall clock.
  const instantMs = Math.trunc(timeMs);
  const date = new Date(toLocal(instantMs, zone));
  if (Number.isNaN(date.getTime())) return "Invalid date";
  return expand(pattern).replace(tokenPattern, (token) => {
    if (token.startsWith("[")) return token.slice(1, -1);
    if (token.startsWith("\\")) return token.slice(1);
    return formatToken(token, date, { instantMs, zone });
  });
}

/** ISO time with the zone's offset: "2026-03-28T15:35:20+01:00", "…Z" in UTC. */
export function formatIso(instantMs: number, zone: TimeZone = utcZone): string {
  const text = formatDate(instantMs, "YYYY-MM-DDTHH:mm:ss", zone);
  return text + (zone.name === "utc" ? "Z" : offsetText(zone.offsetMs(instantMs), ":"));
}

/** "a few seconds ago", "in 11 hours": the distance from `nowMs` in words. */
export function formatDistance(instantMs: number, nowMs: number): string {
  const [startMs, endMs] = instantMs < nowMs ? [instantMs, nowMs] : [nowMs, instantMs];
  const words = distanceWords(startMs, endMs);
  return instantMs > nowMs ? `in ${words}` : `${words} ago`;
}

/** "an hour", "7 months": whole months are those of the calendar. */
function distanceWords(startMs: number, endMs: number): string {
  const months = wholeMonths(startMs, endMs);
  const restDays = (endMs - shiftMonths(startMs, months)) / dayMs;
  const lengthMs = (Math.round(months / monthsPerDay) + restDays) * dayMs;
  const seconds = Math.round(lengthMs / 1000);
  const minutes = Math.round(lengthMs / 60_000);
  const hours = Math.round(lengthMs / 3_600_000);
  const days = Math.round(lengthMs / dayMs);
  const allMonths = Math.round(months + restDays * monthsPerDay);
  const years = Math.round((months + restDays * monthsPerDay) / 12);
  if (seconds < 45) return "a few seconds";
  if (minutes < 45) return minutes <= 1 ? "a minute" : `${minutes} minutes`;
  if (hours < 22) return hours <= 1 ? "an hour" : `${hours} hours`;
  if (days < 26) return days <= 1 ? "a day" : `${days} days`;
  if (allMonths < 11) return allMonths <= 1 ? "a month" : `${allMonths} months`;
  return years <= 1 ? "a year" : `${years} years`;
}

/** Of 400 years of the calendar. */
const monthsPerDay = 4800 / 146_097;

function wholeMonths(startMs: number, endMs: number): number {
  const [start, end] = [new Date(startMs), new Date(endMs)];
  const years = end.getUTCFullYear() - start.getUTCFullYear();
  const months = years * 12 + end.getUTCMonth() - start.getUTCMonth();
  return shiftMonths(startMs, months) > endMs ? months - 1 : months;
}

/** So many months later; the 31st of a shorter month is its last day. */
export function shiftMonths(localMs: number, months: number): number {
  const date = new Date(localMs);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, lastDay));
  return date.getTime();
}

function expand(pattern: string): string {
  return pattern.replace(/\[[^\]]*\]|\\.|LTS|LT|L{1,4}|l{1,4}/g, (token) =>
    token.startsWith("[") ? token : (longPatterns[token] ?? token),
  );
}

interface Moment {
  readonly instantMs: number;
  readonly zone: TimeZone;
}

function formatToken(token: string, date: Date, moment: Moment): string {
  return (
    calendarToken(token, date) ?? clockToken(token, date) ?? zoneToken(token, date, moment) ?? token
  );
}

function calendarToken(token: string, date: Date): string | undefined {
  const year = date.getUTCFullYear();
  const month = date.getUTCMonth();
  const day = date.getUTCDate();
  const weekday = date.getUTCDay();
  const quarter = Math.floor(month / 3) + 1;
  const dayOfYear = Math.floor((date.getTime() - Date.UTC(year, 0, 1)) / dayMs) + 1;
  switch (token) {
    case "YYYYYY":
      return `${year < 0 ? "-" : "+"}${pad(Math.abs(year), 6)}`;
    case "YYYYY":
      return pad(year, 5);
    case "YYYY":
      return pad(year, 4);
    case "YY":
      return pad(year % 100, 2);
    case "Y":
      return year > 9999 ? `+${year}` : String(year);
    case "Q":
    case "Qo":
      return numberToken(token, quarter);
    case "M":
    case "Mo":
    case "MM":
      return numberToken(token, month + 1);
    case "MMM":
      return monthNames[month]?.slice(0, 3);
    case "MMMM":
      return monthNames[month];
    case "D":
    case "Do":
    case "DD":
      return numberToken(token, day);
    case "DDD":
    case "DDDo":
      return numberToken(token === "DDD" ? "D" : "Do", dayOfYear);
    case "DDDD":
      return pad(dayOfYear, 3);
    case "dd":
      return dayNames[weekday]?.slice(0, 2);
    case "ddd":
      return dayNames[weekday]?.slice(0, 3);
    case "dddd":
      return dayNames[weekday];
    default:
      return weekToken(token, date);
  }
}

/** Weeks: w counts from Sunday with 1 January in week 1, W as ISO does. */
function weekToken(token: string, date: Date): string | undefined {
  const weekday = date.getUTCDay();
  switch (token) {
    case "d":
    case "e":
      return String(weekday);
    case "do":
      return ordinal(weekday);
    case "E":
      return String(weekday === 0 ? 7 : weekday);
    case "w":
    case "wo":
    case "ww":
      return numberToken(token, weekOf(date, 0, 1).week);
    case "W":
    case "Wo":
    case "WW":
      return numberToken(token, weekOf(date, 1, 4).week);
    case "gggg":
      return pad(weekOf(date, 0, 1).year, 4);
    case "gg":
      return pad(weekOf(date, 0, 1).year % 100, 2);
    case "GGGG":
      return pad(weekOf(date, 1, 4).year, 4);
    case "GG":
      return pad(weekOf(date, 1, 4).year % 100, 2);
    default:
      return undefined;
  }
}

function clockToken(token: string, date: Date): string | undefined {
  const hour = date.getUTCHours();
  switch (token) {
    case "H":
    case "HH":
      return numberToken(token, hour);
    case "h":
    case "hh":
      return numberToken(token, hour % 12 === 0 ? 12 : hour % 12);
    case "k":
    case "kk":
      return numberToken(token, hour === 0 ? 24 : hour);
    case "m":
    case "mm":
      return numberToken(token, date.getUTCMinutes());
    case "s":
    case "ss":
      return numberToken(token, date.getUTCSeconds());
    case "A":
      return hour < 12 ? "AM" : "PM";
    case "a":
      return hour < 12 ? "am" : "pm";
    default:
      return /^S+$/.test(token)
        ? pad(date.getUTCMilliseconds(), 3).padEnd(9, "0").slice(0, token.length)
        : undefined;
  }
}

function zoneToken(token: string, date: Date, { instantMs, zone }: Moment): string | undefined {
  const offsetMs = date.getTime() - instantMs;
  switch (token) {
    case "Z":
      return offsetText(offsetMs, ":");
    case "ZZ":
      return offsetText(offsetMs, "");
    case "z":
    case "zz":
      return zone.abbreviation(instantMs);
    case "X":
      return String(Math.floor(instantMs / 1000));
    case "x":
      return String(Math.trunc(instantMs));
    default:
      return undefined;
  }
}

/** `M`, `Mo` and `MM`: bare, ordinal and two digits. */
function numberToken(token: string, value: number): string {
  if (token.endsWith("o")) return ordinal(value);
  return token.length === 2 ? pad(value, 2) : String(value);
}

function ordinal(value: number): string {
  const isTeen = Math.floor((value % 100) / 10) === 1;
  const suffix = isTeen ? "th" : (["th", "st", "nd", "rd"][value % 10] ?? "th");
  return `${value}${suffix}`;
}

/** Week number and its year: weeks begin on `firstDay`, the one that holds January `anchorDay` is the first. */
function weekOf(date: Date, firstDay: number, anchorDay: number): { week: number; year: number } {
  const dayStart = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate());
  const startOf = (year: number) => {
    const anchor = Date.UTC(year, 0, anchorDay);
    return anchor - ((new Date(anchor).getUTCDay() - firstDay + 7) % 7) * dayMs;
  };
  let year = date.getUTCFullYear() + 1;
  while (startOf(year) > dayStart) year--;
  return { week: Math.floor((dayStart - startOf(year)) / (7 * dayMs)) + 1, year };
}

function offsetText(offsetMs: number, separator: string): string {
  const minutes = Math.round(Math.abs(offsetMs) / 60_000);
  const sign = offsetMs < 0 ? "-" : "+";
  return `${sign}${pad(Math.floor(minutes / 60), 2)}${separator}${pad(minutes % 60, 2)}`;
}

function pad(value: number, width: number): string {
  const digits = String(Math.abs(value)).padStart(width, "0");
  return value < 0 ? `-${digits}` : digits;
}
