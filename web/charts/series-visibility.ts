/** Which series of a chart are shown: a click isolates one, with ⇧ adds or takes away. Survives refreshes by label. */

import { useMemo, useState } from "react";

/** What a legend and its chart share. */
export interface SeriesVisibility {
  /** Indices of hidden series. */
  readonly hidden: ReadonlySet<number>;
  /** Series that the pointer rests on in the legend. */
  readonly focused: number | undefined;
  readonly pick: (index: number, isAdding: boolean) => void;
  readonly focus: (index: number | undefined) => void;
}

/** The set shown after a click on `label`; undefined means all. */
export function pickSeries(
  shown: ReadonlySet<string> | undefined,
  label: string,
  options: { readonly isAdding: boolean; readonly all: readonly string[] },
): ReadonlySet<string> | undefined {
  if (!options.isAdding) {
    return shown?.size === 1 && shown.has(label) ? undefined : new Set([label]);
  }
  const next = new Set(shown ?? options.all);
  if (next.has(label)) next.delete(label);
  else next.add(label);
  return next.size === 0 || options.all.every((one) => next.has(one)) ? undefined : next;
}

/** Visibility of the series with these labels, in the order of the chart. */
export function useSeriesVisibility(labels: readonly string[]): SeriesVisibility {
  const [shown, setShown] = useState<ReadonlySet<string>>();
  const [focused, setFocused] = useState<number>();
  const names = labels.join("\n");
  return useMemo(() => {
    const all = names.split("\n");
    // None of the chosen labels is left after a change of the query: show all again.
    const isStale = shown !== undefined && !all.some((label) => shown.has(label));
    const hidden = new Set<number>();
    if (shown !== undefined && !isStale) {
      all.forEach((label, index) => {
        if (!shown.has(label)) hidden.add(index);
      });
    }
    return {
      hidden,
      focused,
      focus: setFocused,
      pick: (index, isAdding) => setShown(pickSeries(shown, all[index] ?? "", { isAdding, all })),
    };
  }, [names, shown, focused]);
}
