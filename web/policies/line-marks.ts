/** What the gutter shows beside each line: flows that the line let pass or refused, of hits by part. Pure. */

import type { WireLineHit } from "../../src/api/wire/policy.ts";
import type { LineDiff } from "./line-diff.ts";

/** One line's counts; `isRule`: a rule as a whole, told only where none of its parts is. */
export interface LineMark {
  readonly allowed: number;
  readonly denied: number;
  /** A rule that no flow needed. */
  readonly isUnused: boolean;
}

/** Marks by 1-based line. Parts on one line count once: the most of them. */
export function marksOf(hits: readonly WireLineHit[]): Map<number, LineMark> {
  const marks = new Map<number, LineMark>();
  for (const [index, hit] of hits.entries()) {
    const { line, part, allowed, denied } = hit;
    if (part === "subject" && denied === 0) continue;
    const next = hits[index + 1];
    const hasParts = next !== undefined && ["peer", "port", "request"].includes(next.part);
    if (part === "rule" && hasParts && allowed + denied > 0) continue;
    if (part !== "rule" && allowed + denied === 0) continue;
    const known = marks.get(line);
    marks.set(line, {
      allowed: Math.max(known?.allowed ?? 0, allowed),
      denied: Math.max(known?.denied ?? 0, denied),
      isUnused: part === "rule" && isWholeUnused(hits, index),
    });
  }
  for (const [line, mark] of marks) {
    if (mark.allowed + mark.denied === 0 && !mark.isUnused) marks.delete(line);
  }
  return marks;
}

/** A rule whose parts say nothing either: refused requests count as met. */
function isWholeUnused(hits: readonly WireLineHit[], index: number): boolean {
  for (let at = index + 1; at < hits.length; at++) {
    const part = hits[at];
    if (part === undefined || part.part === "rule" || part.part === "subject") break;
    if (part.allowed + part.denied > 0) return false;
  }
  return (hits[index]?.allowed ?? 0) + (hits[index]?.denied ?? 0) === 0;
}

/** Marks of the applied text at the lines of a draft. */
export function marksOfDraft(
  marks: ReadonlyMap<number, LineMark>,
  { kept }: LineDiff,
): Map<number, LineMark> {
  const moved = new Map<number, LineMark>();
  for (const [line, mark] of marks) {
    const place = kept.get(line);
    if (place !== undefined) moved.set(place, mark);
  }
  return moved;
}
