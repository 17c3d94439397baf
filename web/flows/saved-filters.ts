/** Filters that a user named, kept in this browser. */

import type { FlowFilterState } from "./flow-toggles.ts";

/** One of them. */
export interface SavedFilter extends FlowFilterState {
  readonly name: string;
}

const storageKey = "ciliascope.flow-filters";
const savedMax = 40;

function isSaved(value: unknown): value is SavedFilter {
  const one = value as Partial<SavedFilter> | null;
  const areLists = [one?.toggles, one?.not, one?.only].every((list) => Array.isArray(list));
  return typeof one?.name === "string" && typeof one.q === "string" && areLists;
}

/** Reads and writes them; without storage there are none. */
export class SavedFilters {
  readonly #storage: Pick<Storage, "getItem" | "setItem"> | undefined;

  constructor(storage: Pick<Storage, "getItem" | "setItem"> | undefined) {
    this.#storage = storage;
  }

  /** In the order in which they were saved. */
  list(): readonly SavedFilter[] {
    try {
      const stored: unknown = JSON.parse(this.#storage?.getItem(storageKey) ?? "[]");
      return Array.isArray(stored) ? stored.filter(isSaved) : [];
    } catch {
      // Written by something else: as good as empty.
      return [];
    }
  }

  /** Adds one, in place of one of the same name. */
  save(filter: SavedFilter): void {
    const others = this.list().filter(({ name }) => name !== filter.name);
    this.#write([...others, filter].slice(-savedMax));
  }

  remove(name: string): void {
    this.#write(this.list().filter((one) => one.name !== name));
  }

  #write(list: readonly SavedFilter[]): void {
    this.#storage?.setItem(storageKey, JSON.stringify(list));
  }
}

/** This browser's; without storage they are forgotten. */
export function openSavedFilters(): SavedFilters {
  try {
    return new SavedFilters(window.localStorage);
  } catch {
    return new SavedFilters(undefined);
  }
}
