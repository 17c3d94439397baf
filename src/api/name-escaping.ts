/**
 * Names of metrics and labels for readers that do not know UTF-8 names: Prometheus' schemes, chosen by
 * `escaping=` in an Accept header, and the way back from the scheme `values`.
 */

import { isLegacyMetricName } from "../model/labels.ts";

/** How names that the classic format cannot write are written; `allow-utf-8` keeps them, in quotes. */
export type EscapingScheme = "allow-utf-8" | "underscores" | "dots" | "values";

const schemes: readonly string[] = ["allow-utf-8", "underscores", "dots", "values"];

/** The scheme that a reader of the text format asks for, as Prometheus negotiates it; else underscores. */
export function escapingOf(accept: string): EscapingScheme {
  const ranges = accept.split(",").map((text) => {
    const [type = "", ...rest] = text.split(";").map((part) => part.trim());
    const parameters = new Map(
      rest.map((part): [string, string] => {
        const [name = "", ...value] = part.split("=");
        return [name.trim().toLowerCase(), value.join("=").trim()];
      }),
    );
    return { type, parameters, weight: Number(parameters.get("q") ?? "1") };
  });
  let scheme = "underscores";
  for (const { type, parameters } of ranges.sort((a, b) => b.weight - a.weight)) {
    const wanted = parameters.get("escaping") ?? "";
    if (schemes.includes(wanted)) scheme = wanted;
    const version = parameters.get("version") ?? "";
    if (type === "text/plain" && (version === "" || version === "0.0.4")) break;
  }
  return scheme as EscapingScheme;
}

/** The name under a scheme; a name that the classic format can write stays as it is. */
export function escapeName(name: string, scheme: EscapingScheme): string {
  if (scheme === "allow-utf-8" || isLegacyMetricName(name)) return name;
  const isClassic = (char: string, index: number) =>
    (index === 0 ? /[a-zA-Z_:]/ : /[a-zA-Z0-9_:]/).test(char);
  const escaped = Array.from(name, (char, index) => {
    if (scheme === "underscores") return isClassic(char, index) ? char : "_";
    if (char === "_") return "__";
    if (scheme === "dots" && char === ".") return "_dot_";
    if (isClassic(char, index)) return char;
    return scheme === "dots" ? "__" : `_${char.codePointAt(0)?.toString(16)}_`;
  }).join("");
  return scheme === "values" ? `U__${escaped}` : escaped;
}

/** `U__http_2e_status` → `http.status`; a name without the prefix, or with a broken escape, stays as it is. */
export function unescapeName(name: string): string {
  if (!name.startsWith("U__")) return name;
  let isBroken = false;
  const plain = name.slice(3).replace(/_(?:_|([0-9a-fA-F]{1,5})_|)/g, (whole, hex?: string) => {
    if (whole === "__") return "_";
    const code = Number.parseInt(hex ?? "", 16);
    const isCharacter = code < 0xd800 || code > 0xdfff;
    if (!isCharacter) isBroken = true;
    return isCharacter ? String.fromCodePoint(code) : "";
  });
  return isBroken ? name : plain;
}
