/**
 * The layout of the present model: asked of the worker when the set of boxes changes, and only then.
 * Slots are kept in the query cache, so that the map looks the same when one comes back to it.
 */

import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import type { LayoutQuestion, LayoutReply } from "./layout-worker.ts";
import type { LayoutRequest, LayoutSlots, MapLayout } from "./map-layout.ts";
import type { MapModel } from "./map-model.ts";

/** A layout with the set of boxes it was made for. */
export interface PlacedMap {
  readonly layout: MapLayout;
  readonly key: string;
  readonly tookMs: number;
}

/** What is asked for a layout. */
export interface MapLayoutControl {
  readonly placed: PlacedMap | undefined;
  /** Forgets all slots and arranges anew. */
  readonly arrange: () => void;
}

const noSlots: LayoutSlots = { places: {}, islands: {} };

/** Follows `model`; `scope` parts the slots of levels from each other. */
export function useMapLayout(model: MapModel | undefined, scope: string): MapLayoutControl {
  const cache = useQueryClient();
  const worker = useLayoutWorker();
  const [placed, setPlaced] = useState<PlacedMap>();
  const [round, setRound] = useState(0);
  const key = useMemo(
    () => (model === undefined ? "" : `${round} ${scope} ${setKey(model)}`),
    [model, scope, round],
  );
  const latest = useRef(model);
  useEffect(() => {
    latest.current = model;
  });
  useEffect(() => {
    const current = latest.current;
    if (current === undefined || key === "") return;
    let isCurrent = true;
    const request = requestOf(current, readSlots(cache, scope));
    void worker.layout(request).then(({ layout, tookMs }) => {
      if (!isCurrent) return;
      cache.setQueryData(slotsKey(scope), layout.slots);
      setPlaced({ layout, key, tookMs });
    });
    return () => {
      isCurrent = false;
    };
  }, [key, scope, worker, cache]);
  return {
    placed,
    arrange: () => {
      cache.setQueryData(slotsKey(scope), noSlots);
      setRound(round + 1);
    },
  };
}

/** Islands that outside places stand in by now. */
export function knownIslands(cache: QueryClient, scope: string): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(readSlots(cache, scope).places).map(([id, slot]) => [id, slot.island]),
  );
}

function slotsKey(scope: string): readonly string[] {
  return ["map-slots", scope];
}

function readSlots(cache: QueryClient, scope: string): LayoutSlots {
  // Never fetched and never thrown away: the cache only keeps it.
  cache.setQueryDefaults(["map-slots"], { gcTime: Number.POSITIVE_INFINITY });
  return cache.getQueryData<LayoutSlots>(slotsKey(scope)) ?? noSlots;
}

/** Names the set of boxes: rates and links do not matter. */
function setKey({ islands }: MapModel): string {
  return islands.map((island) => `${island.id}:${[...island.placeIds].sort().join(",")}`).join("|");
}

function requestOf(model: MapModel, slots: LayoutSlots): LayoutRequest {
  return {
    islands: model.islands.map((island) => ({
      id: island.id,
      isFramed: island.kind !== "none" && !island.isFolded,
      placeIds: island.placeIds,
    })),
    lines: model.links.map(({ source, destination, edge }) => ({
      source,
      destination,
      weight: Math.max(edge.flows, edge.vs?.flows ?? 0),
    })),
    slots,
  };
}

interface LayoutService {
  readonly layout: (request: LayoutRequest) => Promise<LayoutReply>;
}

function useLayoutWorker(): LayoutService {
  const [service] = useState(() => new LayoutClient());
  useEffect(() => () => service.close(), [service]);
  return service;
}

/** Asks the worker; without one (or when it fails) the layout is made here. */
class LayoutClient implements LayoutService {
  #worker: Worker | undefined;
  #isBroken = typeof Worker === "undefined";
  #number = 0;
  readonly #waiting = new Map<
    number,
    { request: LayoutRequest; done: (reply: LayoutReply) => void }
  >();

  readonly layout = (request: LayoutRequest): Promise<LayoutReply> =>
    new Promise((done) => {
      const number = ++this.#number;
      this.#waiting.set(number, { request, done });
      if (this.#isBroken) void this.#layoutHere();
      else this.#start().postMessage({ number, request } satisfies LayoutQuestion);
    });

  close(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#waiting.clear();
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = new Worker(new URL("./layout-worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<LayoutReply>) => {
      this.#waiting.get(data.number)?.done(data);
      this.#waiting.delete(data.number);
    };
    worker.onerror = () => {
      this.#isBroken = true;
      void this.#layoutHere();
    };
    this.#worker = worker;
    return worker;
  }

  async #layoutHere(): Promise<void> {
    const { layoutMap } = await import("./map-layout.ts");
    for (const [number, { request, done }] of this.#waiting) {
      this.#waiting.delete(number);
      done({ number, layout: layoutMap(request), tookMs: 0 });
    }
  }
}
