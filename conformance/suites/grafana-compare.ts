/**
 * Compares what Grafana's packages gave with what ours give: numbers within a relative 1e-9, the
 * recording's words for values JSON cannot hold ("$NaN", "$undefined"…) decoded first.
 */

const numbersByName: ReadonlyMap<string, number> = new Map([
  ["$NaN", Number.NaN],
  ["$Infinity", Number.POSITIVE_INFINITY],
  ["$-Infinity", Number.NEGATIVE_INFINITY],
  ["$-0", -0],
]);

/** `value` with "$NaN", "$undefined"… as what they stand for. */
export function decodeRecorded(value: unknown): unknown {
  if (typeof value === "string") {
    return value === "$undefined" ? undefined : (numbersByName.get(value) ?? value);
  }
  if (Array.isArray(value)) return value.map(decodeRecorded);
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, decodeRecorded(item)]),
    );
  }
  return value;
}

/** undefined where both are the same; otherwise the first difference with its path. An undefined property is an absent one. */
export function compareJson(want: unknown, got: unknown, path = ""): string | undefined {
  if (isSame(want, got)) return undefined;
  if (Array.isArray(want) && Array.isArray(got)) {
    if (want.length !== got.length) return describe(path, want, got);
    return firstOf(
      want.map((item, index) => () => compareJson(item, got[index], `${path}[${index}]`)),
    );
  }
  if (isRecord(want) && isRecord(got)) {
    const keys = new Set([...Object.keys(want), ...Object.keys(got)]);
    return firstOf(
      [...keys].map((key) => () => compareJson(want[key], got[key], `${path}.${key}`)),
    );
  }
  return describe(path, want, got);
}

/** ISO time of an instant, "none" without one. */
export function isoText(instantMs: number | undefined): string {
  return instantMs === undefined ? "none" : new Date(instantMs).toISOString();
}

function isSame(want: unknown, got: unknown): boolean {
  if (typeof want === "number" && typeof got === "number") {
    return Object.is(want, got) || want === got || Math.abs(want - got) <= 1e-9 * Math.abs(want);
  }
  return want === got;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function firstOf(checks: readonly (() => string | undefined)[]): string | undefined {
  for (const check of checks) {
    const difference = check();
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function describe(path: string, want: unknown, got: unknown): string {
  return `at ${path || "the top"}: want ${show(want)}, got ${show(got)}`;
}

function show(value: unknown): string {
  if (typeof value === "number" || value === undefined) return String(value);
  return JSON.stringify(value)?.slice(0, 300) ?? String(value);
}
