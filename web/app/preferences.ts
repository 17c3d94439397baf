/** What one person chose for this browser: single keys, zone. Kept in its storage; a link's own words win over them. */

import { createContext, useContext, useSyncExternalStore } from "react";
import type { TimeZone } from "../time/time-range.ts";

/** The choices. */
export interface Preferences {
  /** Keys without ⌘ or Ctrl. */
  readonly hasSingleKeys: boolean;
  readonly zone: TimeZone;
  /** Where traces are, with placeholders; "" for none. Explore reads the same entry. */
  readonly traceTemplate: string;
}

const names = {
  keys: "ciliascope.single-keys",
  zone: "ciliascope.zone",
  trace: "ciliascope.trace-url",
} as const;

/** With nothing chosen. */
export const preferenceDefaults: Preferences = {
  hasSingleKeys: true,
  zone: "browser",
  traceTemplate: "",
};

/** Owns them; created once by main.tsx. */
export class PreferenceStore {
  #storage: Storage | undefined;
  #listeners = new Set<() => void>();
  #now: Preferences;

  constructor(storage: Storage | undefined) {
    this.#storage = storage;
    this.#now = {
      hasSingleKeys: storage?.getItem(names.keys) !== "off",
      zone: storage?.getItem(names.zone) === "utc" ? "utc" : "browser",
      traceTemplate: storage?.getItem(names.trace) ?? "",
    };
  }

  /** The same object until something changes. */
  get now(): Preferences {
    return this.#now;
  }

  /** Changes and keeps. */
  set(change: Partial<Preferences>): void {
    this.#now = { ...this.#now, ...change };
    this.#storage?.setItem(names.keys, this.#now.hasSingleKeys ? "on" : "off");
    this.#storage?.setItem(names.zone, this.#now.zone);
    this.#storage?.setItem(names.trace, this.#now.traceTemplate);
    for (const listener of this.#listeners) listener();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

/** Holds the application's preferences; without one the defaults hold. */
export const PreferenceContext = createContext<PreferenceStore | null>(null);

const noSubscription = () => () => {};

/** The choices and the way to change them. */
export function usePreferences(): Preferences & { readonly change: PreferenceStore["set"] } {
  const store = useContext(PreferenceContext);
  const now = useSyncExternalStore(store?.subscribe ?? noSubscription, () =>
    store === null ? preferenceDefaults : store.now,
  );
  return { ...now, change: (change) => store?.set(change) };
}
