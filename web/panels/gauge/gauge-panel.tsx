/** A dial a field: an arc from the smallest to the largest value, thresholds outside of it. */

import { cssColor } from "../../charts/chart-theme.ts";
import { type FieldFigure, fieldFigures } from "../field-figures.ts";
import { readReduceOptions } from "../option-readers.ts";
import type { PanelProps } from "../panel-props.ts";

const dialsMax = 24;
/** Half the opening at the foot of the dial, degrees. */
const openDegrees = 50;
const radius = 42;

export function GaugePanel({ panel, result, zone }: PanelProps) {
  const figures = fieldFigures(result.frames, readReduceOptions(panel.options), zone);
  const hasMarks = panel.options["showThresholdMarkers"] !== false;
  return (
    <div className="gauges">
      {figures.slice(0, dialsMax).map((figure) => (
        <Dial key={figure.key} figure={figure} hasMarks={hasMarks} isNamed={figures.length > 1} />
      ))}
    </div>
  );
}

/** Size of the figure in units of the drawing, and what a figure of one sign could have within the dial. */
const figureSizeMax = 19;
const figureRoom = 118;

interface DialProps {
  readonly figure: FieldFigure;
  readonly hasMarks: boolean;
  readonly isNamed: boolean;
}

function Dial({ figure, hasMarks, isNamed }: DialProps) {
  const low = figure.min ?? 0;
  const high = figure.max ?? Math.max(low + 1, 100);
  const share = (value: number) => Math.min(1, Math.max(0, (value - low) / (high - low)));
  const { prefix = "", text, suffix = "" } = figure.display;
  const label = `${figure.name}: ${prefix}${text}${suffix}`;
  const marks = hasMarks ? thresholdArcs(figure, share) : [];
  return (
    <div className="gauge">
      <svg viewBox="0 0 120 96" role="img" aria-label={label}>
        <path d={arc(0, 1, radius)} fill="none" stroke="var(--line-1)" strokeWidth="11" />
        {figure.value !== undefined && (
          <path
            d={arc(0, share(figure.value), radius)}
            fill="none"
            stroke={cssColor(figure.color)}
            strokeWidth="11"
          />
        )}
        {marks.map((mark) => (
          <path
            key={mark.from}
            d={arc(mark.from, mark.to, radius + 8.5)}
            fill="none"
            stroke={cssColor(mark.color)}
            strokeWidth="2.5"
          />
        ))}
        <text
          className="gauge-value"
          x="60"
          y="64"
          textAnchor="middle"
          fontSize={Math.min(figureSizeMax, figureRoom / `${prefix}${text}${suffix}`.length)}
        >
          {`${prefix}${text}${suffix}`}
        </text>
      </svg>
      {isNamed && <span className="stat-name truncate">{figure.name}</span>}
    </div>
  );
}

function thresholdArcs(figure: FieldFigure, share: (value: number) => number) {
  const { thresholds } = figure;
  const isPercentage = thresholds?.mode === "percentage";
  const steps = thresholds?.steps ?? [];
  return steps
    .map((step, index) => {
      const next = steps[index + 1]?.value;
      const place = (value: number) => (isPercentage ? value / 100 : share(value));
      return {
        from: step.value === null ? 0 : place(step.value),
        to: next === undefined || next === null ? 1 : place(next),
        color: step.color,
      };
    })
    .filter((mark) => mark.to > mark.from);
}

/** Part of the dial between two shares of it, as a path. */
function arc(from: number, to: number, at: number): string {
  const start = 90 + openDegrees;
  const sweep = 360 - 2 * openDegrees;
  const point = (share: number) => {
    const angle = ((start + share * sweep) * Math.PI) / 180;
    return `${(60 + at * Math.cos(angle)).toFixed(2)} ${(57 + at * Math.sin(angle)).toFixed(2)}`;
  };
  if (to <= from) return "";
  const isLong = (to - from) * sweep > 180 ? 1 : 0;
  return `M${point(from)}A${at} ${at} 0 ${isLong} 1 ${point(to)}`;
}
