/** Reads `a.b`, `a["k8s.io/x"]` and `a[0]` of plain data. */

/** The value at `path`; undefined where a part of the path is missing. */
export function readPath(value: unknown, path: string): unknown {
  let current: unknown = value;
  for (const [, name, index, quote] of path.matchAll(
    /([^.[\]]+)|\[(?:(\d+)|["']([^"']*)["'])\]/g,
  )) {
    const key = name ?? index ?? quote ?? "";
    if (current === null || typeof current !== "object" || !Object.hasOwn(current, key)) {
      return undefined;
    }
    current = (current as Readonly<Record<string, unknown>>)[key];
  }
  return current;
}
