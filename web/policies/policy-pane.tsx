/** The middle pane: the policy's YAML as applied or as a draft, or the matrix; with its footer of actions. */

import { useMemo } from "react";
import type { WirePolicyCheck } from "../../src/api/wire/policy.ts";
import { useRouter } from "../router/router-context.tsx";
import { usePageTime } from "../time/time-context.tsx";
import { Glyph } from "../ui/glyph.tsx";
import { Note, Skeleton } from "../ui/notes.tsx";
import { Segmented } from "../ui/segmented.tsx";
import { CopyYamlButton } from "./copy-yaml-button.tsx";
import type { EditorNote } from "./editor-widgets.ts";
import { diffLines } from "./line-diff.ts";
import { marksOf, marksOfDraft } from "./line-marks.ts";
import { MatrixView } from "./matrix-view.tsx";
import type { PolicyDesk, PolicyView } from "./policy-desk.ts";
import type { EditorMarks } from "./policy-editor.ts";
import { PolicyEditorView } from "./policy-editor-view.tsx";
import { StateMark } from "./policy-list.tsx";
import { countOf, policyTitle, spanText } from "./policy-words.ts";
import { usePolicyCheck } from "./use-policies.ts";

/** The pane; `onRun` replays. */
export function PolicyPane({
  desk,
  onRun,
  isRunning,
}: {
  readonly desk: PolicyDesk;
  readonly onRun: () => void;
  readonly isRunning: boolean;
}) {
  const { view, chosen, draft, applied } = desk;
  const isDraft = view === "draft";
  const check = usePolicyCheck(desk.checked, isDraft && desk.checked.trim() !== "");
  const fault =
    isDraft && desk.checked === desk.draftText
      ? check.data?.findings.find(({ severity }) => severity === "error")
      : undefined;
  const router = useRouter();
  // A draft that nobody would take is not sent: its first fault is shown instead.
  const runUnlessFaulty = () => {
    if (fault === undefined) onRun();
    else router.setParams({ line: String(fault.line) }, { replace: true });
  };
  const title = chosen !== undefined ? policyTitle(chosen) : (draft?.title ?? "No policy chosen");
  return (
    <section className="policy-pane" aria-label="Policy">
      <div className="pane-head">
        <h2 className="truncate">{title}</h2>
        {applied.data !== undefined && chosen !== undefined && (
          <>
            <StateMark row={applied.data.policy} />
            <span className="dim truncate policy-scope">
              {countOf(applied.data.policy.endpoints, "endpoint")}
              {applied.data.policy.directions.length > 0 &&
                `, ${applied.data.policy.directions.join(" and ")}`}
            </span>
          </>
        )}
        <i className="spacer" />
        <Segmented<PolicyView>
          label="View"
          value={view}
          options={[
            { value: "applied", label: "Applied" },
            { value: "draft", label: "Draft" },
            { value: "matrix", label: "Matrix" },
          ]}
          onChange={desk.openView}
        />
      </div>
      {view === "matrix" ? (
        <MatrixView yaml={desk.isChanged || chosen === undefined ? desk.draft?.yaml : undefined} />
      ) : (
        <YamlView
          desk={desk}
          check={check.data}
          isChecking={check.isFetching}
          onRun={runUnlessFaulty}
        />
      )}
      <PaneFoot
        desk={desk}
        onRun={runUnlessFaulty}
        isRunning={isRunning}
        isFaulty={fault !== undefined}
      />
    </section>
  );
}

interface YamlViewProps {
  readonly desk: PolicyDesk;
  readonly check: WirePolicyCheck | undefined;
  readonly isChecking: boolean;
  readonly onRun: () => void;
}

function YamlView({ desk, check, isChecking, onRun }: YamlViewProps) {
  const router = useRouter();
  const { view, chosen, draft, applied } = desk;
  const isDraft = view === "draft";
  const marks = useEditorMarks(desk, check);
  const isLoading = chosen !== undefined && applied.data === undefined;
  if (isLoading && (!isDraft || draft === undefined)) {
    return applied.isError ? (
      <div className="pane-body">
        <Note kind="crit" title="This policy cannot be read.">
          {applied.error.message}
        </Note>
      </div>
    ) : (
      <div className="pane-body">
        <Skeleton label="Reading the policy" />
      </div>
    );
  }
  if (chosen === undefined && draft === undefined) {
    return (
      <div className="pane-body">
        <Note title="No policy is chosen.">
          Write one, or propose policies from the traffic seen: New, above the list.
        </Note>
      </div>
    );
  }
  return (
    <>
      <HitsLegend desk={desk} check={check} isChecking={isChecking} />
      <div className="pane-body is-editor">
        <PolicyEditorView
          label={isDraft ? "Draft of the policy" : "Policy in force"}
          text={isDraft ? desk.draftText : desk.appliedYaml}
          isReadOnly={!isDraft}
          marks={marks}
          line={desk.line}
          onChange={desk.write}
          onRun={onRun}
          onLine={(line) => {
            if (!isDraft) router.setParams({ line: String(line) }, { replace: true });
          }}
        />
      </div>
    </>
  );
}

function HitsLegend({ desk, check, isChecking }: Omit<YamlViewProps, "onRun">) {
  const time = usePageTime();
  const { fromMs, toMs } = time.resolve();
  return (
    <div className="hits-legend">
      <span>Hits per line, last {spanText(fromMs, toMs)}</span>
      <span className="row">
        <Glyph kind="forwarded" /> allowed
      </span>
      <span className="row">
        <Glyph kind="dropped" /> denied
      </span>
      <i className="spacer" />
      {desk.view === "draft" && <CheckState check={check} isChecking={isChecking} />}
    </div>
  );
}

function CheckState({ check, isChecking }: Pick<YamlViewProps, "check" | "isChecking">) {
  if (check === undefined) return <span className="dim">{isChecking ? "checking…" : ""}</span>;
  const errors = check.findings.filter(({ severity }) => severity === "error");
  const warnings = check.findings.filter(({ severity }) => severity === "warning");
  const [first] = errors;
  if (first !== undefined) {
    return (
      <span className="row is-dropped" aria-live="polite">
        <Glyph kind="crit" /> {countOf(errors.length, "error")}, first in line {first.line}
      </span>
    );
  }
  return (
    <span className="row" aria-live="polite">
      <Glyph kind={warnings.length > 0 ? "warn" : "ok"} />
      {warnings.length > 0
        ? `valid, ${countOf(warnings.length, "warning")}`
        : "valid, checked as you type"}
    </span>
  );
}

function useEditorMarks(desk: PolicyDesk, check: WirePolicyCheck | undefined): EditorMarks {
  const { view, applied, appliedYaml, draftText, checked, line, chosen } = desk;
  const isDraft = view === "draft";
  return useMemo(() => {
    const oldMarks = marksOf(applied.data?.hits ?? []);
    if (!isDraft) {
      const notes = (applied.data?.notes ?? []).map((note): EditorNote => ({ ...note, mend: "" }));
      return { marks: oldMarks, notes, diff: undefined, oldMarks, findings: [], chosenLine: line };
    }
    const diff = chosen === undefined ? undefined : diffLines(appliedYaml, draftText);
    // Findings of an older text would stand at the wrong lines.
    const findings = checked === draftText ? (check?.findings ?? []) : [];
    const notes = findings
      .filter(({ severity }) => severity !== "note")
      .map(
        (one): EditorNote => ({
          line: one.line,
          kind: one.severity === "error" ? "crit" : "warn",
          text: one.path === "" ? one.message : `${lastField(one.path)}: ${one.message}`,
          mend: mendText(one.mend?.title),
        }),
      );
    const kept = (applied.data?.notes ?? []).flatMap((note): EditorNote[] => {
      const place = diff?.kept.get(note.line);
      return place === undefined ? [] : [{ ...note, line: place, mend: "" }];
    });
    return {
      marks: diff === undefined ? new Map() : marksOfDraft(oldMarks, diff),
      notes: [...kept, ...notes],
      diff,
      oldMarks,
      findings,
      chosenLine: line,
    };
  }, [applied.data, isDraft, chosen, appliedYaml, draftText, checked, check, line]);
}

/** "Write fromEndpoints" → "writes fromEndpoints". */
function mendText(title = ""): string {
  return title === ""
    ? ""
    : title.replace(/^(\w)(\w*)/, (_, first, rest) => `${first.toLowerCase()}${rest}s`);
}

/** The field alone: its path is in the line itself. */
function lastField(path: string): string {
  return /[^.]+$/.exec(path)?.[0] ?? path;
}

interface PaneFootProps {
  readonly desk: PolicyDesk;
  readonly onRun: () => void;
  readonly isRunning: boolean;
  readonly isFaulty: boolean;
}

function PaneFoot({ desk, onRun, isRunning, isFaulty }: PaneFootProps) {
  const time = usePageTime();
  const { fromMs, toMs } = time.resolve();
  const { view, draft, draftState } = desk;
  const text = view === "draft" ? desk.draftText : desk.appliedYaml;
  return (
    <footer className="pane-foot">
      {view === "applied" && desk.chosen !== undefined ? (
        <button type="button" className="control is-primary" onClick={() => desk.openView("draft")}>
          Edit as draft
        </button>
      ) : (
        <button
          type="button"
          className="control is-primary"
          disabled={draft === undefined || isRunning || isFaulty}
          onClick={onRun}
        >
          {isRunning ? "Replaying" : `Replay ${spanText(fromMs, toMs)}`} <kbd>⌘↵</kbd>
        </button>
      )}
      <CopyYamlButton text={text} />
      {draft !== undefined && (
        <button type="button" className="control is-ghost" onClick={() => void desk.discard()}>
          Discard draft
        </button>
      )}
      <i className="spacer" />
      <span className="dim truncate" aria-live="polite">
        {draft !== undefined && draftState === "browser"
          ? "The server does not answer. Your draft is kept in this browser."
          : "Nothing is written to the cluster"}
      </span>
    </footer>
  );
}
