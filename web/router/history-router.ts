/**
 * The address bar as the one home of a page's state: path and query string, kept in step with the
 * browser's history. Snapshots are immutable and change identity only when the address changes.
 */

/** One address: the path without the query, and the query. */
export interface RouteLocation {
  readonly path: string;
  readonly params: URLSearchParams;
}

/** What a link or a control changes in the query: null removes, an array repeats. */
export type ParamUpdate = Readonly<Record<string, string | readonly string[] | null>>;

/** The part of `window` the router needs; a test passes its own. */
export interface RouterWindow {
  readonly location: { readonly pathname: string; readonly search: string };
  readonly history: Pick<History, "pushState" | "replaceState" | "back">;
  addEventListener(type: "popstate", listener: () => void): void;
}

/** A new query with `update` applied; the order of untouched keys stays, so links stay readable. */
export function updateParams(params: URLSearchParams, update: ParamUpdate): URLSearchParams {
  const next = new URLSearchParams(params);
  for (const [name, value] of Object.entries(update)) {
    if (value === null) next.delete(name);
    else if (typeof value === "string") next.set(name, value);
    else {
      next.delete(name);
      for (const one of value) next.append(name, one);
    }
  }
  return next;
}

/** `path` with `params`; characters that are legal in a query (`:`, `,`, `/`) stay readable. */
export function buildHref(path: string, params: URLSearchParams): string {
  const query = params.toString().replace(/%(?:3A|2C|2F|24|40)/g, decodeURIComponent);
  return query === "" ? path : `${path}?${query}`;
}

/** Owns the address; created once by main.tsx. */
export class HistoryRouter {
  #window: RouterWindow;
  #listeners = new Set<() => void>();
  #location: RouteLocation;

  constructor(window: RouterWindow) {
    this.#window = window;
    this.#location = this.#read();
    window.addEventListener("popstate", () => this.#changed());
  }

  /** The present address; the same object until it changes. */
  get location(): RouteLocation {
    return this.#location;
  }

  /** Goes to `href` (path and query of this site). Replaces the present entry where asked. */
  navigate(href: string, options: { replace?: boolean } = {}): void {
    if (options.replace === true) this.#window.history.replaceState(null, "", href);
    else this.#window.history.pushState(null, "", href);
    this.#changed();
  }

  /** Changes the query only. */
  setParams(update: ParamUpdate, options: { replace?: boolean } = {}): void {
    const { path, params } = this.#location;
    this.navigate(buildHref(path, updateParams(params, update)), options);
  }

  /** Calls `listener` after each change; returns the way out. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #read(): RouteLocation {
    const { pathname, search } = this.#window.location;
    return { path: pathname, params: new URLSearchParams(search) };
  }

  #changed(): void {
    this.#location = this.#read();
    for (const listener of this.#listeners) listener();
  }
}
