/**
 * The service map at /map: who talks to whom, how much, how fast and what was dropped, in any window that
 * is kept, alone or beside a second one. The address holds the whole state (map-state.ts).
 */

import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useRef, useState } from "react";
import { useKeys } from "../app/keys-context.ts";
import { pageHref } from "../app/navigation.tsx";
import { usePageDefaults } from "../app/page-defaults.ts";
import { PageFrame } from "../app/page-frame.tsx";
import { useRoute, useRouter } from "../router/router-context.tsx";
import { Note, Skeleton } from "../ui/notes.tsx";
import { EdgeDrawer } from "./edge-drawer.tsx";
import { EmptyMap } from "./empty-map.tsx";
import { linkSentence } from "./link-facts.ts";
import { MapCanvas, type MapZoom } from "./map-canvas.tsx";
import { policiesHref } from "./map-drawer.tsx";
import { filterOf } from "./map-filters.ts";
import { MapFoot, MapTotals } from "./map-foot.tsx";
import { MapList } from "./map-list.tsx";
import { buildMapModel, everyIsland, findPlaces, type MapModel } from "./map-model.ts";
import { type MapState, readMapState, writeMapState } from "./map-state.ts";
import { MapToolbar } from "./map-toolbar.tsx";
import { isKnown, type WalkCursor, type WalkKey, walk } from "./map-walk.ts";
import { PlaceDrawer } from "./place-drawer.tsx";
import { type AskedMap, useServiceMap } from "./use-map.ts";
import { knownIslands, type MapLayoutControl, useMapLayout } from "./use-map-layout.ts";

/** The page. */
export function ServiceMapPage() {
  return (
    <PageFrame title="Service map" isFlush defaults={usePageDefaults()}>
      <ServiceMap />
    </PageFrame>
  );
}

type Change = (state: Partial<MapState>, options?: { readonly replace?: boolean }) => void;

function ServiceMap() {
  const router = useRouter();
  const { params } = useRoute();
  const text = params.toString();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the text says all that the parameters say.
  const state = useMemo(() => readMapState(params), [text]);
  const map = useServiceMap(state.level, state.vs);
  const model = useMapModel(map.data, state);
  const layout = useMapLayout(model, state.level);
  const change = useCallback<Change>(
    (next, options) => router.setParams(writeMapState(next), options),
    [router],
  );
  const found = useMemo(
    () => new Set(model === undefined ? [] : findPlaces(model, state.find)),
    [model, state.find],
  );
  const zoom = useRef<MapZoom>(undefined);
  const setZoom = useCallback((control: MapZoom) => {
    zoom.current = control;
  }, []);
  const parts = { state, change, model, layout, zoom };
  const { cursor, setCursor, choose, fold } = useMapActions(parts);
  return (
    <div className="split map-page">
      <section className="map-main" aria-label="Service map">
        <MapToolbar
          state={state}
          answer={map.data?.answer}
          foundCount={found.size}
          change={change}
          onFind={() => {
            const [first] = found;
            if (first === undefined) return;
            setCursor({ id: first });
            zoom.current?.centre(first);
          }}
        />
        {map.isError && map.data === undefined && (
          <Note kind="crit" title="The map cannot be read.">
            {map.error.message}
          </Note>
        )}
        {map.isPending && <Skeleton label="Reading the map" />}
        {model !== undefined && map.data !== undefined && (
          <MapBody
            {...parts}
            model={model}
            asked={map.data}
            found={found}
            isStale={map.isPlaceholderData}
            cursor={cursor}
            onChoose={choose}
            onFold={fold}
            onReady={setZoom}
          />
        )}
      </section>
      {model !== undefined && (
        <ChosenDrawer model={model} state={state} change={change} choose={choose} fold={fold} />
      )}
    </div>
  );
}

function useMapModel(asked: AskedMap | undefined, state: MapState): MapModel | undefined {
  const cache = useQueryClient();
  const { namespaces, hidden, folded, opened, level } = state;
  const key = [namespaces, [...hidden], [...folded], [...opened]].join("|");
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key says what of the state matters.
  return useMemo(
    () =>
      asked === undefined || asked.answer.level !== level
        ? undefined
        : buildMapModel(
            asked.answer,
            { namespaces, hidden, folded, opened },
            knownIslands(cache, level),
          ),
    [asked, key, level, cache],
  );
}

interface MapParts {
  readonly state: MapState;
  readonly change: Change;
  readonly model: MapModel | undefined;
  readonly layout: MapLayoutControl;
  readonly zoom: React.RefObject<MapZoom | undefined>;
}

const walkKeys: readonly WalkKey[] = ["ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown"];

/** What keys, clicks and buttons do; registers the keys. */
function useMapActions({ state, change, model, layout, zoom }: MapParts) {
  const router = useRouter();
  const { params } = useRoute();
  const [cursor, setCursor] = useState<WalkCursor>();
  const ground = { links: model?.links ?? [], boxes: layout.placed?.layout.places ?? {} };
  const at = cursor !== undefined && isKnown(ground, cursor.id) ? cursor.id : state.chosen;
  const choose = useCallback(
    (id: string) => {
      setCursor(undefined);
      change({ chosen: id });
    },
    [change],
  );
  const { folded, opened } = state;
  const fold = useCallback(
    (island: string, isFolded: boolean) => {
      const nextFolded = new Set(folded);
      const nextOpened = new Set(opened);
      (isFolded ? nextFolded : nextOpened).add(island);
      (isFolded ? nextOpened : nextFolded).delete(island);
      change({ folded: nextFolded, opened: nextOpened, chosen: "" });
    },
    [change, folded, opened],
  );
  const step = (key: WalkKey) => {
    const start = cursor ?? (state.chosen === "" ? undefined : { id: state.chosen });
    const next = walk(ground, start, key);
    setCursor(next);
    if (state.chosen !== "") change({ chosen: next.id }, { replace: true });
    zoom.current?.centre(next.id);
  };
  const group = "Map";
  useKeys([
    ...walkKeys.map((keys) => ({
      keys,
      label: "Walk along the edges",
      group,
      run: () => step(keys),
    })),
    {
      keys: "Enter",
      label: "Open what the cursor is on",
      group,
      run: () => at !== "" && change({ chosen: at }),
    },
    {
      keys: "f",
      label: "Its flows",
      group,
      run: () => {
        const filter = model === undefined ? "" : filterOf(model, at);
        const query = filter === "" ? "" : `?q=${encodeURIComponent(filter)}`;
        router.navigate(pageHref(`/flows${query}`, params));
      },
    },
    {
      keys: "p",
      label: "Its policies",
      group,
      run: () => router.navigate(policiesHref(namespaceOf(model, at), params)),
    },
    {
      keys: "o",
      label: "Fold or open its island",
      group,
      run: () => {
        const place = model?.places.get(at);
        if (place !== undefined) fold(place.island, place.kind !== "island");
      },
    },
    { keys: "0", label: "Fit", group, run: () => change({ view: undefined }, { replace: true }) },
    { keys: "+", label: "Zoom in", group, run: () => zoom.current?.zoomBy(1.3) },
    { keys: "-", label: "Zoom out", group, run: () => zoom.current?.zoomBy(1 / 1.3) },
    {
      keys: "/",
      label: "Find on the map",
      group,
      run: () => document.querySelector<HTMLElement>("#map-find")?.focus(),
    },
  ]);
  return { cursor, setCursor, choose, fold };
}

/** Of a place its own, of an edge that of its server. */
function namespaceOf(model: MapModel | undefined, id: string): string {
  const link = model?.links.find((one) => one.id === id);
  return model?.places.get(link?.destination ?? id)?.namespace ?? "";
}

interface MapBodyProps extends MapParts {
  readonly model: MapModel;
  readonly asked: AskedMap;
  readonly found: ReadonlySet<string>;
  readonly isStale: boolean;
  readonly cursor: WalkCursor | undefined;
  readonly onChoose: (id: string) => void;
  readonly onFold: (island: string, isFolded: boolean) => void;
  readonly onReady: (zoom: MapZoom) => void;
}

function MapBody(props: MapBodyProps) {
  const { state, change, model, layout, asked, found, cursor, onChoose, onFold, zoom } = props;
  const onView = useCallback(
    (view: MapState["view"]) => change({ view }, { replace: true }),
    [change],
  );
  if (model.places.size === 0) {
    return <EmptyMap asked={asked} model={model} state={state} change={change} />;
  }
  if (state.isList) {
    return (
      <div className="map-list-frame">
        <MapList
          model={model}
          chosen={state.chosen}
          found={found}
          isSearching={state.find !== ""}
          hasSecond={asked.second !== undefined}
          onChoose={onChoose}
        />
        <div className="map-list-foot">
          <MapTotals asked={asked} model={model} />
        </div>
      </div>
    );
  }
  return (
    <div
      className={`map-frame ${props.isStale ? "is-stale" : ""}`}
      role="application"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: one stop for keys that walk the whole map.
      tabIndex={0}
      aria-label={`Service map: ${model.places.size} places, ${model.links.length} edges. Arrow keys walk along edges, enter opens, the list has the same as a table.`}
      data-layout-ms={layout.placed?.tookMs.toFixed(1)}
      data-places={model.places.size}
      data-links={model.links.length}
    >
      {layout.placed !== undefined && (
        <MapCanvas
          model={model}
          placed={layout.placed}
          metric={state.metric}
          chosen={state.chosen}
          cursor={cursor?.id ?? ""}
          found={found}
          view={state.view}
          onView={onView}
          onChoose={onChoose}
          onFold={onFold}
          onReady={props.onReady}
        />
      )}
      <MapFoot
        asked={asked}
        model={model}
        zoom={zoom}
        isFitted={state.view === undefined}
        onFit={() => change({ view: undefined }, { replace: true })}
        onArrange={layout.arrange}
        onOpenAll={() =>
          change({ opened: new Set([...state.opened, everyIsland]), view: undefined })
        }
      />
      <div className="visually-hidden" role="status">
        {cursor === undefined ? "" : cursorText(model, cursor.id)}
      </div>
    </div>
  );
}

function cursorText(model: MapModel, id: string): string {
  const place = model.places.get(id);
  if (place !== undefined) return `${place.name}, ${place.detail}, ${place.namespace}`;
  const link = model.links.find((one) => one.id === id);
  if (link === undefined) return "";
  return linkSentence(
    link.edge,
    model.places.get(link.source)?.name ?? "",
    model.places.get(link.destination)?.name ?? "",
  );
}

interface ChosenDrawerProps {
  readonly model: MapModel;
  readonly state: MapState;
  readonly change: Change;
  readonly choose: (id: string) => void;
  readonly fold: (island: string, isFolded: boolean) => void;
}

function ChosenDrawer({ model, state, change, choose, fold }: ChosenDrawerProps) {
  const onClose = () => choose("");
  const place = model.places.get(state.chosen);
  if (place !== undefined) {
    return (
      <PlaceDrawer
        model={model}
        place={place}
        onClose={onClose}
        onChoose={choose}
        onFold={fold}
        onOnly={(namespace) =>
          change({
            namespaces: [namespace],
            level: "workload",
            folded: new Set(),
            opened: new Set(),
            chosen: "",
            view: undefined,
          })
        }
      />
    );
  }
  const link = model.allLinks.find((one) => one.id === state.chosen);
  if (link === undefined) return null;
  return <EdgeDrawer model={model} link={link} vs={state.vs} onClose={onClose} onChoose={choose} />;
}
