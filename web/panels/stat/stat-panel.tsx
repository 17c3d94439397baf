/** One figure a field, its unit smaller, and a line of its past under it. */

import { type ResolvedLink, resolveLinks } from "../../../src/dashboard/data-context.ts";
import { asString } from "../../../src/dashboard/json-reader.ts";
import { cssColor } from "../../charts/chart-theme.ts";
import { Sparkline } from "../../charts/sparkline.tsx";
import { type FieldFigure, fieldFigures } from "../field-figures.ts";
import { readReduceOptions } from "../option-readers.ts";
import type { PanelProps } from "../panel-props.ts";
import { SafeLink } from "../safe-link.tsx";
import { ValueText } from "../text-parts.tsx";

/** Cells drawn; a query that gives more is told so. */
const cellsMax = 60;

export function StatPanel({ panel, result, zone, scope }: PanelProps) {
  const { options } = panel;
  const figures = fieldFigures(result.frames, readReduceOptions(options), zone);
  const colorMode = asString(options["colorMode"], "value");
  const textMode = asString(options["textMode"], "auto");
  const hasGraph = asString(options["graphMode"], "area") !== "none";
  const showsName =
    textMode === "value_and_name" ||
    textMode === "name" ||
    (textMode === "auto" && figures.length > 1);
  const isVertical = asString(options["orientation"], "auto") === "horizontal";
  return (
    <>
      <div className={`stat ${isVertical ? "is-vertical" : ""}`}>
        {figures.slice(0, cellsMax).map((figure) => (
          <StatCell
            key={figure.key}
            figure={figure}
            link={resolveLinks(figure.place, scope)[0]}
            colorMode={colorMode}
            hasGraph={hasGraph}
            showsName={showsName}
            showsValue={textMode !== "name" && textMode !== "none"}
          />
        ))}
      </div>
      {figures.length > cellsMax && (
        <div className="panel-foot">
          The first {cellsMax} of {figures.length} values.
        </div>
      )}
    </>
  );
}

interface StatCellProps {
  readonly figure: FieldFigure;
  /** The first data link of its field. */
  readonly link: ResolvedLink | undefined;
  readonly colorMode: string;
  readonly hasGraph: boolean;
  readonly showsName: boolean;
  readonly showsValue: boolean;
}

function StatCell(props: StatCellProps) {
  const { figure, link, colorMode, hasGraph, showsName, showsValue } = props;
  const color = cssColor(figure.color);
  const isBackground = colorMode.startsWith("background");
  const hasSpark = hasGraph && figure.history !== undefined && figure.history.length > 1;
  return (
    <div
      className={`stat-cell ${isBackground ? "is-background" : ""} ${hasSpark ? "has-spark" : ""}`}
      style={isBackground ? { background: `color-mix(in srgb, ${color} 78%, black)` } : undefined}
    >
      {showsName && <div className="stat-name truncate">{figure.name}</div>}
      {showsValue && (
        <div className="stat-value" style={colorMode === "value" ? { color } : undefined}>
          {link === undefined ? (
            <ValueText value={figure.display} />
          ) : (
            <SafeLink
              title={link.title}
              url={link.href}
              tooltip={link.title}
              opensNewTab={link.opensNewTab}
            >
              <ValueText value={figure.display} />
            </SafeLink>
          )}
        </div>
      )}
      {hasSpark && (
        <div className="stat-spark">
          <Sparkline
            column={figure.history ?? []}
            color={isBackground ? "#ffffff" : quietColor(figure.color)}
          />
        </div>
      )}
    </div>
  );
}

/** A value in its plain colour has a grey line: saturation is for what differs from usual. */
function quietColor(color: string): string {
  return color === "text" ? "--fg-3" : color;
}
