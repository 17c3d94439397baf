/** The frame of bars: a value axis with round steps on one side, room for what stands along the other. */

import { type ReactNode, useRef } from "react";
import { type ElementSize, useElementSize } from "./use-element-size.ts";
import { niceScale, scaleTicks, tickCount, type ValueScale } from "./value-axis.ts";
import "./plots.css";

/** Where the bars are drawn, px of the box, and how a value becomes a place. */
export interface ValuePlotArea extends ElementSize {
  readonly left: number;
  readonly top: number;
  readonly scale: ValueScale;
  /** Place of a value along its axis, px of the box. */
  readonly place: (value: number) => number;
}

interface ValuePlotProps {
  /** Values grow to the right instead of upwards. */
  readonly isHorizontal: boolean;
  /** Smallest and largest value drawn. */
  readonly low: number;
  readonly high: number;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly format: (value: number, step: number) => string;
  /** Room for the labels of the other axis, px: on the left of horizontal bars. */
  readonly labelsPx: number;
  readonly summary: string;
  readonly children: (area: ValuePlotArea) => ReactNode;
}

const topPx = 8;
const rightPx = 18;
const footPx = 20;
/** About the width of a digit in the axis' type. */
const digitPx = 6.2;

/** Fills its parent, which has a position and a size. Bars start at zero (UI.md 5). */
export function ValuePlot(props: ValuePlotProps) {
  const { isHorizontal, format } = props;
  const boxRef = useRef<HTMLDivElement>(null);
  const box = useElementSize(boxRef);
  const scale = niceScale(props.low, props.high, {
    min: props.min,
    max: props.max,
    startsAtZero: true,
    ticks: tickCount(isHorizontal ? box.width / 2 : box.height - footPx),
  });
  const ticks = scaleTicks(scale).map((value) => ({ value, text: format(value, scale.step) }));
  const widest = Math.max(2, ...ticks.map((tick) => tick.text.length));
  const left = isHorizontal ? props.labelsPx : Math.round(widest * digitPx) + 16;
  const area = {
    left,
    top: topPx,
    width: Math.max(0, box.width - left - rightPx),
    height: Math.max(0, box.height - topPx - footPx),
    scale,
  };
  const share = (value: number) => (value - scale.min) / (scale.max - scale.min);
  const place = (value: number) =>
    isHorizontal ? left + share(value) * area.width : topPx + (1 - share(value)) * area.height;
  return (
    <div ref={boxRef} className="chart" role="img" aria-label={props.summary}>
      {area.width > 0 && area.height > 0 && (
        <>
          <svg className="plot-axis" aria-hidden="true">
            {ticks.map(({ value, text }) => (
              <ValueTick
                key={value}
                text={text}
                isZero={value === 0}
                isHorizontal={isHorizontal}
                at={place(value)}
                area={area}
              />
            ))}
          </svg>
          {props.children({ ...area, place })}
        </>
      )}
    </div>
  );
}

interface ValueTickProps {
  readonly text: string;
  readonly isZero: boolean;
  readonly isHorizontal: boolean;
  readonly at: number;
  readonly area: Omit<ValuePlotArea, "place">;
}

function ValueTick({ text, isZero, isHorizontal, at, area }: ValueTickProps) {
  const { left, top, width, height } = area;
  const kind = isZero ? "is-zero" : "";
  return isHorizontal ? (
    <g>
      <line className={kind} x1={at} x2={at} y1={top} y2={top + height + 4} />
      <text x={at} y={top + height + 15} textAnchor="middle">
        {text}
      </text>
    </g>
  ) : (
    <g>
      <line className={kind} x1={left} x2={left + width} y1={at} y2={at} />
      <text x={left - 8} y={at + 3.5} textAnchor="end">
        {text}
      </text>
    </g>
  );
}
