/** Reads fields of unknown JSON with a default where the shape is not the wanted one. Dashboards are full of both. */

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

export function asObject(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The objects of a list; anything else in it is passed over. */
export function asObjects(value: unknown): readonly JsonObject[] {
  return asArray(value).filter(isObject);
}

export function asString(value: unknown, otherwise = ""): string {
  return typeof value === "string" ? value : otherwise;
}

export function asBoolean(value: unknown, otherwise = false): boolean {
  return typeof value === "boolean" ? value : otherwise;
}

/** A finite number, also one written as a string; undefined otherwise. */
export function asNumber(value: unknown): number | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

export function asStrings(value: unknown): readonly string[] {
  return asArray(value).filter((item): item is string => typeof item === "string");
}

/** `{key: value}`, or `{}` where the value is undefined: for exactOptionalPropertyTypes. */
export function optional<K extends string, V>(key: K, value: V | undefined): { [name in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [name in K]?: V });
}
