/**
 * The time under the pointer, shared by all plots of a page: canvas charts share it among themselves
 * (uPlot's sync), plots of rows take and give it here. One store a dashboard, passed by context.
 */

import { createContext, useContext, useSyncExternalStore } from "react";

/** Where the pointer is, and in which plot. */
export interface SharedTime {
  readonly atMs: number;
  readonly source: object;
}

/** Holds the shared time; listeners are told of each change. */
export class CrosshairStore {
  #shared: SharedTime | undefined;
  #listeners = new Set<() => void>();

  get = (): SharedTime | undefined => this.#shared;

  /** undefined: the pointer left; only the plot that set the time may take it away. */
  set(source: object, atMs: number | undefined): void {
    if (atMs === undefined && this.#shared?.source !== source) return;
    this.#shared = atMs === undefined ? undefined : { atMs, source };
    for (const listener of this.#listeners) listener();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

/** The page's store; null: plots are each alone. */
export const CrosshairContext = createContext<CrosshairStore | null>(null);

/** The store of the page around. */
export function useCrosshair(): CrosshairStore | null {
  return useContext(CrosshairContext);
}

const alone = new CrosshairStore();

/** The time another plot of the page is at; undefined where none is, or this one itself. */
export function useSharedTime(self: object): number | undefined {
  const store = useContext(CrosshairContext) ?? alone;
  const shared = useSyncExternalStore(store.subscribe, store.get);
  return shared === undefined || shared.source === self ? undefined : shared.atMs;
}
