/**
 * The drawn map: React Flow pans and zooms one layer with islands, edges and boxes; nothing is drawn
 * anew by that. The view stands in the address once a hand has moved it, and is fitted until then.
 */

import {
  Background,
  type OnMove,
  ReactFlow,
  type ReactFlowInstance,
  useStore,
  type Viewport,
  ViewportPortal,
} from "@xyflow/react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { systemClock } from "../../src/base/clock.ts";
import { useElementSize } from "../charts/use-element-size.ts";
import { type MapAttention, MapLinks } from "./map-links.tsx";
import "@xyflow/react/dist/base.css";
import "./map.css";
import { MapBoxes } from "./map-boxes.tsx";
import { MapIslands } from "./map-islands.tsx";
import type { MapLayout } from "./map-layout.ts";
import { growAt } from "./map-marks.tsx";
import type { MapModel } from "./map-model.ts";
import { buildScene } from "./map-scene.ts";
import type { MapMetric, MapView } from "./map-state.ts";
import {
  centred,
  fitted,
  isSeen,
  viewOf,
  viewportOf,
  zoomedBy,
  zoomMax,
  zoomMin,
} from "./map-viewport.ts";
import type { PlacedMap } from "./use-map-layout.ts";

interface MapCanvasProps {
  readonly model: MapModel;
  readonly placed: PlacedMap;
  readonly metric: MapMetric;
  readonly chosen: string;
  readonly cursor: string;
  readonly found: ReadonlySet<string>;
  readonly view: MapView | undefined;
  readonly onView: (view: MapView | undefined) => void;
  readonly onChoose: (id: string) => void;
  readonly onFold: (island: string, isFolded: boolean) => void;
  /** Gives the page the ways to zoom. */
  readonly onReady: (control: MapZoom) => void;
}

/** What the page's keys and buttons do to the view. */
export interface MapZoom {
  readonly zoomBy: (factor: number) => void;
  readonly centre: (id: string) => void;
}

/** Below, the labels of edges fade; below that, the words of boxes. */
const labelZoom = 0.7;
const boxZoom = 0.4;
/** Below, names would be of three pixels: boxes alone are drawn. */
const wordZoom = 0.2;
/** A hand that goes less far between press and release has clicked, not moved the map, px. */
const clickDistance = 4;
const moveMs = 240;
/** Hovering dims the others only where few have to change. */
const hoverLinksMax = 400;
const none: never[] = [];

/** Fills its parent. */
export function MapCanvas(props: MapCanvasProps) {
  const { model, placed, chosen, cursor, onFold } = props;
  const { layout } = placed;
  const [hovered, setHovered] = useState("");
  const boxRef = useRef<HTMLDivElement>(null);
  const { width, height } = useElementSize(boxRef);
  const [flow, setFlow] = useState<ReactFlowInstance>();
  const isMoving = useMoving(placed.key);
  const moves = useMoves(boxRef, props.onView);
  const near = useMemo(
    () => nearOf(model, hovered !== "" ? hovered : cursor !== "" ? cursor : chosen),
    [model, hovered, cursor, chosen],
  );
  const attention = useCallback(
    (id: string): MapAttention => {
      if (near === undefined) return id === chosen ? "chosen" : "";
      if (id === chosen) return "chosen";
      return near.has(id) ? "near" : "dim";
    },
    [near, chosen],
  );
  const openIsland = useCallback((island: string) => onFold(island, false), [onFold]);
  const places = useMemo(() => [...model.places.values()], [model]);
  const linkIds = model.links.map((link) => link.id).join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: rates do not move curves, only the set of links does.
  const scene = useMemo(() => buildScene(model.links, layout), [linkIds, layout]);
  useView(props, { width, height, flow, layout });
  const canHover = model.links.length <= hoverLinksMax;
  const hover = useCallback((id: string) => setHovered(canHover ? id : ""), [canHover]);
  return (
    <div ref={boxRef} className={`map-canvas ${isMoving ? "is-moving" : ""}`}>
      {width > 0 && (
        <ReactFlow
          nodes={none}
          edges={none}
          minZoom={zoomMin}
          maxZoom={zoomMax}
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          edgesFocusable={false}
          elementsSelectable={false}
          disableKeyboardA11y
          zoomOnDoubleClick={false}
          panOnScroll={false}
          proOptions={{ hideAttribution: true }}
          aria-hidden="true"
          defaultViewport={
            props.view === undefined
              ? fitted(layout, { width, height, above: toolbarHeight() })
              : viewportOf(props.view)
          }
          onInit={setFlow}
          paneClickDistance={clickDistance}
          {...moves}
          onPaneClick={() => props.onChoose("")}
        >
          <Background gap={20} size={1} color="var(--line-1)" />
          <ViewportPortal>
            <ZoomClass boxRef={boxRef} />
            <MapIslands islands={model.islands} boxes={layout.islands} onFold={onFold} />
            <MapLinks
              links={model.links}
              scene={scene}
              metric={props.metric}
              attention={attention}
              onChoose={props.onChoose}
              onHover={hover}
            />
            <MapBoxes
              places={places}
              boxes={layout.places}
              attention={attention}
              found={props.found}
              cursor={cursor}
              onChoose={props.onChoose}
              onHover={hover}
              onOpen={openIsland}
            />
          </ViewportPortal>
        </ReactFlow>
      )}
    </div>
  );
}

/**
 * Handlers of React Flow's moves. A press alone begins a move too: the layer that keeps hovers away while
 * panning comes only once the map has gone somewhere, or it would take the click from what lies below.
 */
function useMoves(
  boxRef: React.RefObject<HTMLDivElement | null>,
  onView: MapCanvasProps["onView"],
): { readonly onMoveStart: OnMove; readonly onMove: OnMove; readonly onMoveEnd: OnMove } {
  const startRef = useRef<Viewport>(undefined);
  const hasMoved = (now: Viewport) => {
    const start = startRef.current;
    if (start === undefined) return false;
    const far = Math.hypot(now.x - start.x, now.y - start.y);
    return now.zoom !== start.zoom || far > clickDistance;
  };
  return {
    onMoveStart: (_, viewport) => {
      startRef.current = viewport;
    },
    onMove: (event, viewport) => {
      // Moves of our own have no event.
      if (event !== null && hasMoved(viewport)) boxRef.current?.setAttribute("data-panning", "");
    },
    onMoveEnd: (event, viewport) => {
      boxRef.current?.removeAttribute("data-panning");
      if (event !== null && hasMoved(viewport)) onView(viewOf(viewport));
    },
  };
}

/** Says by classes and a variable how far away the map is: words and labels follow in CSS. */
function ZoomClass({ boxRef }: { readonly boxRef: React.RefObject<HTMLDivElement | null> }) {
  const zoom = useStore((state) => Math.round(state.transform[2] * 50) / 50);
  useEffect(() => {
    const box = boxRef.current;
    if (box === null) return;
    box.dataset["far"] = farOf(zoom);
    const grow = String(growAt(zoom));
    // Everything below inherits it: it is set only when it changes.
    if (box.style.getPropertyValue("--map-grow") !== grow) {
      box.style.setProperty("--map-grow", grow);
    }
  }, [zoom, boxRef]);
  return null;
}

function farOf(zoom: number): string {
  if (zoom < wordZoom) return "boxes words";
  if (zoom < boxZoom) return "boxes";
  return zoom < labelZoom ? "labels" : "";
}

/** True for the time in which boxes glide to new places. */
function useMoving(key: string): boolean {
  const [shown, setShown] = useState(key);
  const isMoving = shown !== key;
  useEffect(() => {
    if (!isMoving) return;
    return systemClock.after(moveMs + 60, () => setShown(key));
  }, [isMoving, key]);
  return isMoving;
}

/** What stays bright while `id` is looked at: itself, its edges and their ends; undefined: everything. */
function nearOf({ links, places }: MapModel, id: string): ReadonlySet<string> | undefined {
  if (id === "") return undefined;
  const near = new Set([id]);
  const isPlace = places.has(id);
  for (const link of links) {
    const isNear = isPlace ? link.source === id || link.destination === id : link.id === id;
    if (isNear) near.add(link.id).add(link.source).add(link.destination);
  }
  return isPlace || near.size > 1 ? near : undefined;
}

interface ViewGround {
  readonly width: number;
  readonly height: number;
  readonly flow: ReactFlowInstance | undefined;
  readonly layout: MapLayout;
}

/** Keeps React Flow's viewport and the address's view the same; fits while the address has none. */
function useView(props: MapCanvasProps, { width, height, flow, layout }: ViewGround): void {
  const { view, onReady, onView } = props;
  const latest = useRef({ layout, onView, width, height });
  useEffect(() => {
    latest.current = { layout, onView, width, height };
  });
  useEffect(() => {
    if (flow === undefined || width === 0) return;
    const wanted =
      view === undefined
        ? fitted(layout, { width, height, above: toolbarHeight() })
        : viewportOf(view);
    const now = flow.getViewport();
    const isThere =
      Math.abs(now.x - wanted.x) < 1 &&
      Math.abs(now.y - wanted.y) < 1 &&
      Math.abs(now.zoom - wanted.zoom) < 0.002;
    if (isThere) return;
    void flow.setViewport(wanted, { duration: motionMs() });
  }, [view, layout, width, height, flow]);
  useEffect(() => {
    onReady({
      zoomBy: (factor) => {
        const now = flow?.getViewport() ?? { x: 0, y: 0, zoom: 1 };
        latest.current.onView(viewOf(zoomedBy(now, factor, latest.current)));
      },
      centre: (id) => {
        const box = latest.current.layout.places[id];
        const now = flow?.getViewport();
        if (box === undefined || now === undefined) return;
        const { width: w, height: h } = latest.current;
        const frame = { width: w, height: h, above: toolbarHeight() };
        if (now.zoom >= boxZoom && isSeen(box, now, frame)) return;
        latest.current.onView(viewOf(centred(box, now.zoom, frame)));
      },
    });
  }, [onReady, flow]);
}

function motionMs(): number {
  return window.matchMedia?.("(prefers-reduced-motion: reduce)").matches ? 0 : moveMs;
}

/** The toolbar lies over the canvas, in one row or two. */
function toolbarHeight(): number {
  return document.querySelector<HTMLElement>(".map-toolbar")?.offsetHeight ?? 0;
}
