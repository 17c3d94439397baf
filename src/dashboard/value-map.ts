/** Applies value mappings: the first one that matches gives text, colour and icon. */

import type { MappingResult, ValueMapping } from "./model.ts";
import { parsePattern } from "./pattern.ts";

/** A value to what its mapping says; undefined where none matches. */
export type ValueMap = (value: unknown) => MappingResult | undefined;

/** Mappings made ready once for many values. */
export function createValueMap(mappings: readonly ValueMapping[] | undefined): ValueMap {
  if (mappings === undefined || mappings.length === 0) return () => undefined;
  const maps = mappings.map(createOne);
  return (value) => {
    for (const map of maps) {
      const result = map(value);
      if (result !== undefined) return result;
    }
    return undefined;
  };
}

function createOne(mapping: ValueMapping): ValueMap {
  switch (mapping.type) {
    case "value": {
      const { options } = mapping;
      return (value) => {
        const key = String(value);
        return isNothing(value) || !Object.hasOwn(options, key) ? undefined : options[key];
      };
    }
    case "range": {
      const { from, to, result } = mapping.options;
      return (value) => {
        const number = isNothing(value) ? Number.NaN : Number.parseFloat(String(value));
        const isIn =
          number >= (from ?? Number.NEGATIVE_INFINITY) &&
          number <= (to ?? Number.POSITIVE_INFINITY);
        return isIn ? result : undefined;
      };
    }
    case "regex":
      return regexMap(mapping.options.pattern, mapping.options.result);
    default: {
      const { match, result } = mapping.options;
      return (value) => (isSpecial(value, match) ? result : undefined);
    }
  }
}

/** Only texts match; the mapped text takes the place of what was found within the value. */
function regexMap(text: string, result: MappingResult): ValueMap {
  const pattern = parsePattern(text);
  return (value) => {
    if (pattern === undefined || typeof value !== "string" || value.search(pattern) < 0) {
      return undefined;
    }
    if (result.text === undefined) return result;
    return { ...result, text: value.replace(pattern, result.text) };
  };
}

function isSpecial(value: unknown, match: string): boolean {
  const isNan = typeof value === "number" && Number.isNaN(value);
  switch (match) {
    case "null":
      return isNothing(value);
    case "nan":
      return isNan;
    case "null+nan":
      return isNan || isNothing(value);
    case "empty":
      return value === "";
    case "true":
      return value === true || value === "true";
    case "false":
      return value === false || value === "false";
    default:
      return false;
  }
}

function isNothing(value: unknown): value is null | undefined {
  return value === null || value === undefined;
}
