/** Flows of an edge over the window, with the dropped part at the foot, on one scale from zero. */

interface VerdictHistoryProps {
  readonly all: readonly number[];
  readonly dropped: readonly number[];
}

const height = 60;

/** Fills its parent's width; `figcaption` beside it says what is drawn. */
export function VerdictHistory({ all, dropped }: VerdictHistoryProps) {
  const top = Math.max(1, ...all);
  const width = Math.max(1, all.length - 1);
  const line = (column: readonly number[]) =>
    column
      .map(
        (value, index) =>
          `${index === 0 ? "M" : "L"}${index} ${round(height - (value / top) * (height - 2))}`,
      )
      .join("");
  const area = (column: readonly number[]) => `${line(column)}L${width} ${height}L0 ${height}Z`;
  const hasDrops = dropped.some((count) => count > 0);
  return (
    <svg
      className="map-history-plot"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path className="map-history-area is-forwarded" d={area(all)} />
      <path className="map-history-line is-forwarded" d={line(all)} />
      {hasDrops && <path className="map-history-area is-dropped" d={area(dropped)} />}
      {hasDrops && <path className="map-history-line is-dropped" d={line(dropped)} />}
    </svg>
  );
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
