/** Light and dark: a data attribute on <html>, remembered in the browser. public/theme.js sets it before the first paint. */

import { createContext, useContext, useSyncExternalStore } from "react";
import { assert } from "../../src/base/assert.ts";

/** The two themes. */
export type Theme = "light" | "dark";

/** Where the choice is kept; public/theme.js reads the same key. */
const storageKey = "ciliascope.theme";

/** Owns the attribute; created once by main.tsx. */
export class ThemeStore {
  #root: HTMLElement;
  #storage: Storage | undefined;
  #listeners = new Set<() => void>();
  /** Values of the theme's tokens, read once: asking the browser costs a new computation of styles. */
  #tokens = new Map<string, string>();

  constructor(root: HTMLElement, storage: Storage | undefined) {
    this.#root = root;
    this.#storage = storage;
  }

  get theme(): Theme {
    return this.#root.dataset["theme"] === "light" ? "light" : "dark";
  }

  /** The value of a token ("--fg-1") in the present theme; "" where there is none. */
  readonly token = (name: string): string => {
    const known = this.#tokens.get(name);
    if (known !== undefined) return known;
    const value = getComputedStyle(this.#root).getPropertyValue(name).trim();
    if (value !== "") this.#tokens.set(name, value);
    return value;
  };

  /** To the other theme; charts are told so that they read the tokens again. */
  toggle(): void {
    const next: Theme = this.theme === "light" ? "dark" : "light";
    this.#root.dataset["theme"] = next;
    this.#tokens.clear();
    this.#storage?.setItem(storageKey, next);
    for (const listener of this.#listeners) listener();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

/** Holds the application's theme. */
export const ThemeContext = createContext<ThemeStore | null>(null);

/** The present theme, its switch, and the values of its tokens. */
export function useTheme(): {
  readonly theme: Theme;
  readonly toggle: () => void;
  readonly token: (name: string) => string;
} {
  const store = useContext(ThemeContext);
  assert(store !== null, "a component stands outside of ThemeContext");
  const theme = useSyncExternalStore(store.subscribe, () => store.theme);
  return { theme, toggle: () => store.toggle(), token: store.token };
}
