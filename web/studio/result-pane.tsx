/** The right pane: the whole list as Helm values, what the agent makes of it, switching on here, the past. */

import { Fragment, useState } from "react";
import type { StudioAnswer, StudioCheckAnswer } from "../../src/api/wire/studio.ts";
import { useKeys } from "../app/keys-context.ts";
import { groupThousands } from "../charts/plain-number.ts";
import { useRouter } from "../router/router-context.tsx";
import { Glyph } from "../ui/glyph.tsx";
import { Icon } from "../ui/icon.tsx";
import { Segmented } from "../ui/segmented.tsx";
import { useApply, useBackfill, useBackfillChange, useHelm } from "./studio-queries.ts";
import { resetUpdate, type StudioState } from "./studio-state.ts";
import { diffLines } from "./studio-text.ts";

interface ResultPaneProps {
  readonly studio: StudioAnswer;
  readonly state: StudioState;
  readonly check: StudioCheckAnswer | undefined;
}

type Form = "values" | "set" | "dynamic";

/** A landmark with the values, findings and actions. */
export function ResultPane({ studio, state, check }: ResultPaneProps) {
  const [form, setForm] = useState<Form>("values");
  const isAccepted = check?.isAccepted !== false;
  const isDynamic = form === "dynamic";
  const helm = useHelm(state.wanted, isDynamic, isAccepted);
  const before = useHelm(state.enabled, isDynamic, form !== "set");
  const text = form === "set" ? (helm.data?.set ?? "") : (helm.data?.yaml ?? "");
  const lines =
    form === "set"
      ? text.split("\n").map((line) => ({ text: line, mark: "" as const }))
      : diffLines(before.data?.yaml ?? text, text);
  return (
    <section className="studio-pane" aria-labelledby="studio-helm">
      <div className="studio-head">
        <h2 id="studio-helm">Helm values</h2>
        <span className={`badge is-${isAccepted ? "ok" : "crit"}`}>
          <Glyph kind={isAccepted ? "ok" : "crit"} />
          {isAccepted ? "Valid" : "Refused"}
        </span>
        <i className="spacer" />
        <Segmented
          label="Form"
          isSmall
          value={form}
          options={[
            { value: "values", label: "values.yaml" },
            { value: "set", label: "--set" },
            { value: "dynamic", label: "Dynamic" },
          ]}
          onChange={setForm}
        />
      </div>
      <div className="studio-scroll">
        <HelmText lines={lines} />
        <Checked check={check} count={state.wanted.length} notes={helm.data?.notes ?? []} />
        <Here studio={studio} state={state} />
        <Past state={state} isAccepted={isAccepted} />
      </div>
      <Actions studio={studio} state={state} isAccepted={isAccepted} text={text} />
    </section>
  );
}

const markWords = { "+": "added: ", "-": "taken out: ", "": "" } as const;

function HelmText({ lines }: { readonly lines: ReturnType<typeof diffLines> }) {
  let number = 0;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard.
    <section className="studio-yaml" tabIndex={0} aria-label="Values">
      {lines.map(({ text, mark }, index) => {
        if (mark !== "-") number++;
        const tone = mark === "+" ? "is-added" : mark === "-" ? "is-gone" : "";
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a line is its place.
          <span key={index} className={`studio-line ${tone}`}>
            <i className="studio-number" aria-hidden="true">
              {mark === "" ? number : mark}
            </i>
            <span className="studio-code">
              <span className="visually-hidden">{markWords[mark]}</span>
              <CodeText text={text} />
            </span>
          </span>
        );
      })}
    </section>
  );
}

/** Indent, key and text apart: long lists break at their commas, and go on under their beginning. */
function CodeText({ text }: { readonly text: string }) {
  const [, indent = "", key = "", rest = ""] =
    /^(\s*(?:- )?)([\w.]+:(?= |$))?(.*)$/.exec(text) ?? [];
  const parts = rest.split(/(?<=[,;])/);
  return (
    <>
      <span className="studio-indent">{indent}</span>
      <span>
        <span className="studio-key">{key}</span>
        <span className={rest.startsWith('"') ? "studio-string" : ""}>
          {parts.map((part, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a part is its place.
            <Fragment key={index}>
              {part}
              <wbr />
            </Fragment>
          ))}
        </span>
      </span>
    </>
  );
}

interface CheckedProps {
  readonly check: StudioCheckAnswer | undefined;
  readonly count: number;
  readonly notes: readonly string[];
}

function Checked({ check, count, notes }: CheckedProps) {
  const refusals = (check?.findings ?? []).filter(({ effect }) =>
    /^(?:refused|panics)/.test(effect),
  );
  const others = (check?.findings ?? []).length - refusals.length;
  return (
    <div className="studio-section">
      <h3>Checked as Cilium 1.19 reads it</h3>
      <ul className="studio-findings">
        <li>
          <Glyph kind={refusals.length === 0 ? "ok" : "crit"} />
          <span>
            {refusals.length === 0
              ? `All ${count} entries parse; Hubble will start`
              : `Hubble will not start: ${refusals[0]?.message}`}
          </span>
        </li>
        {others > 0 && (
          <li>
            <Glyph kind="warn" />
            <span>
              {others} {others === 1 ? "thing is" : "things are"} taken, but not as written; see the
              handler
            </span>
          </li>
        )}
        {notes.map((note) => (
          <li key={note}>
            <Glyph kind="info" />
            <span>{note}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

const sourceWords = {
  default: "what is counted unless told; the series are on the page of flow metrics alone",
  flag: "what --flows.metrics says; switching on here is forgotten at the next start while that flag is given",
  file: "what the file of --flows.metrics-config says; change it there",
  studio: "what was switched on here; it stays over restarts",
} as const;

function Here({ studio, state }: Pick<ResultPaneProps, "studio" | "state">) {
  return (
    <div className="studio-section">
      <h3>This server</h3>
      <p className="mid">
        Counts {state.enabled.length} {state.enabled.length === 1 ? "metric" : "metrics"} of flows:{" "}
        {sourceWords[studio.now.source]}.{" "}
        {studio.now.isStored && (
          <>
            The series are in storage with <code>job="ciliascope-flows"</code>.
          </>
        )}
      </p>
    </div>
  );
}

interface PastProps {
  readonly state: StudioState;
  readonly isAccepted: boolean;
}

/** Past flows into storage, with progress. */
function Past({ state, isAccepted }: PastProps) {
  const status = useBackfill();
  const change = useBackfillChange();
  const job = status.data;
  const isRunning = job?.state === "running";
  const share =
    job === undefined || job.untilMs === job.sinceMs
      ? 0
      : (job.atMs - job.sinceMs) / (job.untilMs - job.sinceMs);
  return (
    <div className="studio-section">
      <h3>
        The past <small>kept flows into storage, at their times</small>
      </h3>
      {isRunning ? (
        <div className="row">
          <progress value={share} aria-label="Back-fill" />
          <span className="dim num">{groupThousands(job.samples)} samples</span>
          <button
            type="button"
            className="control is-small"
            onClick={() => change.mutate(undefined)}
          >
            Cancel
          </button>
        </div>
      ) : (
        <button
          type="button"
          className="control is-small"
          disabled={!isAccepted || change.isPending}
          onClick={() =>
            change.mutate({ metrics: [state.textOf(state.handler)], since: `now-${state.over}` })
          }
        >
          <Icon name="history" />
          Fill in {state.handler} of the last {state.over}
        </button>
      )}
      <p className="studio-said" aria-live="polite">
        {change.isError ? (
          <>
            <Glyph kind="crit" /> <span>{change.error.message}</span>
          </>
        ) : (
          <span>{job?.message}</span>
        )}
      </p>
    </div>
  );
}

interface ActionsProps {
  readonly studio: StudioAnswer;
  readonly state: StudioState;
  readonly isAccepted: boolean;
  readonly text: string;
}

function Actions({ studio, state, isAccepted, text }: ActionsProps) {
  const router = useRouter();
  const apply = useApply();
  const [said, setSaid] = useState("");
  const canApply = isAccepted && state.isChanged && studio.now.source !== "file";
  const copy = () =>
    void navigator.clipboard
      ?.writeText(text)
      .then(() => setSaid(`Copied, ${text.trimEnd().split("\n").length} lines.`));
  const switchOn = () => {
    if (!canApply || apply.isPending) return;
    apply.mutate(state.wanted, {
      onSuccess: () => {
        setSaid("Switched on: counted from now on.");
        router.setParams(resetUpdate, { replace: true });
      },
      onError: ({ message }) => setSaid(message),
    });
  };
  useKeys([
    { keys: "c", label: "Copy the values", group: "Studio", run: copy },
    { keys: "mod+Enter", label: "Switch on here", group: "Studio", run: switchOn },
  ]);
  return (
    <div className="studio-actions">
      <button type="button" className="control is-primary" disabled={!isAccepted} onClick={copy}>
        <Icon name="copy" />
        Copy values
      </button>
      <button
        type="button"
        className="control"
        disabled={!canApply || apply.isPending}
        title="Count these here from now on (⌘↵)"
        onClick={switchOn}
      >
        Switch on here
      </button>
      <span className="studio-meta truncate" role="status">
        {said}
      </span>
      <i className="spacer" />
      <button
        type="button"
        className="control is-ghost"
        disabled={!state.isChanged}
        onClick={() => router.setParams(resetUpdate)}
      >
        Reset
      </button>
    </div>
  );
}
