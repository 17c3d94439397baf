/** Explore: PromQL with several queries, as graph and table. A link restores all of it. */

import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useKeys } from "../app/keys-context.ts";
import { usePageDefaults } from "../app/page-defaults.ts";
import { PageFrame } from "../app/page-frame.tsx";
import { useRoute, useRouter } from "../router/router-context.tsx";
import { timedKey } from "../time/time-context.tsx";
import { ExploreMenus } from "./explore-menus.tsx";
import { ExploreResult } from "./explore-result.tsx";
import { queriesMax, readExploreState, writeExploreState } from "./explore-state.ts";
import { QueryHistory } from "./query-history.ts";
import { QueryRows } from "./query-rows.tsx";
import { useExploreQueries } from "./use-explore-queries.ts";

/** The page at /explore. */
export function ExplorePage() {
  return (
    <PageFrame title="Explore" isFlush defaults={usePageDefaults()}>
      <Explore />
    </PageFrame>
  );
}

interface Draft {
  readonly id: number;
  readonly text: string;
}

/** Texts being typed, beside those in the address; a new address (link, back) replaces them. */
function useDrafts(queries: readonly string[]) {
  const key = queries.join("\u0000");
  const [state, setState] = useState(() => startDrafts(queries, key, 0));
  let current = state;
  if (state.key !== key) {
    const isSame =
      state.drafts
        .filter(isWritten)
        .map((draft) => draft.text)
        .join("\u0000") === key;
    current = isSame ? { ...state, key } : startDrafts(queries, key, state.nextId);
    setState(current);
  }
  const update = (drafts: readonly Draft[], nextId = current.nextId) =>
    setState({ ...current, drafts, nextId });
  return {
    drafts: current.drafts,
    change: (id: number, text: string) =>
      update(current.drafts.map((draft) => (draft.id === id ? { id, text } : draft))),
    remove: (id: number) => update(current.drafts.filter((draft) => draft.id !== id)),
    add: (text: string) => {
      const kept = text === "" ? current.drafts : current.drafts.filter(isWritten);
      update([...kept, { id: current.nextId, text }], current.nextId + 1);
    },
  };
}

/** What the address asks is run, however it came there: by hand, by a link, by a panel. */
function useKeptQueries(history: QueryHistory, queries: readonly string[]): void {
  const key = queries.join("\u0000");
  useEffect(() => history.add(key.split("\u0000")), [history, key]);
}

function startDrafts(queries: readonly string[], key: string, firstId: number) {
  const drafts: readonly Draft[] = queries.map((text, index) => ({ id: firstId + index, text }));
  return { key, drafts, nextId: firstId + queries.length };
}

function isWritten(draft: Draft): boolean {
  return draft.text.trim() !== "";
}

function Explore() {
  const router = useRouter();
  const { params } = useRoute();
  const client = useQueryClient();
  const state = readExploreState(params);
  const rows = useExploreQueries(state);
  const { drafts, change, remove, add } = useDrafts(state.queries);
  const [kept] = useState(storage);
  const [history] = useState(() => new QueryHistory(kept));
  useKeptQueries(history, state.queries);
  const insertRef = useRef<((text: string) => void) | undefined>(undefined);
  const run = (texts: readonly string[]) => {
    const queries = texts.filter((text) => text.trim() !== "");
    if (queries.join("\u0000") === state.queries.join("\u0000")) {
      void client.invalidateQueries({ queryKey: [timedKey, "explore"] });
    } else router.setParams(writeExploreState({ queries }));
  };
  const texts = drafts.map((draft) => draft.text);
  const pick = (text: string) => {
    if (!texts.includes(text)) add(text);
    run([...new Set([...texts, text])]);
  };
  useKeys([
    {
      keys: "/",
      label: "To the query",
      group: "Explore",
      run: () => document.querySelector<HTMLElement>(".cm-content")?.focus(),
    },
    { keys: "mod+Enter", label: "Run the queries", group: "Explore", run: () => run(texts) },
  ]);
  return (
    <div className="explore">
      <QueryRows
        drafts={drafts}
        rows={rows}
        onChange={change}
        onRemove={(id) => {
          remove(id);
          run(drafts.filter((draft) => draft.id !== id).map((draft) => draft.text));
        }}
        onRun={() => run(texts)}
        onFocus={(insert) => {
          insertRef.current = insert;
        }}
      />
      <ExploreMenus
        history={history}
        canAdd={drafts.length < queriesMax}
        onAdd={() => add("")}
        onPick={pick}
        onInsert={(text) => {
          if (insertRef.current === undefined) pick(text);
          else insertRef.current(text);
        }}
        onRun={() => run(texts)}
      />
      <ExploreResult
        state={state}
        rows={rows}
        storage={kept}
        onChange={(next) => router.setParams(writeExploreState(next))}
        onPick={pick}
      />
    </div>
  );
}

function storage(): Storage | undefined {
  try {
    return window.localStorage;
  } catch {
    // Switched off: the history lasts as long as nothing is asked of it.
    return undefined;
  }
}
