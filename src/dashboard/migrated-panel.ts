/** What the migrations of old panel kinds give. */

import type { JsonObject } from "./json-reader.ts";

/** Panel JSON with its type, options and fieldConfig in today's spelling. */
export interface MigratedPanel {
  readonly type: string;
  readonly options: JsonObject;
  readonly fieldConfig: JsonObject;
  /** Where the kind of the past laid data out by itself; else the panel's own. */
  readonly transformations?: readonly unknown[];
  readonly problems: readonly string[];
}
