/** Queries run in this browser, newest first, kept in its storage; each kind of query under a key of its own. */

const exploreKey = "ciliascope.queries";
const entriesMax = 50;

/** Reads and writes the list; without storage it stays empty. */
export class QueryHistory {
  #storage: Pick<Storage, "getItem" | "setItem"> | undefined;
  #key: string;

  constructor(storage: Pick<Storage, "getItem" | "setItem"> | undefined, key = exploreKey) {
    this.#storage = storage;
    this.#key = key;
  }

  /** Newest first. */
  list(): readonly string[] {
    try {
      const stored: unknown = JSON.parse(this.#storage?.getItem(this.#key) ?? "[]");
      return Array.isArray(stored) ? stored.filter((entry) => typeof entry === "string") : [];
    } catch {
      // Written by something else: as good as empty, and overwritten by the next query.
      return [];
    }
  }

  /** Puts `queries` in front, each once. */
  add(queries: readonly string[]): void {
    const fresh = queries.map((query) => query.trim()).filter((query) => query !== "");
    const next = [...new Set([...fresh, ...this.list()])].slice(0, entriesMax);
    this.#storage?.setItem(this.#key, JSON.stringify(next));
  }

  /** Forgets all. */
  clear(): void {
    this.#storage?.setItem(this.#key, "[]");
  }
}
