/**
 * Unsaved changes of dashboards, one draft a dashboard, kept in the browser's storage so that neither a
 * server that is away nor a closed tab loses them. Pure but for the storage, which is passed in.
 */

import { isObject, type JsonObject } from "../../../src/dashboard/json-reader.ts";

/** A draft and the version that it began from. */
export interface Draft {
  readonly json: JsonObject;
  readonly baseVersion: number;
}

/** What of Storage the drafts need. */
export type DraftStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const prefix = "ciliascope.draft.";

/** The kept draft of a dashboard; undefined where there is none or it cannot be read. */
export function readDraft(storage: DraftStorage | undefined, uid: string): Draft | undefined {
  try {
    const kept: unknown = JSON.parse(storage?.getItem(prefix + uid) ?? "null");
    if (!isObject(kept) || !isObject(kept["json"])) return undefined;
    const { baseVersion } = kept;
    return { json: kept["json"], baseVersion: typeof baseVersion === "number" ? baseVersion : 0 };
  } catch {
    // Storage is off, or the text is not ours: there is no draft.
    return undefined;
  }
}

/** Keeps a draft; undefined forgets it. A full storage keeps it in the page alone. */
export function keepDraft(
  storage: DraftStorage | undefined,
  uid: string,
  draft: Draft | undefined,
): boolean {
  try {
    if (draft === undefined) storage?.removeItem(prefix + uid);
    else storage?.setItem(prefix + uid, JSON.stringify(draft));
    return storage !== undefined;
  } catch {
    return false;
  }
}

/** The browser's storage, undefined where it is switched off. */
export function browserStorage(): DraftStorage | undefined {
  try {
    return window.localStorage;
  } catch {
    return undefined;
  }
}
