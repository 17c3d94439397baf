/**
 * The edges of the map as one drawing below the boxes: width is the rate, the line's kind and glyph the
 * verdict. Each line is drawn anew only when something of its own changed.
 */

import { memo } from "react";
import type { Verdict } from "../ui/verdict.ts";
import { lookOf } from "./link-facts.ts";
import { MarkDefinitions, VerdictMark } from "./map-marks.tsx";
import type { MapLink } from "./map-model.ts";
import type { SceneLink } from "./map-scene.ts";
import type { MapMetric } from "./map-state.ts";

/** How a link or a box stands to what is looked at. */
export type MapAttention = "" | "chosen" | "near" | "dim";

interface MapLinksProps {
  readonly links: readonly MapLink[];
  readonly scene: ReadonlyMap<string, SceneLink>;
  readonly metric: MapMetric;
  readonly attention: (id: string) => MapAttention;
  readonly onChoose: (id: string) => void;
  readonly onHover: (id: string) => void;
}

/** More lines are drawn without the rim that parts crossing ones. */
const shadowLinksMax = 400;
const verdicts: readonly Verdict[] = ["forwarded", "redirected", "audit", "dropped"];

/** All lines; clicks and hovers are told by the link's id. */
export const MapLinks = memo(function MapLinks(props: MapLinksProps) {
  const { links, scene, metric, attention, onChoose, onHover } = props;
  const isPlain = links.length > shadowLinksMax;
  const idAt = (event: React.MouseEvent) =>
    (event.target as Element).closest("[data-link]")?.getAttribute("data-link") ?? "";
  const shown = links.flatMap((link): LinkLineProps[] => {
    const place = scene.get(link.id);
    if (place === undefined) return [];
    const { verdict, width, label, mark } = lookOf(link.edge, metric);
    const { d, labelX: x, labelY: y, hasRoom } = place;
    const { change } = link.edge;
    return [
      {
        id: link.id,
        d,
        x,
        y,
        hasRoom,
        verdict,
        width,
        label,
        mark,
        change,
        attention: attention(link.id),
      },
    ];
  });
  return (
    <svg
      className="map-links"
      aria-hidden="true"
      onClick={(event) => onChoose(idAt(event))}
      onMouseOver={(event) => onHover(idAt(event))}
      onMouseOut={() => onHover("")}
      onFocus={() => {}}
      onBlur={() => {}}
    >
      <defs>
        <MarkDefinitions />
        {verdicts.map((verdict) => (
          <marker
            key={verdict}
            id={`map-head-${verdict}`}
            viewBox="0 0 8 8"
            refX="6"
            refY="4"
            markerWidth="7"
            markerHeight="7"
            markerUnits="userSpaceOnUse"
            orient="auto"
          >
            <path d="M0 .6 7.4 4 0 7.4z" className={`map-head is-${verdict}`} />
          </marker>
        ))}
      </defs>
      {shown.map((line) => (
        <LinkLine key={line.id} {...line} isPlain={isPlain} />
      ))}
      {shown.map((line) => (
        <LinkTag key={line.id} {...line} />
      ))}
    </svg>
  );
});

interface LinkLineProps {
  readonly id: string;
  readonly d: string;
  readonly x: number;
  readonly y: number;
  readonly hasRoom: boolean;
  readonly verdict: Verdict;
  readonly width: number;
  readonly label: string;
  readonly mark: Verdict | undefined;
  readonly change: string;
  readonly attention: MapAttention;
}

function stateClass({ verdict, attention, change }: LinkLineProps): string {
  return `map-link is-${verdict}${attention === "" ? "" : ` is-${attention}`}${change === "" ? "" : ` is-${change}`}`;
}

const LinkLine = memo(function LinkLine(props: LinkLineProps & { readonly isPlain: boolean }) {
  const { id, d, verdict, width, attention } = props;
  return (
    <g className={stateClass(props)} data-link={id}>
      {attention === "chosen" && <path className="map-link-halo" d={d} strokeWidth={width + 8} />}
      {!props.isPlain && <path className="map-link-under" d={d} strokeWidth={width + 3} />}
      <path
        className="map-link-line"
        d={d}
        strokeWidth={width}
        markerEnd={`url(#map-head-${verdict})`}
      />
      <path className="map-link-hit" d={d} />
    </g>
  );
});

/** Label and glyph, above all lines. */
const LinkTag = memo(function LinkTag(props: LinkLineProps) {
  const { id, x, y, label, mark, attention } = props;
  if (!props.hasRoom && attention !== "chosen" && attention !== "near") return null;
  if (label === "" && mark === undefined) return null;
  return (
    <g className={stateClass(props)} data-link={id}>
      {label !== "" && <LinkLabel x={x} y={y} text={label} hasMark={mark !== undefined} />}
      {mark !== undefined && (
        <VerdictMark
          verdict={mark}
          near={[x + (label === "" ? 0 : 10 - labelWidth(label, true) / 2), y]}
          far={[x, y]}
        />
      )}
    </g>
  );
});

function labelWidth(text: string, hasMark: boolean): number {
  return Math.round(text.length * 5.8 + 12 + (hasMark ? 15 : 0));
}

function LinkLabel({
  x,
  y,
  text,
  hasMark,
}: {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly hasMark: boolean;
}) {
  const width = labelWidth(text, hasMark);
  return (
    <g className="map-link-label">
      <rect x={x - width / 2} y={y - 9} width={width} height="18" rx="4" />
      <text x={x + (hasMark ? 8 : 0)} y={y + 4} textAnchor="middle">
        {text}
      </text>
    </g>
  );
}
