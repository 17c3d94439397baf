/** Whether a value is of the type that the CRD's schema asks for. What an integer is, the reader says. */

import type { Schema } from "./crd-schema.ts";
import type { YamlCursor } from "./yaml-cursor.ts";

/** O(1); `isInteger` is asked about numbers only. */
export function isOfSchemaType(
  cursor: YamlCursor,
  { type }: Schema,
  isInteger: (cursor: YamlCursor) => boolean,
): boolean {
  const { jsonType } = cursor;
  switch (type) {
    case "object":
    case "map":
      return jsonType === "object";
    case "integer":
      return jsonType === "number" && isInteger(cursor);
    case "intOrString":
      return jsonType === "string" || (jsonType === "number" && isInteger(cursor));
    case "any":
      return true;
    default:
      return jsonType === type;
  }
}
