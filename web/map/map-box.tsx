/** A box of the map: a workload, something outside, a namespace, a folded island. React Flow places it. */

import type { Node, NodeProps } from "@xyflow/react";
import { memo } from "react";
import { Glyph } from "../ui/glyph.tsx";
import { Icon } from "../ui/icon.tsx";
import type { Verdict } from "../ui/verdict.ts";
import type { MapAttention } from "./map-links.tsx";
import type { MapPlace } from "./map-model.ts";

/** What a box shows; equal data keeps its object, so that nothing is drawn twice. */
export interface MapBoxData extends Record<string, unknown> {
  readonly name: string;
  readonly detail: string;
  readonly kind: MapPlace["kind"];
  readonly verdict: Verdict;
  readonly hasDrops: boolean;
  readonly change: string;
  readonly attention: MapAttention;
  readonly isFound: boolean;
  readonly hasCursor: boolean;
  readonly island: string;
  readonly onOpen: (island: string) => void;
}

/** A box as React Flow holds it. */
export type MapBoxNode = Node<MapBoxData, "box">;

/** One box; its words are cut at its edge and whole in the title. */
export const MapBox = memo(function MapBox({ data }: NodeProps<MapBoxNode>) {
  const { name, detail, kind, verdict, hasDrops, change, attention } = data;
  const mark = hasDrops ? "dropped" : verdict;
  const classes = [
    "map-box",
    `is-${kind}`,
    attention === "" ? "" : `is-${attention}`,
    change === "" ? "" : `is-${change}`,
    data.isFound ? "is-found" : "",
    data.hasCursor ? "has-cursor" : "",
  ];
  return (
    <div className={classes.join(" ")} title={`${name}, ${detail}`}>
      <i className={`map-box-bar is-${verdict}`} />
      <span className="map-box-text">
        <b className="truncate">{name}</b>
        <span className="truncate">{change === "new" || change === "gone" ? change : detail}</span>
      </span>
      {mark !== "forwarded" && (
        <span className="map-box-mark">
          <Glyph kind={mark} />
        </span>
      )}
      {kind === "island" && (
        <button
          type="button"
          className="map-box-open nodrag nopan"
          tabIndex={-1}
          aria-label={`Open ${name}`}
          title={`Open ${name} (o)`}
          onClick={(event) => {
            event.stopPropagation();
            data.onOpen(data.island);
          }}
        >
          <Icon name="expand" />
        </button>
      )}
    </div>
  );
});
