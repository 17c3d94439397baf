/** A bar a field with its name on it and its value beside it. */

import { cssColor } from "../../charts/chart-theme.ts";
import { fieldFigures } from "../field-figures.ts";
import { readReduceOptions } from "../option-readers.ts";
import type { PanelProps } from "../panel-props.ts";
import { ValueText } from "../text-parts.tsx";
import { unitTail, withoutTail } from "../unit-tail.ts";

const barsMax = 100;

export function BarGaugePanel({ panel, result, zone }: PanelProps) {
  const figures = fieldFigures(result.frames, readReduceOptions(panel.options), zone);
  const shown = figures.slice(0, barsMax);
  const tail = unitTail(panel.fieldConfig.defaults.unit);
  const high = Math.max(0, ...figures.map((figure) => figure.value ?? 0));
  return (
    <>
      <div className="bars">
        {shown.map((figure) => {
          const low = figure.min ?? 0;
          const top = figure.max ?? high;
          const share = top > low ? ((figure.value ?? low) - low) / (top - low) : 0;
          return (
            <div key={figure.key} className="bars-line">
              <div
                className="bars-row"
                style={{ "--bar": cssColor(figure.color) } as React.CSSProperties}
                title={figure.name}
              >
                <u style={{ width: `${Math.min(1, Math.max(0, share)) * 100}%` }} />
                <span className="truncate">{figure.name}</span>
              </div>
              <div className="num bars-value">
                <ValueText
                  value={tail === undefined ? figure.display : withoutTail(figure.display, tail)}
                />
              </div>
            </div>
          );
        })}
      </div>
      {figures.length > barsMax && (
        <div className="panel-foot">
          The first {barsMax} of {figures.length} values.
        </div>
      )}
    </>
  );
}
