/**
 * The draft in hand: kept in the browser at every keystroke, and on the server a moment later. When the
 * server is gone nothing is lost: the browser's copy stays until the server has taken it.
 */

import type { WireDraft } from "../../src/api/wire/policy.ts";
import type { CancelTimer, Clock } from "../../src/base/clock.ts";
import type { ApiClient } from "../api/api-client.ts";

const prefix = "ciliascope.draft.";
const saveAfterMs = 700;
const retryAfterMs = 4000;

/** A draft as the page holds it. */
export type DraftCopy = Pick<WireDraft, "id" | "title" | "yaml" | "basedOn">;

/** `browser`: only here so far, the server did not answer. */
export type DraftState = "saved" | "saving" | "browser";

/** Keeps one draft at a time. */
export class DraftBox {
  readonly #client: ApiClient;
  readonly #storage: Storage | undefined;
  readonly #clock: Clock;
  readonly #onState: (state: DraftState) => void;
  #pending: DraftCopy | undefined;
  #cancel: CancelTimer = () => {};

  constructor(
    client: ApiClient,
    storage: Storage | undefined,
    clock: Clock,
    onState: (state: DraftState) => void,
  ) {
    this.#client = client;
    this.#storage = storage;
    this.#clock = clock;
    this.#onState = onState;
  }

  /** Copies that the server has not taken yet. */
  unsaved(): DraftCopy[] {
    const { storage } = { storage: this.#storage };
    if (storage === undefined) return [];
    const found: DraftCopy[] = [];
    for (let index = 0; index < storage.length; index++) {
      const key = storage.key(index);
      if (key?.startsWith(prefix) !== true) continue;
      const copy = readCopy(storage.getItem(key));
      if (copy !== undefined) found.push(copy);
    }
    return found;
  }

  /** Takes the draft's present text. */
  keep(draft: DraftCopy): void {
    const other = this.#pending;
    if (other !== undefined && other.id !== draft.id) void this.#send(other);
    this.#pending = draft;
    try {
      this.#storage?.setItem(prefix + draft.id, JSON.stringify(draft));
    } catch {
      // The browser's storage is full or forbidden: the server's copy must do.
    }
    this.#onState("saving");
    this.#cancel();
    this.#cancel = this.#clock.after(saveAfterMs, () => void this.#send(draft));
  }

  /** Removes it everywhere. */
  async discard(id: string): Promise<void> {
    this.#cancel();
    this.#pending = undefined;
    this.#storage?.removeItem(prefix + id);
    try {
      await this.#client.own(`/policy/drafts/${id}`, { method: "DELETE" });
    } catch {
      // It was never there, or the server is gone: then its copy stays, and can be discarded later.
    }
  }

  /** Sends what waits at once. */
  async flush(): Promise<void> {
    this.#cancel();
    if (this.#pending !== undefined) await this.#send(this.#pending);
  }

  close(): void {
    void this.flush();
  }

  async #send(draft: DraftCopy): Promise<void> {
    const { id, title, yaml, basedOn } = draft;
    try {
      await this.#client.own(`/policy/drafts/${id}`, {
        method: "PUT",
        body: { title, yaml, basedOn },
      });
    } catch {
      if (this.#pending !== draft) return;
      this.#onState("browser");
      this.#cancel = this.#clock.after(retryAfterMs, () => void this.#send(draft));
      return;
    }
    if (this.#pending !== draft) return;
    this.#pending = undefined;
    this.#storage?.removeItem(prefix + id);
    this.#onState("saved");
  }
}

function readCopy(text: string | null): DraftCopy | undefined {
  if (text === null) return undefined;
  try {
    const { id, title, yaml, basedOn } = JSON.parse(text) as DraftCopy;
    return { id, title: String(title), yaml: String(yaml), basedOn: String(basedOn) };
  } catch {
    // Another program's entry, or a torn one.
    return undefined;
  }
}

/** An id of letters that the server takes: the title's, and a number of its own. */
export function draftId(title: string, nowMs: number): string {
  const name = title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
  return `${name.slice(0, 40) || "draft"}-${nowMs.toString(36)}`;
}
