/**
 * The state of the policies page: which policy, which view, the draft in hand and its replay. What a
 * link restores is in the address; the draft's text is in the browser and on the server (draft-box.ts).
 */

import { useEffect, useMemo, useState } from "react";
import type { WirePolicyRow } from "../../src/api/wire/policy.ts";
import { systemClock } from "../../src/base/clock.ts";
import { policyKindOf } from "../../src/model/policy-kind.ts";
import { useApi } from "../api/server-queries.ts";
import { buildHref } from "../router/history-router.ts";
import { useRoute, useRouter } from "../router/router-context.tsx";
import { usePageTime } from "../time/time-context.tsx";
import { DraftBox, type DraftCopy, type DraftState, draftId } from "./draft-box.ts";
import { newPolicyYaml, policyKey, policyPath, policyTitle } from "./policy-words.ts";
import {
  type PolicyId,
  type ReplayOrder,
  useAppliedPolicy,
  useDrafts,
  useDraftsChanged,
  usePolicyList,
} from "./use-policies.ts";

/** What the middle pane shows. */
export type PolicyView = "applied" | "draft" | "matrix";

/** The typed text is checked this long after the last key. */
const checkAfterMs = 350;

/** Everything the panes need. */
export type PolicyDesk = ReturnType<typeof usePolicyDesk>;

/** The desk of the page at `segments`. */
export function usePolicyDesk(segments: Readonly<Record<string, string>>) {
  const router = useRouter();
  const { params } = useRoute();
  const list = usePolicyList();
  const view = readView(params.get("view"));
  const hand = useDraftInHand(params.get("draft"));
  const chosen = chooseRow(list.data?.policies ?? [], segments, hand.draft);
  const applied = useAppliedPolicy(chosen);
  const latest = hand.drafts.find(
    ({ basedOn }) => chosen !== undefined && basedOn === policyKey(chosen),
  );
  const appliedYaml = applied.data?.yaml ?? "";
  const draftText = hand.draft?.yaml ?? appliedYaml;
  const replay = useReplayOrder(hand.draft);
  const checked = useDelayed(draftText, checkAfterMs);
  const openView = (next: PolicyView) => {
    const draft = next === "draft" && hand.draft === undefined ? (latest?.id ?? null) : undefined;
    router.setParams({
      view: next === "applied" ? null : next,
      line: null,
      ...(draft === undefined ? {} : { draft }),
    });
  };
  return {
    list,
    chosen,
    applied,
    view,
    openView,
    draft: hand.draft,
    drafts: hand.drafts,
    draftState: hand.state,
    draftText,
    appliedYaml,
    checked,
    isChanged: hand.draft !== undefined && hand.draft.yaml !== appliedYaml,
    line: readLine(params.get("line")),
    replay,
    /** What is typed; the first key begins a draft of the chosen policy. */
    write(yaml: string) {
      const { draft } = hand;
      if (draft !== undefined) {
        hand.keep({ ...draft, yaml });
        return;
      }
      if (chosen === undefined) return;
      const title = policyTitle(chosen);
      const made = {
        id: draftId(title, systemClock.nowMs()),
        title,
        yaml,
        basedOn: policyKey(chosen),
      };
      hand.keep(made);
      router.setParams({ draft: made.id }, { replace: true });
    },
    /** A draft of nothing that is applied. */
    begin(title = "New policy", yaml = newPolicyYaml) {
      const made = { id: draftId(title, systemClock.nowMs()), title, yaml, basedOn: "" };
      hand.keep(made);
      router.navigate(
        buildHref("/policies", new URLSearchParams({ view: "draft", draft: made.id })),
      );
    },
    async discard() {
      const { draft } = hand;
      if (draft === undefined) return;
      await hand.discard(draft.id);
      const back = chosen === undefined ? "/policies" : policyPath(chosen);
      router.navigate(back);
    },
  };
}

function readView(text: string | null): PolicyView {
  return text === "draft" || text === "matrix" ? text : "applied";
}

function readLine(text: string | null): number | undefined {
  const line = Number(text);
  return text !== null && Number.isInteger(line) && line > 0 ? line : undefined;
}

/** The row of the address, of the draft, or else the first. */
function chooseRow(
  rows: readonly WirePolicyRow[],
  { kind, namespace, name }: Readonly<Record<string, string>>,
  draft: DraftCopy | undefined,
): PolicyId | undefined {
  if (kind !== undefined && name !== undefined) {
    const full = policyKindOf(kind) ?? kind;
    return { kind: full, namespace: namespace === "-" ? "" : (namespace ?? ""), name };
  }
  if (draft !== undefined) return rows.find((row) => policyKey(row) === draft.basedOn);
  return rows[0];
}

/** The draft that the address names, from hand, browser or server, whichever is the newest. */
function useDraftInHand(id: string | null) {
  const client = useApi();
  const stored = useDrafts();
  const changed = useDraftsChanged();
  const [own, setOwn] = useState<DraftCopy | undefined>();
  const [state, setState] = useState<DraftState>("saved");
  const box = useMemo(() => new DraftBox(client, storageOrNone(), systemClock, setState), [client]);
  useEffect(() => () => box.close(), [box]);
  useEffect(() => {
    if (state === "saved") changed();
  }, [state, changed]);
  const drafts = useMemo(() => {
    const known = new Map<string, DraftCopy>();
    for (const one of stored.data ?? []) known.set(one.id, one);
    for (const one of box.unsaved()) known.set(one.id, one);
    if (own !== undefined) known.set(own.id, own);
    return [...known.values()];
  }, [stored.data, box, own]);
  return {
    drafts,
    draft: id === null ? undefined : drafts.find((one) => one.id === id),
    state,
    keep(draft: DraftCopy) {
      setOwn(draft);
      box.keep(draft);
    },
    async discard(discarded: string) {
      setOwn(undefined);
      await box.discard(discarded);
      changed();
    },
  };
}

function storageOrNone(): Storage | undefined {
  try {
    return window.localStorage;
  } catch {
    // Storage is forbidden here: the server alone keeps drafts.
    return undefined;
  }
}

/** What is to be replayed: what was asked for last, or what a link with `replay` asks for. */
function useReplayOrder(draft: DraftCopy | undefined) {
  const router = useRouter();
  const { params } = useRoute();
  const time = usePageTime();
  const [asked, setAsked] = useState<(ReplayOrder & { id: string }) | undefined>();
  const isLinked = params.get("replay") !== null;
  const id = draft?.id;
  // A link asks once: what is typed afterwards waits for the key.
  useEffect(() => {
    if (!isLinked || draft === undefined || asked?.id === draft.id) return;
    setAsked({ id: draft.id, yaml: draft.yaml, ...time.resolve() });
  }, [isLinked, draft, asked, time]);
  const order = useMemo(() => {
    if (asked === undefined || asked.id !== id || !isLinked) return undefined;
    const { yaml, fromMs, toMs } = asked;
    return { yaml, fromMs, toMs };
  }, [asked, id, isLinked]);
  return {
    order,
    isStale: order !== undefined && draft !== undefined && order.yaml !== draft.yaml,
    run() {
      if (draft === undefined) return;
      setAsked({ id: draft.id, yaml: draft.yaml, ...time.resolve() });
      router.setParams({ replay: time.text.from }, { replace: true });
    },
  };
}

/** `value` as it was `delayMs` ago, once it has not changed for so long. */
function useDelayed(value: string, delayMs: number): string {
  const [late, setLate] = useState(value);
  useEffect(() => systemClock.after(delayMs, () => setLate(value)), [value, delayMs]);
  return late;
}
