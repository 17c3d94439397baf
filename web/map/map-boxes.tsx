/**
 * The boxes of the map: workloads, what lies outside, namespaces, folded islands. They are placed by left
 * and top, not by transforms: a browser moves a plain layer far more cheaply than one of five hundred
 * parts with a transform each. Those far out of sight are left out. Clicks and hovers are heard once for all, by the box's id.
 */

import { useStore } from "@xyflow/react";
import { memo } from "react";
import { Icon } from "../ui/icon.tsx";
import type { LayoutBox } from "./map-layout.ts";
import type { MapAttention } from "./map-links.tsx";
import { VerdictMark } from "./map-marks.tsx";
import type { MapPlace } from "./map-model.ts";

interface MapBoxesProps {
  readonly places: readonly MapPlace[];
  readonly boxes: Readonly<Record<string, LayoutBox>>;
  readonly attention: (id: string) => MapAttention;
  readonly found: ReadonlySet<string>;
  readonly cursor: string;
  readonly onChoose: (id: string) => void;
  readonly onHover: (id: string) => void;
  readonly onOpen: (island: string) => void;
}

/** What is drawn beyond the sight on each side, in parts of its size. */
const margin = 0.5;

/** What is in sight with its margins, in the map's units; changes in steps, so that panning redraws little. */
function useSight(): LayoutBox {
  const text = useStore(({ transform: [x, y, zoom], width, height }) => {
    const [wide, high] = [width / zoom, height / zoom];
    const [stepX, stepY] = [Math.max(1, wide * margin), Math.max(1, high * margin)];
    const left = Math.floor(-x / zoom / stepX - 1) * stepX;
    const top = Math.floor(-y / zoom / stepY - 1) * stepY;
    return [left, top, wide + 3 * stepX, high + 3 * stepY].map(Math.round).join(" ");
  });
  const [x = 0, y = 0, width = 0, height = 0] = text.split(" ").map(Number);
  return { x, y, width, height };
}

/** The boxes that the layout knows, near the sight; one that did not change is not drawn again. */
export const MapBoxes = memo(function MapBoxes(props: MapBoxesProps) {
  const { places, boxes, attention, found, cursor, onChoose, onHover, onOpen } = props;
  const sight = useSight();
  const shown = places.flatMap((place) => {
    const box = boxes[place.id];
    return box === undefined || !touches(box, sight) ? [] : [{ place, box }];
  });
  const idAt = (event: React.SyntheticEvent) =>
    (event.target as Element).closest("[data-box]")?.getAttribute("data-box") ?? "";
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: hidden from readers; the frame has the keys, the list view the buttons.
    <div
      className="map-boxes"
      onMouseOver={(event) => onHover(idAt(event))}
      onMouseOut={() => onHover("")}
      onFocus={() => {}}
      onBlur={() => {}}
      onClick={(event) => onChoose(idAt(event))}
      onKeyDown={() => {}}
    >
      {shown.map(({ place, box }) => (
        <MapBox
          key={place.id}
          id={place.id}
          x={box.x}
          y={box.y}
          width={box.width}
          height={box.height}
          name={place.name}
          detail={place.detail}
          kind={place.kind}
          verdict={place.verdict}
          change={place.change}
          attention={attention(place.id)}
          isFound={found.has(place.id)}
          hasCursor={cursor === place.id}
          island={place.island}
          onOpen={onOpen}
        />
      ))}
      <svg className="map-box-marks" aria-hidden="true">
        {shown.map(({ place: { id, verdict, hasDrops }, box: { x, y, width, height } }) => {
          const shape = hasDrops ? "dropped" : verdict;
          return shape === "forwarded" ? null : (
            <VerdictMark
              key={id}
              verdict={shape}
              isDim={attention(id) === "dim"}
              near={[x + width - 13, y + 13]}
              far={[x + width - 24, y + height / 2]}
            />
          );
        })}
      </svg>
    </div>
  );
});

function touches(box: LayoutBox, sight: LayoutBox): boolean {
  return (
    box.x < sight.x + sight.width &&
    sight.x < box.x + box.width &&
    box.y < sight.y + sight.height &&
    sight.y < box.y + box.height
  );
}

interface MapBoxProps
  extends LayoutBox,
    Pick<MapPlace, "id" | "name" | "detail" | "kind" | "verdict" | "change" | "island"> {
  readonly attention: MapAttention;
  readonly isFound: boolean;
  readonly hasCursor: boolean;
  readonly onOpen: (island: string) => void;
}

/** One box; its words are cut at its edge and whole in the title. */
const MapBox = memo(function MapBox(props: MapBoxProps) {
  const { id, name, detail, kind, verdict, change, attention, island, onOpen } = props;
  const classes = [
    "map-box",
    `is-${kind}`,
    attention === "" ? "" : `is-${attention}`,
    change === "" ? "" : `is-${change}`,
    props.isFound ? "is-found" : "",
    props.hasCursor ? "has-cursor" : "",
  ];
  const { x: left, y: top, width, height } = props;
  return (
    <div
      className={classes.join(" ")}
      style={{ left, top, width, height }}
      data-box={id}
      title={`${name}, ${detail}`}
    >
      <i className={`map-box-bar is-${verdict}`} />
      <span className="map-box-text">
        <b className="truncate">{name}</b>
        <span className="truncate">{change === "new" || change === "gone" ? change : detail}</span>
      </span>
      {kind === "island" && (
        <button
          type="button"
          className="map-box-open nopan"
          tabIndex={-1}
          aria-label={`Open ${name}`}
          title={`Open ${name} (o)`}
          onClick={(event) => {
            event.stopPropagation();
            onOpen(island);
          }}
        >
          <Icon name="expand" />
        </button>
      )}
    </div>
  );
});
