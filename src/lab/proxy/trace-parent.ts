/** The header `traceparent` (W3C Trace Context), from which Hubble takes the trace id of a request. */

import type { Random } from "../../base/seeded-random.ts";
import { randomUuid } from "../random.ts";

const pattern = /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:-.*)?$/;

/** The trace id, or undefined where there is no header or it is not of that form. */
export function traceIdOf(header: string | undefined): string | undefined {
  return header === undefined ? undefined : pattern.exec(header)?.[1];
}

/** A header that begins a trace, as an instrumented client sends it. */
export function newTraceParent(random: Random): string {
  const hex = (): string => randomUuid(random).replaceAll("-", "");
  return `00-${hex()}-${hex().slice(0, 16)}-01`;
}
