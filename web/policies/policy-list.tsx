/** The left pane: every policy in force and every draft, with state, search and the simulator's score. */

import type { WireDraft, WirePolicyList, WirePolicyRow } from "../../src/api/wire/policy.ts";
import { useServerStatus } from "../api/server-queries.ts";
import { Link, useRoute, useRouter } from "../router/router-context.tsx";
import { Badge, Glyph } from "../ui/glyph.tsx";
import { Icon } from "../ui/icon.tsx";
import { Note } from "../ui/notes.tsx";
import { Popover } from "../ui/popover.tsx";
import { Segmented } from "../ui/segmented.tsx";
import {
  countOf,
  percentText,
  policyFacts,
  policyKey,
  policyPath,
  policyTitle,
  stateWords,
} from "./policy-words.ts";

/** Which rows are shown. */
export type PolicyShow = "all" | "unused" | "errors";

/** Reads `show` and `q` of the address. */
export function readListFilter(params: URLSearchParams): { show: PolicyShow; text: string } {
  const show = params.get("show");
  return {
    show: show === "unused" || show === "errors" ? show : "all",
    text: params.get("q") ?? "",
  };
}

const unusedStates: readonly string[] = ["unused", "partly-unused", "selects-none"];

/** Rows that fit. */
export function filterPolicies(
  rows: readonly WirePolicyRow[],
  { show, text }: { readonly show: PolicyShow; readonly text: string },
): WirePolicyRow[] {
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  return rows.filter((row) => {
    if (show === "unused" && !unusedStates.includes(row.state)) return false;
    if (show === "errors" && row.state !== "not-imported") return false;
    const said = `${policyTitle(row)} ${row.kind} ${row.subject} ${row.state}`.toLowerCase();
    return words.every((word) => said.includes(word));
  });
}

interface PolicyListProps {
  readonly list: WirePolicyList;
  readonly rows: readonly WirePolicyRow[];
  readonly drafts: readonly Pick<WireDraft, "id" | "title" | "basedOn">[];
  /** Key of the policy in the middle; a draft of none: its id. */
  readonly chosen: string | undefined;
  readonly onNew: () => void;
  readonly onPropose: () => void;
  readonly onScore: () => void;
}

/** The pane. */
export function PolicyList(props: PolicyListProps) {
  const { list, rows, drafts, chosen } = props;
  const router = useRouter();
  const { params } = useRoute();
  const free = drafts.filter(
    ({ basedOn }) => !list.policies.some((row) => policyKey(row) === basedOn),
  );
  return (
    <section className="policy-list" aria-label="List of policies">
      <ListHead {...props} />
      <div className="policy-rows">
        {rows.length === 0 && free.length === 0 ? (
          <NothingListed isFiltered={list.policies.length > 0} />
        ) : (
          <ul>
            {free.map((draft) => (
              <li key={draft.id}>
                <Link
                  className={`policy-row ${chosen === draft.id ? "is-chosen" : ""}`}
                  aria-current={chosen === draft.id ? "true" : undefined}
                  href={`/policies?${new URLSearchParams({ view: "draft", draft: draft.id })}`}
                >
                  <span className="policy-row-name truncate">{draft.title}</span>
                  <Badge kind="pending">Draft</Badge>
                  <span className="policy-row-facts truncate">Not applied</span>
                </Link>
              </li>
            ))}
            {rows.map((row) => (
              <li key={policyKey(row)}>
                <PolicyRow
                  row={row}
                  isChosen={chosen === policyKey(row)}
                  draftCount={drafts.filter(({ basedOn }) => basedOn === policyKey(row)).length}
                  href={rowHref(row, params)}
                />
              </li>
            ))}
          </ul>
        )}
      </div>
      <footer className="pane-foot">
        <button
          type="button"
          className="score-line"
          onClick={props.onScore}
          title="How often the simulated verdict equals the observed one; open for the differences"
        >
          {list.score.compared === 0 ? (
            "Simulator score: no verdict to compare yet"
          ) : (
            <>
              Simulator score <b>{percentText(list.score.equal, list.score.compared)}</b> of{" "}
              {countOf(list.score.compared, "verdict")}
            </>
          )}
        </button>
        <span className="visually-hidden" aria-live="polite">
          {router.location.params.get("q") ? countOf(rows.length, "policy row") : ""}
        </span>
      </footer>
    </section>
  );
}

/** The list's state stays; what belongs to the policy before goes. */
function rowHref(row: WirePolicyRow, params: URLSearchParams): string {
  const next = new URLSearchParams(params);
  for (const name of ["draft", "replay", "line"]) next.delete(name);
  if (next.get("view") === "draft") next.delete("view");
  const query = next.toString();
  return `${policyPath(row)}${query === "" ? "" : `?${query}`}`;
}

function ListHead({ list, onNew, onPropose }: PolicyListProps) {
  const router = useRouter();
  const { params } = useRoute();
  const { show, text } = readListFilter(params);
  const count = (kind: PolicyShow) =>
    filterPolicies(list.policies, { show: kind, text: "" }).length;
  return (
    <div className="policy-list-head">
      <div className="row">
        <Segmented
          label="Show"
          value={show}
          options={[
            { value: "all", label: `All ${list.policies.length}` },
            { value: "unused", label: `Unused ${count("unused")}` },
            { value: "errors", label: `Errors ${count("errors")}` },
          ]}
          onChange={(next) => router.setParams({ show: next === "all" ? null : next })}
        />
        <i className="spacer" />
        <Popover
          label="New policy"
          align="right"
          button={
            <>
              <Icon name="plus" />
              New
            </>
          }
        >
          {(close) => (
            <div className="menu">
              <button type="button" onClick={() => run(close, onNew)}>
                Empty policy
              </button>
              <button type="button" onClick={() => run(close, onPropose)}>
                Propose from traffic
              </button>
            </div>
          )}
        </Popover>
      </div>
      <span className="search-field">
        <Icon name="search" />
        <input
          id="policy-search"
          type="search"
          className="text-input"
          aria-label="Search policies"
          placeholder="Name, namespace or label"
          value={text}
          onChange={(event) =>
            router.setParams({ q: event.target.value || null }, { replace: true })
          }
        />
        <kbd>/</kbd>
      </span>
    </div>
  );
}

function run(close: () => void, act: () => void): void {
  close();
  act();
}

function PolicyRow({
  row,
  isChosen,
  draftCount,
  href,
}: {
  readonly row: WirePolicyRow;
  readonly isChosen: boolean;
  readonly draftCount: number;
  readonly href: string;
}) {
  const drafts = draftCount === 0 ? "" : `, ${countOf(draftCount, "draft")}`;
  const facts = `${policyFacts(row)}${drafts}`;
  const hits = row.allowed + row.denied;
  return (
    <Link
      className={`policy-row ${isChosen ? "is-chosen" : ""}`}
      aria-current={isChosen ? "true" : undefined}
      href={href}
    >
      <span className="policy-row-name truncate">{policyTitle(row)}</span>
      <StateMark row={row} />
      <span
        className={`policy-row-facts truncate ${row.error === null ? "" : "is-dropped"}`}
        title={facts}
      >
        {facts}
      </span>
      <span className="policy-row-hits num">{row.error === null ? countOf(hits, "hit") : "–"}</span>
    </Link>
  );
}

/** The state's glyph and word; tinted where it wants to be seen. */
export function StateMark({ row }: { readonly row: WirePolicyRow }) {
  const { kind, label, isTinted } = stateWords[row.state];
  if (isTinted) return <Badge kind={kind}>{label}</Badge>;
  return (
    <span className={`state-mark is-${kind}`}>
      <Glyph kind={kind} />
      {label}
    </span>
  );
}

function NothingListed({ isFiltered }: { readonly isFiltered: boolean }) {
  const router = useRouter();
  const isClusterWatched = useServerStatus().data?.isClusterWatched ?? true;
  if (isFiltered) {
    return (
      <Note
        kind="mute"
        title="No policy matches."
        actions={
          <button
            type="button"
            className="control"
            onClick={() => router.setParams({ show: null, q: null })}
          >
            Show all policies
          </button>
        }
      />
    );
  }
  return isClusterWatched ? (
    <Note title="No policy is in force.">
      Everything may talk to everything. Propose policies from the traffic seen, or write one.
    </Note>
  ) : (
    <Note title="No cluster is watched.">
      Which policies are in force is unknown here. Write one, or propose policies from the traffic
      seen, and replay it against recorded flows.
    </Note>
  );
}
