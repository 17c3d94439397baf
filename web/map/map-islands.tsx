/** Frames around the places of a namespace, or of what lies outside, with a title and a button that folds. */

import { memo } from "react";
import { Icon } from "../ui/icon.tsx";
import type { LayoutBox } from "./map-layout.ts";
import type { MapIsland } from "./map-model.ts";

interface MapIslandsProps {
  readonly islands: readonly MapIsland[];
  readonly boxes: Readonly<Record<string, LayoutBox>>;
  readonly onFold: (island: string, isFolded: boolean) => void;
}

/** All frames; folded islands have none. */
export const MapIslands = memo(function MapIslands({ islands, boxes, onFold }: MapIslandsProps) {
  return (
    <div className="map-islands">
      {islands.map((island) => {
        const box = boxes[island.id];
        if (box === undefined || island.isFolded || island.kind === "none") return null;
        return (
          <IslandFrame
            key={island.id}
            id={island.id}
            title={island.title}
            detail={island.detail}
            kind={island.kind}
            x={box.x}
            y={box.y}
            width={box.width}
            height={box.height}
            onFold={onFold}
          />
        );
      })}
    </div>
  );
});

/** Narrower frames have room for the title alone. */
const detailWidthMin = 260;

interface IslandFrameProps extends LayoutBox {
  readonly id: string;
  readonly title: string;
  readonly detail: string;
  readonly kind: MapIsland["kind"];
  readonly onFold: (island: string, isFolded: boolean) => void;
}

const IslandFrame = memo(function IslandFrame(props: IslandFrameProps) {
  const { id, title, detail, kind, x, y, width, height, onFold } = props;
  return (
    <div className={`map-island is-${kind}`} style={{ left: x, top: y, width, height }}>
      <div className="map-island-head">
        <b className="truncate" title={`${title}, ${detail}`}>
          {title}
        </b>
        <span className="truncate map-island-detail">{width < detailWidthMin ? "" : detail}</span>
        <button
          type="button"
          className="map-island-fold nodrag nopan"
          tabIndex={-1}
          aria-label={`Fold ${title}`}
          title={`Fold ${title} to one box`}
          onClick={() => onFold(id, true)}
        >
          <Icon name="collapse" />
        </button>
      </div>
    </div>
  );
});
