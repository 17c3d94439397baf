/** Policies: the list, one policy's YAML with its hits or a draft of it, and what the draft would change. */

import { useState } from "react";
import { errorMessage } from "../../src/base/errors.ts";
import { useApi, useServerStatus } from "../api/server-queries.ts";
import { useKeys } from "../app/keys-context.ts";
import { PageFrame } from "../app/page-frame.tsx";
import type { PageProps } from "../app/page-props.ts";
import { Link, useRoute, useRouter } from "../router/router-context.tsx";
import { type TimeDefaults, usePageTime } from "../time/time-context.tsx";
import { rangeLabel } from "../time/time-range.ts";
import { Note, Skeleton } from "../ui/notes.tsx";
import { type PolicyDesk, usePolicyDesk } from "./policy-desk.ts";
import { ProposeDialog, ScoreDialog } from "./policy-dialogs.tsx";
import { filterPolicies, PolicyList, readListFilter } from "./policy-list.tsx";
import { PolicyPane } from "./policy-pane.tsx";
import { policyKey, policyPath } from "./policy-words.ts";
import { ReplayPane } from "./replay-pane.tsx";
import { useReplay, windowQuery } from "./use-policies.ts";
import "./policies.css";

const demoDefaults: TimeDefaults = { range: { from: "now-1h", to: "now" }, refresh: "15s" };
const serverDefaults: TimeDefaults = { range: { from: "now-6h", to: "now" }, refresh: "30s" };

/** The page at /policies/:kind?/:namespace?/:name?. */
export function PoliciesPage({
  segments,
}: {
  readonly segments: Readonly<Record<string, string>>;
}) {
  const isDemo = useServerStatus().data?.mode === "demo";
  return (
    <PageFrame title="Policies" isFlush defaults={isDemo ? demoDefaults : serverDefaults}>
      <Policies segments={segments} />
    </PageFrame>
  );
}

type OpenDialog = "propose" | "score" | undefined;

function Policies({ segments }: PageProps) {
  const desk = usePolicyDesk(segments);
  const { params } = useRoute();
  const replay = useReplay(desk.replay.order);
  const [dialog, setDialog] = useState<OpenDialog>();
  const { list, chosen, draft } = desk;
  const rows = filterPolicies(list.data?.policies ?? [], readListFilter(params));
  usePolicyKeys(desk, rows);
  if (list.data === undefined) {
    return list.isError ? (
      <Note kind="crit" title="The policies cannot be read.">
        {list.error.message}
      </Note>
    ) : (
      <Skeleton label="Reading policies" />
    );
  }
  return (
    <div className={`policies shows-${desk.view}`}>
      <PolicyList
        list={list.data}
        rows={rows}
        drafts={desk.drafts}
        chosen={chosen === undefined ? draft?.id : policyKey(chosen)}
        onNew={() => desk.begin()}
        onPropose={() => setDialog("propose")}
        onScore={() => setDialog("score")}
      />
      <PolicyPane desk={desk} onRun={desk.replay.run} isRunning={replay.isFetching} />
      <ReplaySide desk={desk} replay={replay} />
      {dialog === "propose" && (
        <ProposeDialog
          onClose={() => setDialog(undefined)}
          onOpen={({ title, yaml }) => {
            setDialog(undefined);
            desk.begin(title, yaml);
          }}
        />
      )}
      {dialog === "score" && <ScoreDialog onClose={() => setDialog(undefined)} />}
    </div>
  );
}

function ReplaySide({
  desk,
  replay,
}: {
  readonly desk: PolicyDesk;
  readonly replay: ReturnType<typeof useReplay>;
}) {
  const time = usePageTime();
  const { order, isStale } = desk.replay;
  const isShown = desk.view === "draft" && order !== undefined;
  const label = rangeLabel(time.text, time.resolve().toMs, time.zone);
  return (
    <section className="replay-pane" aria-label="Replay">
      <ReplayPane
        report={isShown ? replay.data : undefined}
        error={isShown ? replay.error : null}
        isRunning={isShown && replay.isFetching}
        isStale={isStale}
        windowText={label.toLowerCase()}
        hits={desk.view === "draft" ? [] : (desk.applied.data?.hits ?? [])}
        hasDraft={desk.view === "draft"}
      />
      <footer className="pane-foot">
        <TestCaseButton desk={desk} />
        <Link className="control" href={mapHref(desk)}>
          Show on map
        </Link>
      </footer>
    </section>
  );
}

function mapHref({ chosen }: PolicyDesk): string {
  const namespace = chosen?.namespace ?? "";
  return namespace === "" ? "/map" : `/map?${new URLSearchParams({ ns: namespace })}`;
}

/** Downloads a test file of what the text decides about the recorded flows. */
function TestCaseButton({ desk }: { readonly desk: PolicyDesk }) {
  const client = useApi();
  const time = usePageTime();
  const [fault, setFault] = useState("");
  const yaml = desk.view === "draft" ? desk.draftText : desk.appliedYaml;
  const save = async () => {
    try {
      const path = `/policy/test-case?${windowQuery(time.resolve())}`;
      const text = await client.ownText(path, { method: "POST", body: { yaml } });
      const url = URL.createObjectURL(new Blob([text], { type: "application/yaml" }));
      const anchor = document.createElement("a");
      anchor.href = url;
      anchor.download = `${desk.chosen?.name ?? "policy"}.test.yaml`;
      anchor.click();
      URL.revokeObjectURL(url);
      setFault("");
    } catch (thrown) {
      setFault(errorMessage(thrown));
    }
  };
  return (
    <>
      <button type="button" className="control" disabled={yaml === ""} onClick={() => void save()}>
        Save as test case
      </button>
      {fault !== "" && (
        <span role="alert" className="is-dropped truncate" title={fault}>
          {fault}
        </span>
      )}
    </>
  );
}

function usePolicyKeys(desk: PolicyDesk, rows: readonly Parameters<typeof policyPath>[0][]): void {
  const router = useRouter();
  const { params } = useRoute();
  const move = (step: number) => {
    const at = rows.findIndex(
      (row) => desk.chosen !== undefined && policyKey(row) === policyKey(desk.chosen),
    );
    const next = rows[Math.min(rows.length - 1, Math.max(0, at + step))];
    if (next === undefined) return;
    const kept = new URLSearchParams(params);
    for (const name of ["draft", "replay", "line", "view"]) kept.delete(name);
    router.navigate(`${policyPath(next)}${kept.size === 0 ? "" : `?${kept}`}`, { replace: true });
  };
  useKeys([
    {
      keys: "/",
      label: "To the search",
      group: "Policies",
      run: () => document.querySelector<HTMLElement>("#policy-search")?.focus(),
    },
    { keys: "j", label: "Next policy", group: "Policies", run: () => move(1) },
    { keys: "k", label: "Policy before", group: "Policies", run: () => move(-1) },
    {
      keys: "mod+Enter",
      label: "Replay the draft",
      group: "Policies",
      run: () => desk.replay.run(),
    },
    { keys: "e", label: "Edit as draft", group: "Policies", run: () => desk.openView("draft") },
  ]);
}
