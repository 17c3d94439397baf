/**
 * Flags as Go's pflag takes them, with its errors: order matters, `--flag=value`, `-fvalue`, grouped
 * short flags, flags whose value may be left out. For commands that mirror one of Cilium's tools.
 */

import { ConfigError, errorMessage } from "../base/errors.ts";
import { parseGoUint } from "../model/go-number.ts";
import { quoteString } from "../model/labels.ts";

/** One flag. */
export interface FlagSpec {
  readonly name: string;
  readonly short?: string;
  readonly help: string;
  /** What the flag stands for without a value; undefined = it needs one. */
  readonly bareValue?: string;
  /** Shown in help: "string", "uint"… */
  readonly valueName?: string;
  /** Takes a value; what it throws is told with the flag's name. */
  readonly set: (value: string) => void;
}

/** Parses `args`; returns what is no flag. Throws ConfigError in pflag's words. */
export function parseFlags(specs: readonly FlagSpec[], args: readonly string[]): string[] {
  const operands: string[] = [];
  const queue = [...args];
  for (let arg = queue.shift(); arg !== undefined; arg = queue.shift()) {
    if (arg === "--") return [...operands, ...queue];
    if (arg.startsWith("--")) parseLong(specs, arg.slice(2), queue);
    else if (arg.startsWith("-") && arg.length > 1) parseShorts(specs, arg.slice(1), queue);
    else operands.push(arg);
  }
  return operands;
}

/** A value "true" or "false" as Go reads it. Throws ConfigError. */
export function parseBoolFlag(text: string): boolean {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(text)) return true;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(text)) return false;
  return refuse(`strconv.ParseBool: parsing ${quoteString(text)}: invalid syntax`);
}

/**
 * A count as Go's ParseUint reads it: decimal, or with 0x, 0o, 0b or a leading 0, underscores between
 * digits; above 2^53 it is rounded. Throws ConfigError.
 */
export function parseUintFlag(text: string): number {
  const value = parseGoUint(text);
  const shown = `strconv.ParseUint: parsing ${quoteString(text)}`;
  if (value === undefined) return refuse(`${shown}: invalid syntax`);
  return value > 0xffffffffffffffffn ? refuse(`${shown}: value out of range`) : Number(value);
}

/** Lines of help, one a flag. */
export function flagHelp(specs: readonly FlagSpec[]): string {
  const rows = specs.map(({ name, short, help, valueName = "" }) => {
    const head = short === undefined ? `      --${name}` : `  -${short}, --${name}`;
    return [`${head} ${valueName}`.trimEnd(), help] as const;
  });
  const width = Math.max(...rows.map(([head]) => head.length));
  return rows.map(([head, help]) => `${head.padEnd(width)}   ${help}\n`).join("");
}

function refuse(why: string): never {
  throw new ConfigError(why, { path: "" });
}

function parseLong(specs: readonly FlagSpec[], text: string, queue: string[]): void {
  const equalsAt = text.indexOf("=");
  const name = equalsAt < 0 ? text : text.slice(0, equalsAt);
  if (name === "" || name.startsWith("-")) refuse(`bad flag syntax: --${text}`);
  const spec =
    specs.find((candidate) => candidate.name === name) ?? refuse(`unknown flag: --${name}`);
  if (equalsAt >= 0) setFlag(spec, text.slice(equalsAt + 1));
  else if (spec.bareValue !== undefined) setFlag(spec, spec.bareValue);
  else setFlag(spec, queue.shift() ?? refuse(`flag needs an argument: --${name}`));
}

/** Flags without a value may stand together (-46f); the first with one takes the rest of the word. */
function parseShorts(specs: readonly FlagSpec[], text: string, queue: string[]): void {
  for (let i = 0; i < text.length; i++) {
    const short = text[i] as string;
    const spec =
      specs.find((candidate) => candidate.short === short) ??
      refuse(`unknown shorthand flag: '${short}' in -${text}`);
    const rest = text.slice(i + 1);
    if (spec.bareValue !== undefined && !rest.startsWith("=")) {
      setFlag(spec, spec.bareValue);
      continue;
    }
    const value = rest === "" ? queue.shift() : rest.replace(/^=/, "");
    setFlag(spec, value ?? refuse(`flag needs an argument: '${short}' in -${text}`));
    return;
  }
}

function setFlag(spec: FlagSpec, value: string): void {
  try {
    spec.set(value);
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) throw thrown;
    const name = spec.short === undefined ? `--${spec.name}` : `-${spec.short}, --${spec.name}`;
    refuse(`invalid argument ${quoteString(value)} for "${name}" flag: ${errorMessage(thrown)}`);
  }
}
