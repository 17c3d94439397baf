/** The raw view: every sample of the window as text, `value @ time`, a block a series. */

import type { QuerySeries } from "../api/query-series.ts";
import { seriesText } from "../api/query-series.ts";
import { timestampLabel } from "../time/time-axis.ts";
import { usePageTime } from "../time/time-context.tsx";
import type { ExploreRow } from "./use-explore-queries.ts";

/** Put on the page at once; the CSV has all. */
const seriesMax = 100;
const samplesMax = 1000;

export function RawView({ rows }: { readonly rows: readonly ExploreRow[] }) {
  const { zone } = usePageTime();
  const series = rows.flatMap(({ answer }) => answer?.series ?? []);
  const texts = rows.flatMap(({ answer, refId }) =>
    answer?.text === undefined ? [] : [{ refId, text: answer.text }],
  );
  return (
    <div className="explore-raw">
      {texts.map(({ refId, text }) => (
        <pre key={refId}>
          <span className="dim">{refId}</span> {JSON.stringify(text)}
        </pre>
      ))}
      {series.slice(0, seriesMax).map((one) => (
        <section key={`${one.refId} ${seriesText(one.labels)}`}>
          <h3 className="mono">
            <span className="dim">{one.refId}</span> {seriesText(one.labels)}
          </h3>
          <pre>{samplesText(one, (ms) => timestampLabel(ms, zone))}</pre>
        </section>
      ))}
      {series.length > seriesMax && (
        <p className="palette-empty">
          The first {seriesMax} of {series.length} series. The CSV has all of them.
        </p>
      )}
    </div>
  );
}

function samplesText(
  { timesMs, values, histograms = [] }: QuerySeries,
  timeText: (ms: number) => string,
): string {
  const samples = [
    ...Array.from(timesMs, (ms, index) => ({ ms, text: () => String(values[index]) })),
    ...histograms.map(({ timeMs, text }) => ({ ms: timeMs, text })),
  ].sort((a, b) => a.ms - b.ms);
  const from = Math.max(0, samples.length - samplesMax);
  const lines: string[] = from > 0 ? [`… ${from} earlier samples`] : [];
  for (const { ms, text } of samples.slice(from)) {
    lines.push(`${text().padEnd(24)} @ ${ms / 1000}  ${timeText(ms)}`);
  }
  return lines.join("\n");
}
