/**
 * The functions and operators of CEL that an expression over flows can call, each with its overloads:
 * parameter types, result type, and what it does. Integers are bigints of 64 bits; timestamps and
 * durations are nanoseconds. A failure at run time is a CelFault.
 */

import { RE2JS } from "re2js";
import { timestampNanos } from "../../model/flow.ts";
import { type CelType, listOf, simple } from "./cel-type.ts";

/** A value at run time: message values are plain objects, timestamps and durations bigints. */
export type CelValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | readonly CelValue[]
  | ReadonlyMap<CelValue, CelValue>
  | { readonly [field: string]: unknown };

/** Why an expression has no value for a flow. The flow then does not match. */
export class CelFault extends Error {
  override readonly name = "CelFault";
}

/** One way to call a function. */
export interface Overload {
  readonly params: readonly CelType[];
  readonly result: CelType;
  /** Called as `a.f(b)`; else as `f(a, b)`. */
  readonly isMember: boolean;
  readonly run: (...args: CelValue[]) => CelValue;
}

const a: CelType = { kind: "param", name: "A" };
const b: CelType = { kind: "param", name: "B" };
const bool = simple("bool");
const int = simple("int");
const uint = simple("uint");
const double = simple("double");
const string = simple("string");
const bytes = simple("bytes");
const timestamp = simple("timestamp");
const duration = simple("duration");
const mapAb: CelType = { kind: "map", key: a, value: b };

const nanosPerSecond = 1_000_000_000n;
const intMin = -0x8000000000000000n;
const intMax = 0x7fffffffffffffffn;
const uintMax = 0xffffffffffffffffn;

/** Overloads by function name; operators as cel-go names them ("_==_", "@in"). */
export const celFunctions: Readonly<Record<string, readonly Overload[]>> = {
  "_==_": [global([a, a], bool, (x, y) => isEqual(x, y))],
  "_!=_": [global([a, a], bool, (x, y) => !isEqual(x, y))],
  "_<_": orderings((order) => order < 0),
  "_<=_": orderings((order) => order <= 0),
  "_>_": orderings((order) => order > 0),
  "_>=_": orderings((order) => order >= 0),
  "_+_": [
    ...arithmetic(
      (x, y) => x + y,
      (x, y) => x + y,
    ),
    global([string, string], string, (x, y) => (x as string) + (y as string)),
    global([listOf(a), listOf(a)], listOf(a), (x, y) => [
      ...(x as CelValue[]),
      ...(y as CelValue[]),
    ]),
    global([timestamp, duration], timestamp, sum),
    global([duration, timestamp], timestamp, sum),
    global([duration, duration], duration, sum),
  ],
  "_-_": [
    ...arithmetic(
      (x, y) => x - y,
      (x, y) => x - y,
    ),
    global([timestamp, timestamp], duration, difference),
    global([timestamp, duration], timestamp, difference),
    global([duration, duration], duration, difference),
  ],
  "_*_": arithmetic(
    (x, y) => x * y,
    (x, y) => x * y,
  ),
  "_/_": arithmetic(
    (x, y) => x / nonZero(y, "division by zero"),
    (x, y) => x / y,
  ),
  "_%_": arithmetic((x, y) => x % nonZero(y, "modulus by zero")),
  "!_": [global([bool], bool, (x) => !x)],
  "-_": [
    global([int], int, (x) => inRange(-(x as bigint), intMin, intMax)),
    global([double], double, (x) => -(x as number)),
  ],
  "@in": [
    global([a, listOf(a)], bool, (x, list) => (list as CelValue[]).some((y) => isEqual(x, y))),
    global(
      [a, mapAb],
      bool,
      (x, map) => findKey(map as ReadonlyMap<CelValue, CelValue>, x) !== undefined,
    ),
  ],
  "_[_]": [
    global([listOf(a), int], a, (list, index) => itemAt(list as CelValue[], index as bigint)),
    global([mapAb, a], b, (map, key) => entryAt(map as ReadonlyMap<CelValue, CelValue>, key)),
  ],
  size: [
    ...both([string], int, (x) => BigInt([...(x as string)].length)),
    ...both([bytes], int, (x) => BigInt((x as Uint8Array).length)),
    ...both([listOf(a)], int, (x) => BigInt((x as CelValue[]).length)),
    ...both([mapAb], int, (x) => BigInt((x as ReadonlyMap<CelValue, CelValue>).size)),
  ],
  contains: [member([string, string], bool, (x, y) => (x as string).includes(y as string))],
  startsWith: [member([string, string], bool, (x, y) => (x as string).startsWith(y as string))],
  endsWith: [member([string, string], bool, (x, y) => (x as string).endsWith(y as string))],
  matches: both([string, string], bool, cachedMatch()),
  dyn: [global([a], simple("dyn"), (x) => x)],
  bool: [global([bool], bool, (x) => x), global([string], bool, parseBool)],
  int: [
    global([int], int, (x) => x),
    global([uint], int, (x) => inRange(x as bigint, intMin, intMax)),
    global([double], int, (x) => inRange(truncate(x as number), intMin, intMax)),
    global([string], int, (x) => inRange(parseInteger(x as string), intMin, intMax)),
    global([timestamp], int, (x) => (x as bigint) / nanosPerSecond),
    global([duration], int, (x) => x),
  ],
  uint: [
    global([uint], uint, (x) => x),
    global([int], uint, (x) => inRange(x as bigint, 0n, uintMax)),
    global([double], uint, (x) => inRange(truncate(x as number), 0n, uintMax)),
    global([string], uint, (x) => inRange(parseInteger(x as string), 0n, uintMax)),
  ],
  double: [
    global([double], double, (x) => x),
    global([int], double, (x) => Number(x)),
    global([uint], double, (x) => Number(x)),
    global([string], double, (x) => parseDouble(x as string)),
  ],
  string: [
    global([string], string, (x) => x),
    global([bool], string, String),
    global([int], string, String),
    global([uint], string, String),
    global([double], string, String),
    global([timestamp], string, (x) => new Date(Number((x as bigint) / 1_000_000n)).toISOString()),
    global([duration], string, (x) => `${Number(x) / 1e9}s`),
    global([bytes], string, (x) => decodeUtf8(x as Uint8Array)),
  ],
  bytes: [
    global([string], bytes, (x) => new TextEncoder().encode(x as string)),
    global([bytes], bytes, (x) => x),
  ],
  timestamp: [
    global([timestamp], timestamp, (x) => x),
    global([string], timestamp, (x) => parseTimestamp(x as string)),
    global([int], timestamp, (x) => (x as bigint) * nanosPerSecond),
  ],
  duration: [
    global([duration], duration, (x) => x),
    global([string], duration, (x) => parseDuration(x as string)),
  ],
  getFullYear: datePart((date) => date.getUTCFullYear()),
  getMonth: datePart((date) => date.getUTCMonth()),
  getDate: datePart((date) => date.getUTCDate()),
  getDayOfMonth: datePart((date) => date.getUTCDate() - 1),
  getDayOfWeek: datePart((date) => date.getUTCDay()),
  getHours: [...datePart((date) => date.getUTCHours()), durationPart(3_600n * nanosPerSecond)],
  getMinutes: [...datePart((date) => date.getUTCMinutes()), durationPart(60n * nanosPerSecond)],
  getSeconds: [...datePart((date) => date.getUTCSeconds()), durationPart(nanosPerSecond)],
  getMilliseconds: [...datePart((date) => date.getUTCMilliseconds()), durationPart(1_000_000n)],
};

/** Equality of CEL: numbers by value whatever their type, lists and maps by content. */
export function isEqual(x: CelValue, y: CelValue): boolean {
  if (x === y) return true;
  if (typeof x === "object" && typeof y === "object" && x !== null && y !== null) {
    return isEqualObject(x, y);
  }
  const areNumbers =
    (typeof x === "bigint" && typeof y === "number") ||
    (typeof x === "number" && typeof y === "bigint");
  // biome-ignore lint/suspicious/noDoubleEquals: the comparison of a bigint with a double by value.
  return areNumbers && (x as number) == (y as unknown as number);
}

function isEqualObject(x: object, y: object): boolean {
  if (x instanceof Map && y instanceof Map) {
    if (x.size !== y.size) return false;
    for (const [key, value] of x) {
      const found = findKey(y, key);
      if (found === undefined || !isEqual(value, found.value)) return false;
    }
    return true;
  }
  if (Array.isArray(x) && Array.isArray(y)) {
    return x.length === y.length && x.every((item, index) => isEqual(item, y[index]));
  }
  if (x instanceof Uint8Array && y instanceof Uint8Array) {
    return x.length === y.length && x.every((byte, index) => byte === y[index]);
  }
  if (Array.isArray(x) !== Array.isArray(y) || x instanceof Map || y instanceof Map) return false;
  const keys = new Set([...Object.keys(x), ...Object.keys(y)]);
  return [...keys].every((key) =>
    isEqual(
      (x as Record<string, CelValue>)[key] ?? null,
      (y as Record<string, CelValue>)[key] ?? null,
    ),
  );
}

function global(
  params: readonly CelType[],
  result: CelType,
  run: (...args: CelValue[]) => CelValue,
): Overload {
  return { params, result, isMember: false, run };
}

function member(
  params: readonly CelType[],
  result: CelType,
  run: (...args: CelValue[]) => CelValue,
): Overload {
  return { params, result, isMember: true, run };
}

function both(
  params: readonly CelType[],
  result: CelType,
  run: (...args: CelValue[]) => CelValue,
): Overload[] {
  return [global(params, result, run), member(params, result, run)];
}

function orderings(test: (order: number) => boolean): Overload[] {
  const comparable = [bool, int, uint, double, string, timestamp, duration];
  const overloads = comparable.map((type) =>
    global([type, type], bool, (x, y) => test(compareValues(x, y))),
  );
  return [...overloads, global([bytes, bytes], bool, (x, y) => test(compareBytes(x, y)))];
}

/** NaN is in no order with anything. */
function compareValues(x: CelValue, y: CelValue): number {
  const left = x as number;
  const right = y as number;
  if (left < right) return -1;
  if (left > right) return 1;
  return left === right ? 0 : Number.NaN;
}

function compareBytes(x: CelValue, y: CelValue): number {
  const left = x as Uint8Array;
  const right = y as Uint8Array;
  for (let i = 0; i < left.length && i < right.length; i++) {
    if (left[i] !== right[i]) return (left[i] as number) - (right[i] as number);
  }
  return left.length - right.length;
}

function arithmetic(
  whole: (x: bigint, y: bigint) => bigint,
  real?: (x: number, y: number) => number,
): Overload[] {
  const overloads = [
    global([int, int], int, (x, y) => inRange(whole(x as bigint, y as bigint), intMin, intMax)),
    global([uint, uint], uint, (x, y) => inRange(whole(x as bigint, y as bigint), 0n, uintMax)),
  ];
  if (real !== undefined) {
    overloads.push(global([double, double], double, (x, y) => real(x as number, y as number)));
  }
  return overloads;
}

function sum(x: CelValue, y: CelValue): CelValue {
  return (x as bigint) + (y as bigint);
}

function difference(x: CelValue, y: CelValue): CelValue {
  return (x as bigint) - (y as bigint);
}

function nonZero(value: bigint, why: string): bigint {
  if (value === 0n) throw new CelFault(why);
  return value;
}

function inRange(value: bigint, least: bigint, most: bigint): bigint {
  if (value < least || value > most) throw new CelFault("integer overflow");
  return value;
}

function truncate(value: number): bigint {
  if (!Number.isFinite(value)) throw new CelFault("integer overflow");
  return BigInt(Math.trunc(value));
}

function parseInteger(text: string): bigint {
  if (!/^[-+]?\d+$/.test(text)) throw new CelFault(`cannot read ${text} as an integer`);
  return BigInt(text.replace(/^\+/, ""));
}

function parseDouble(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || Number.isNaN(value))
    throw new CelFault(`cannot read ${text} as a double`);
  return value;
}

function parseBool(text: CelValue): boolean {
  if (["true", "True", "TRUE", "t", "1"].includes(text as string)) return true;
  if (["false", "False", "FALSE", "f", "0"].includes(text as string)) return false;
  throw new CelFault(`cannot read ${String(text)} as a bool`);
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    if (cause instanceof TypeError) throw new CelFault("bytes that are no UTF-8");
    throw cause;
  }
}

function parseTimestamp(text: string): bigint {
  const nanos = timestampNanos(text);
  if (nanos === undefined) throw new CelFault(`cannot read ${text} as a timestamp`);
  return nanos;
}

const durationUnits: Readonly<Record<string, number>> = {
  h: 3_600e9,
  m: 60e9,
  s: 1e9,
  ms: 1e6,
  us: 1e3,
  ns: 1,
};

function parseDuration(text: string): bigint {
  const parts = [...text.replace(/^[-+]/, "").matchAll(/(\d+(?:\.\d+)?)(ms|us|ns|h|m|s)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join("") !== text.replace(/^[-+]/, "")) {
    throw new CelFault(`cannot read ${text} as a duration`);
  }
  let nanos = 0;
  for (const [, amount, unit] of parts)
    nanos += Number(amount) * (durationUnits[unit as string] ?? 0);
  return BigInt(Math.round(text.startsWith("-") ? -nanos : nanos));
}

function datePart(read: (date: Date) => number): Overload[] {
  return [
    member([timestamp], int, (x) => BigInt(read(new Date(Number((x as bigint) / 1_000_000n))))),
  ];
}

function durationPart(unitNanos: bigint): Overload {
  return member([duration], int, (x) => (x as bigint) / unitNanos);
}

function itemAt(list: readonly CelValue[], index: bigint): CelValue {
  const item = list[Number(index)];
  if (item === undefined) throw new CelFault(`index out of bounds: ${index}`);
  return item;
}

function findKey(
  map: ReadonlyMap<CelValue, CelValue>,
  key: CelValue,
): { readonly value: CelValue } | undefined {
  const direct = map.get(key);
  if (direct !== undefined) return { value: direct };
  for (const [other, value] of map) if (isEqual(other, key)) return { value };
  return undefined;
}

function entryAt(map: ReadonlyMap<CelValue, CelValue>, key: CelValue): CelValue {
  const found = findKey(map, key);
  if (found === undefined) throw new CelFault(`no such key: ${String(key)}`);
  return found.value;
}

/** `matches` with the latest expression kept compiled: it is nearly always a literal. */
function cachedMatch(): (text: CelValue, source: CelValue) => boolean {
  let source: CelValue = null;
  let compiled: RE2JS | undefined;
  return (text, wanted) => {
    if (wanted !== source || compiled === undefined) {
      try {
        compiled = RE2JS.compile(wanted as string);
      } catch (thrown) {
        throw new CelFault(thrown instanceof Error ? thrown.message : String(thrown));
      }
      source = wanted;
    }
    return compiled.matcher(text as string).find();
  };
}
