/** Exemplars of the head by selectors. */

import { compareLabels } from "../../model/labels.ts";
import type { Matcher } from "../../model/matcher.ts";
import type { ExemplarSeries } from "../../storage/storage.ts";
import type { Head } from "./head.ts";

/** Those between the two times, inclusive, of series that satisfy all matchers of any selector, by labels. O(series with exemplars). */
export function exemplarsOf(
  head: Head,
  startMs: number,
  endMs: number,
  selectors: readonly (readonly Matcher[])[],
): ExemplarSeries[] {
  const { series, exemplars } = head;
  const found: ExemplarSeries[] = [];
  for (const ref of exemplars.refs()) {
    const slot = series.slotOfRef(ref);
    if (slot === 0) continue;
    const labels = series.labels(slot);
    const isWanted = selectors.some((matchers) =>
      matchers.every((matcher) => matcher.matches(labels.get(matcher.name))),
    );
    if (!isWanted) continue;
    const own = exemplars.select(ref, startMs, endMs);
    if (own.length > 0) found.push({ labels, exemplars: own });
  }
  return found.sort((a, b) => compareLabels(a.labels, b.labels));
}
