/**
 * Glyphs of verdicts on edges and boxes, as markers: an SVG or a transform for each would cost the browser
 * a part of its own, and a map of hundreds could not be moved. From afar they stand alone on a ground and grow against the
 * zoom: then only these definitions change.
 */

import { useStore } from "@xyflow/react";
import { GlyphShape } from "../ui/glyph.tsx";
import type { Verdict } from "../ui/verdict.ts";

const verdicts: readonly Verdict[] = ["forwarded", "redirected", "audit", "dropped"];
/** Of a glyph with its ground, at the map's own scale. */
const markSize = 16.4;
/** Glyphs and titles grow against the zoom in these steps. */
const growSteps = [1, 1.5, 2.2, 3.2, 4.5];

/** How many times larger glyphs and titles of islands are drawn at this zoom. */
export function growAt(zoom: number): number {
  return growSteps.find((step) => zoom * step >= 0.7) ?? growSteps.at(-1) ?? 1;
}

/** To stand within `<defs>`. */
export function MarkDefinitions() {
  const grow = useStore((state) => growAt(state.transform[2]));
  return verdicts.map((verdict) => (
    <g key={verdict}>
      <MarkDefinition id={`map-mark-${verdict}`} verdict={verdict} size={markSize} />
      <MarkDefinition
        id={`map-mark-far-${verdict}`}
        verdict={verdict}
        size={markSize * grow}
        hasGround
      />
    </g>
  ));
}

interface MarkDefinitionProps {
  readonly id: string;
  readonly verdict: Verdict;
  readonly size: number;
  readonly hasGround?: boolean;
}

function MarkDefinition({ id, verdict, size, hasGround = false }: MarkDefinitionProps) {
  return (
    <marker
      id={id}
      viewBox="-4 -4 20 20"
      refX="6"
      refY="6"
      markerWidth={size}
      markerHeight={size}
      markerUnits="userSpaceOnUse"
    >
      {hasGround && <circle className="map-mark-ground" cx="6" cy="6" r="9.75" />}
      <g className={`map-mark is-${verdict}`}>
        <GlyphShape kind={verdict} />
      </g>
    </marker>
  );
}

interface VerdictMarkProps {
  /** Others are looked at. */
  readonly isDim?: boolean;
  readonly verdict: Verdict;
  /** Where its middle is while words are read, and from afar. */
  readonly near: readonly [x: number, y: number];
  readonly far: readonly [x: number, y: number];
}

/** One glyph; CSS chooses between near and far. */
export function VerdictMark({ verdict, near, far, isDim = false }: VerdictMarkProps) {
  const classes = `map-verdict-mark${isDim ? " is-dim" : ""}`;
  return (
    <>
      <path
        className={`${classes} is-near`}
        d={`M${near[0]} ${near[1]}h.01`}
        markerStart={`url(#map-mark-${verdict})`}
      />
      <path
        className={`${classes} is-far`}
        d={`M${far[0]} ${far[1]}h.01`}
        markerStart={`url(#map-mark-far-${verdict})`}
      />
    </>
  );
}
