/** A dashboard under edit: its draft, how it is changed, undone, saved and thrown away. */

import { useMutation } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import type {
  DashboardAnswer,
  DashboardImported,
  DashboardSaved,
} from "../../../src/api/wire/server.ts";
import { openDraft } from "../../../src/dashboard/edit-dashboard.ts";
import { asObject, type JsonObject } from "../../../src/dashboard/json-reader.ts";
import { useApi, useDashboardsChanged } from "../../api/server-queries.ts";
import { browserStorage, type Draft, keepDraft, readDraft } from "./draft-store.ts";

/** What a save asks. */
export interface SaveRequest {
  readonly message: string;
  /** Saves over what others saved meanwhile. */
  readonly isForced?: boolean;
  /** Saves under a new uid with this title. */
  readonly copyTitle?: string;
}

/** A dashboard under edit. */
export interface DashboardEditing {
  /** What is drawn: the draft, else what the server has. */
  readonly json: JsonObject;
  readonly isDirty: boolean;
  readonly canUndo: boolean;
  /** Changes of one key in a row are undone as one. */
  readonly change: (next: (json: JsonObject) => JsonObject, key?: string) => void;
  readonly undo: () => void;
  readonly discard: () => void;
  readonly save: ReturnType<typeof useSave>;
}

const undoMax = 50;

/** The draft of `answer`'s dashboard, if any, and what can be done with it. */
export function useDraft(answer: DashboardAnswer): DashboardEditing {
  const { uid, version } = answer.summary;
  const [storage] = useState(browserStorage);
  const [draft, setDraft] = useState<Draft | undefined>(() => readDraft(storage, uid));
  const [lastKey, setLastKey] = useState<string>();
  const [past, setPast] = useState<readonly (Draft | undefined)[]>([]);
  const stored = useMemo(() => openDraft(asObject(answer.dashboard)), [answer.dashboard]);
  const put = useCallback(
    (next: Draft | undefined) => {
      setDraft(next);
      keepDraft(storage, uid, next);
    },
    [storage, uid],
  );
  const save = useSave(answer, draft, () => {
    put(undefined);
    setPast([]);
  });
  return {
    json: draft?.json ?? stored,
    isDirty: draft !== undefined,
    canUndo: past.length > 0,
    change: (next, key) => {
      if (key === undefined || key !== lastKey) setPast([...past, draft].slice(-undoMax));
      setLastKey(key);
      put({ json: next(draft?.json ?? stored), baseVersion: draft?.baseVersion ?? version });
    },
    undo: () => {
      setLastKey(undefined);
      put(past.at(-1));
      setPast(past.slice(0, -1));
    },
    discard: () => {
      put(undefined);
      setPast([]);
    },
    save,
  };
}

function useSave(answer: DashboardAnswer, draft: Draft | undefined, onSaved: () => void) {
  const client = useApi();
  const changed = useDashboardsChanged();
  const { uid } = answer.summary;
  return useMutation({
    mutationFn: async ({ message, isForced = false, copyTitle }: SaveRequest): Promise<string> => {
      const json = draft?.json ?? asObject(answer.dashboard);
      if (copyTitle !== undefined) {
        const { uid: _, id: __, ...rest } = json;
        const imported = await client.own<DashboardImported>(
          `/dashboards?name=${encodeURIComponent(message === "" ? copyTitle : message)}`,
          { method: "POST", body: { ...rest, title: copyTitle } },
        );
        return imported.uid;
      }
      const saved = await client.own<DashboardSaved>(`/dashboards/${encodeURIComponent(uid)}`, {
        method: "PUT",
        body: {
          dashboard: json,
          message,
          ...(isForced || draft === undefined ? {} : { baseVersion: draft.baseVersion }),
        },
      });
      return saved.uid;
    },
    onSuccess: () => {
      onSaved();
      changed();
    },
  });
}
