/** Exemplars above the graph: a diamond each, at its time and value, with its labels and a link to the trace. */

import { useState } from "react";
import { formatPlainNumber } from "../charts/plain-number.ts";
import type { PlotFrame } from "../charts/uplot-chart.ts";
import { timestampLabel } from "../time/time-axis.ts";
import { usePageTime } from "../time/time-context.tsx";
import { Icon } from "../ui/icon.tsx";
import { type Exemplar, thinExemplars, traceLink } from "./exemplars.ts";
import { SeriesName } from "./series-table.tsx";

interface ExemplarLayerProps {
  readonly exemplars: readonly Exemplar[];
  readonly frame: PlotFrame;
  readonly template: string;
}

/** Width the card is laid out for when choosing its side, px. */
const cardWidthPx = 320;

export function ExemplarLayer({ exemplars, frame, template }: ExemplarLayerProps) {
  const [open, setOpen] = useState<Exemplar>();
  const shown = thinExemplars(exemplars).filter(
    ({ timeMs }) => timeMs >= frame.fromMs && timeMs <= frame.toMs,
  );
  const isStillThere = open !== undefined && shown.some((one) => isSame(one, open));
  return (
    <div className="exemplars">
      {shown.map((one) => {
        const { xPx, yPx } = placeOf(one, frame);
        return (
          <button
            key={`${one.refId} ${one.timeMs} ${one.value} ${JSON.stringify(one.seriesLabels)}`}
            type="button"
            className={`exemplar ${open !== undefined && isSame(one, open) ? "is-on" : ""}`}
            style={{ left: xPx, top: yPx }}
            aria-label={`Exemplar ${formatPlainNumber(one.value)}`}
            onClick={() => setOpen(open !== undefined && isSame(one, open) ? undefined : one)}
          />
        );
      })}
      {isStillThere && (
        <ExemplarCard
          exemplar={open}
          frame={frame}
          template={template}
          onClose={() => setOpen(undefined)}
        />
      )}
    </div>
  );
}

function isSame(a: Exemplar, b: Exemplar): boolean {
  return (
    a.refId === b.refId &&
    a.timeMs === b.timeMs &&
    a.value === b.value &&
    JSON.stringify(a.labels) === JSON.stringify(b.labels)
  );
}

/** A value beyond the axis stands at its edge, as the line of a rate says nothing of single values. */
function placeOf(exemplar: Exemplar, frame: PlotFrame): { xPx: number; yPx: number } {
  const along = (exemplar.timeMs - frame.fromMs) / Math.max(1, frame.toMs - frame.fromMs);
  const span = frame.valueMax - frame.valueMin;
  const up = span > 0 ? (exemplar.value - frame.valueMin) / span : 0;
  const inside = Math.min(1, Math.max(0, up));
  return {
    xPx: frame.leftPx + along * frame.widthPx,
    yPx: frame.topPx + (1 - inside) * frame.heightPx,
  };
}

interface ExemplarCardProps {
  readonly exemplar: Exemplar;
  readonly frame: PlotFrame;
  readonly template: string;
  readonly onClose: () => void;
}

function ExemplarCard({ exemplar, frame, template, onClose }: ExemplarCardProps) {
  const { zone } = usePageTime();
  const { xPx } = placeOf(exemplar, frame);
  const isLeft = xPx + cardWidthPx > frame.leftPx + frame.widthPx;
  const link = traceLink(template, exemplar);
  return (
    <div
      className={`exemplar-card ${isLeft ? "is-left" : ""}`}
      role="dialog"
      aria-label="Exemplar"
      style={{ left: xPx, top: frame.topPx + 8 }}
    >
      <header>
        <b className="num">{formatPlainNumber(exemplar.value)}</b>
        <span className="dim">{timestampLabel(exemplar.timeMs, zone)}</span>
        <i className="spacer" />
        <button
          type="button"
          className="control is-ghost is-small is-icon"
          aria-label="Close"
          onClick={onClose}
        >
          <Icon name="close" />
        </button>
      </header>
      <dl className="pairs">
        {Object.entries(exemplar.labels).map(([name, value]) => (
          <div className="pair" key={name}>
            <dt>{name}</dt>
            <dd className="mono">{value}</dd>
          </div>
        ))}
      </dl>
      <p className="exemplar-series">
        <SeriesName labels={exemplar.seriesLabels} />
      </p>
      {link !== undefined ? (
        <a className="control is-small" href={link} target="_blank" rel="noreferrer">
          Open the trace
        </a>
      ) : (
        <p className="dim">
          {template === ""
            ? "Give an address for traces under Exemplars to open them from here."
            : "This exemplar has not the labels that the address for traces asks for."}
        </p>
      )}
    </div>
  );
}
