/** Rows of a long table that are drawn as they come into view: which ones, and the space of the others. */

import { useVirtualizer } from "@tanstack/react-virtual";
import type { RefObject } from "react";

const overscan = 12;

/** Indices to draw, and px before and after them. `rowHeight` must be the rows' own. */
export function useVirtualRows(
  count: number,
  scrollRef: RefObject<HTMLElement | null>,
  rowHeight: number,
) {
  const virtualizer = useVirtualizer({
    count,
    getScrollElement: () => scrollRef.current,
    estimateSize: () => rowHeight,
    overscan,
  });
  const rows = virtualizer.getVirtualItems();
  return {
    indices: rows.map(({ index }) => index),
    before: rows[0]?.start ?? 0,
    after: virtualizer.getTotalSize() - (rows.at(-1)?.end ?? 0),
    scrollTo: (index: number) => virtualizer.scrollToIndex(index, { align: "auto" }),
  };
}

/** Stands for rows out of sight. */
export function RowSpace({
  height,
  columns,
}: {
  readonly height: number;
  readonly columns: number;
}) {
  if (height <= 0) return null;
  return (
    <tr className="row-space">
      <td colSpan={columns} style={{ height }} />
    </tr>
  );
}
