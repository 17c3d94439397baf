/**
 * Filters from one line of text: the flags of `hubble observe` as they are typed after the command, with
 * quotes as in a shell, and plain words (`dropped`, `http`, `default/xwing`, `10.0.0.0/8`, `xwing`). What
 * is wrong is told with its place. A departure: lists of verdicts, protocols and the like may be
 * separated by commas.
 */

import { isIP } from "node:net";
import { AppError, errorMessage, ParseError } from "../../base/errors.ts";
import { nearestWord } from "../../schema/did-you-mean.ts";
import { verdictNumbers } from "../model/generated/enums.ts";
import type { FilterLists } from "../store/row-filter.ts";
import {
  FilterFlags,
  FlagConflictError,
  filterFlagHelp,
  optionalFilterValues,
  type TextSpan,
} from "./filter-flags.ts";

const shortFlags: Readonly<Record<string, string>> = {
  t: "type",
  "4": "ipv4",
  "6": "ipv6",
  n: "namespace",
  A: "all-namespaces",
  l: "label",
};
const commaFlags: ReadonlySet<string> = new Set([
  "verdict",
  "protocol",
  "type",
  "drop-reason-desc",
  "http-status",
  "http-method",
  "port",
  "from-port",
  "to-port",
]);
const protocols: ReadonlySet<string> = new Set([
  ...["tcp", "udp", "icmp", "icmpv4", "icmpv6", "sctp", "vrrp", "igmp", "dns", "http", "kafka"],
]);
const charsMax = 8192;

interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** Reads a line. Throws ParseError with the place (UTF-16 units) of what cannot be used. */
export function parseFilterLine(line: string): FilterLists {
  if (line.length > charsMax) {
    const why = `the filter has ${line.length} characters, more than ${charsMax}`;
    throw new ParseError(why, { input: line, start: charsMax, end: line.length });
  }
  const tokens = splitLine(line);
  const flags = new FilterFlags();
  let index = 0;
  while (index < tokens.length) {
    const token = tokens[index] as Token;
    if (token.text.startsWith("-") && token.text !== "-")
      index = readFlag(line, tokens, index, flags);
    else {
      at(line, token, () => setWord(flags, token));
      index++;
    }
  }
  const last = tokens.at(-1) ?? { start: 0, end: line.length };
  return at(line, last, () => flags.lists());
}

/** Takes a flag and its value; returns the index after them. */
function readFlag(
  line: string,
  tokens: readonly Token[],
  index: number,
  flags: FilterFlags,
): number {
  const token = tokens[index] as Token;
  const [, dashes = "", written = "", given] = /^(--?)([^=]*)(?:=(.*))?$/s.exec(token.text) ?? [];
  const name = dashes === "-" ? (shortFlags[written] ?? written) : written;
  if (!Object.hasOwn(filterFlagHelp, name)) {
    const near = nearestWord(name, Object.keys(filterFlagHelp));
    const mend = near === undefined ? "" : `; did you mean --${near}?`;
    fail(line, token, `there is no filter ${dashes}${written}${mend}`);
  }
  if (given !== undefined) {
    at(line, token, () => setFlag(flags, name, given, token));
    return index + 1;
  }
  const bare = optionalFilterValues[name];
  if (bare !== undefined) {
    at(line, token, () => flags.set(name, bare, token));
    return index + 1;
  }
  const value = tokens[index + 1];
  if (value === undefined) fail(line, token, `--${name} needs a value: ${filterFlagHelp[name]}`);
  const place = { start: token.start, end: value.end };
  at(line, value, () => setFlag(flags, name, value.text, place), place);
  return index + 2;
}

function setFlag(flags: FilterFlags, name: string, value: string, place: TextSpan): void {
  const values = commaFlags.has(name) ? value.split(",").filter((part) => part !== "") : [value];
  for (const one of values.length === 0 ? [value] : values) {
    flags.set(name, name === "verdict" ? one.toUpperCase() : one, place);
  }
}

/** What a word alone most likely means. */
function setWord(flags: FilterFlags, word: Token): void {
  const { text } = word;
  if (Object.hasOwn(verdictNumbers, text.toUpperCase()))
    flags.set("verdict", text.toUpperCase(), word);
  else if (protocols.has(text.toLowerCase())) flags.set("protocol", text.toLowerCase(), word);
  else if (isIP(text.split("/")[0] as string) !== 0) flags.set("ip", text, word);
  else if (text.includes("/")) flags.set("pod", text, word);
  else if (/[*]|\.[a-z]/i.test(text)) flags.set("fqdn", text, word);
  else flags.set("pod", `/${text}`, word);
}

/** What `run` refuses is at `token`; a flag that conflicts is at fault as a whole, `flag`, not its value. */
function at<Result>(
  line: string,
  token: TextSpan,
  run: () => Result,
  flag: TextSpan = token,
): Result {
  try {
    return run();
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    const why = errorMessage(thrown);
    if (!(thrown instanceof FlagConflictError)) return fail(line, token, why);
    const { place } = thrown.earlier;
    if (place === undefined) return fail(line, flag, why);
    const written = line.slice(place.start, place.end);
    return fail(line, flag, `${why}: ${written} stands before it, at character ${place.start + 1}`);
  }
}

function fail(line: string, { start, end }: TextSpan, why: string): never {
  throw new ParseError(why, { input: line, start, end });
}

/** Words of a line: blanks part them, quotes and backslashes hold them together. */
function splitLine(line: string): Token[] {
  const tokens: Token[] = [];
  const word = /(?:[^\s'"\\]|\\[\s\S]|'[^']*'|"(?:[^"\\]|\\[\s\S])*")+/gy;
  let index = 0;
  while (index < line.length) {
    if (/\s/.test(line[index] as string)) {
      index++;
      continue;
    }
    word.lastIndex = index;
    const match = word.exec(line);
    if (match === null || match.index !== index || isOpenQuote(line[word.lastIndex])) {
      const end = match === null ? index : word.lastIndex;
      fail(line, { start: end, end: line.length }, "a quote is opened here and not closed");
    }
    tokens.push({ text: unquote(match[0]), start: index, end: word.lastIndex });
    index = word.lastIndex;
  }
  return tokens;
}

function isOpenQuote(char: string | undefined): boolean {
  return char === "'" || char === '"' || char === "\\";
}

function unquote(text: string): string {
  return text.replace(
    /\\([\s\S])|'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"/g,
    (_, escaped?: string, single?: string, double?: string) =>
      escaped ?? single ?? (double ?? "").replace(/\\([\s\S])/g, "$1"),
  );
}
