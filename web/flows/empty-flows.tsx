/** No flow matches: which condition removes them all, what was meant instead, and what else to try. */

import type { FlowCompletenessAnswer, FlowTimelineAnswer } from "../../src/api/wire/flows.ts";
import { systemClock } from "../../src/base/clock.ts";
import { groupThousands } from "../charts/plain-number.ts";
import { timestampLabel } from "../time/time-axis.ts";
import { usePageTime } from "../time/time-context.tsx";
import { rangeLabel } from "../time/time-range.ts";
import { Note } from "../ui/notes.tsx";
import { type BlamedCondition, useBlame, useNearValue } from "./use-blame.ts";
import type { FlowPage } from "./use-flow-state.ts";

interface EmptyFlowsProps {
  readonly page: FlowPage;
  readonly total: number;
  readonly timeline: FlowTimelineAnswer | undefined;
  readonly completeness: FlowCompletenessAnswer | undefined;
}

export function EmptyFlows(props: EmptyFlowsProps) {
  return props.total === 0 ? <NothingRecorded {...props} /> : <NothingMatches {...props} />;
}

function useWindowWords(): string {
  const time = usePageTime();
  const label = rangeLabel(time.text, systemClock.nowMs(), time.zone);
  return label.startsWith("Last") ? `in the ${label.toLowerCase()}` : `in ${label}`;
}

/** The window itself has none. */
function NothingRecorded({ timeline }: EmptyFlowsProps) {
  const time = usePageTime();
  const words = useWindowWords();
  const { oldestMs = null, newestMs = null } = timeline ?? {};
  const hasFlows = oldestMs !== null && newestMs !== null;
  return (
    <div className="flow-empty">
      <Note
        kind="mute"
        title={`No flow was recorded ${words}`}
        actions={
          hasFlows && (
            <button
              type="button"
              className="control is-primary"
              onClick={() =>
                time.setRange({
                  from: String(Math.floor(newestMs) - 900_000),
                  to: String(Math.ceil(newestMs) + 1000),
                })
              }
            >
              Show the last 15 minutes that were recorded
            </button>
          )
        }
      >
        {hasFlows
          ? `Flows are kept from ${timestampLabel(Math.floor(oldestMs / 1000) * 1000, time.zone)} to ${timestampLabel(Math.floor(newestMs / 1000) * 1000, time.zone)}.`
          : "No flow was kept yet. They come from Hubble Relay, from agents or from files: start the server with --flows, for example --flows grpc://HOST:4245."}
      </Note>
    </div>
  );
}

function NothingMatches({ page, total, completeness }: EmptyFlowsProps) {
  const time = usePageTime();
  const words = useWindowWords();
  const blamed = useBlame(page.state);
  const guilty = blamed.filter(({ matched }) => (matched ?? 0) > 0);
  const isCounting = blamed.some(({ matched }) => matched === undefined);
  const [first] = guilty;
  const near = useNearValue(first?.text);
  const meant = near?.near;
  return (
    <div className="flow-empty">
      <Note
        kind="mute"
        title={`No flow ${words} matches`}
        actions={
          <>
            {first !== undefined && near !== undefined && meant !== undefined && (
              <button
                type="button"
                className="control is-primary"
                onClick={() =>
                  page.setFilter({
                    ...page.state,
                    q: page.state.q.replace(near.written, meant),
                  })
                }
              >
                Use {meant}
              </button>
            )}
            {first !== undefined && (
              <button
                type="button"
                className="control"
                onClick={() => page.setFilter(first.without)}
              >
                Drop that condition
              </button>
            )}
            {first === undefined && !isCounting && (
              <button
                type="button"
                className="control"
                onClick={() => page.setFilter({ q: "", toggles: [], not: [], only: [] })}
              >
                Drop all conditions
              </button>
            )}
            <button
              type="button"
              className="control is-ghost"
              onClick={() => time.setRange({ from: "now-24h", to: "now" })}
            >
              Look back 24 h
            </button>
          </>
        }
      >
        <p>
          {groupThousands(total)} flows were read. {blameSentence(guilty, isCounting)}{" "}
          {near !== undefined && meant === undefined && "No flow of this window has that value."}
        </p>
        {guilty.length > 1 && <BlameList guilty={guilty} page={page} />}
        <p className="dim">{seenSentence(completeness)}</p>
      </Note>
    </div>
  );
}

function blameSentence(guilty: readonly BlamedCondition[], isCounting: boolean) {
  const [first] = guilty;
  if (first === undefined) {
    return isCounting
      ? "Looking for the condition that removes them."
      : "No single condition removes them all: taken together they do.";
  }
  const count = groupThousands(first.matched ?? 0);
  if (guilty.length > 1) return "Without one of these conditions some would be left:";
  return (
    <>
      The condition <code>{first.text}</code> removes all of them: without it {count} match.
    </>
  );
}

function BlameList({
  guilty,
  page,
}: {
  readonly guilty: readonly BlamedCondition[];
  readonly page: FlowPage;
}) {
  return (
    <ul className="flow-blame">
      {guilty.map(({ text, matched, without }) => (
        <li key={text}>
          <button type="button" className="link" onClick={() => page.setFilter(without)}>
            <code>{text}</code>
          </button>{" "}
          <span className="dim">{groupThousands(matched ?? 0)} match without it</span>
        </li>
      ))}
    </ul>
  );
}

/** Whether an empty answer is a true zero. */
function seenSentence(completeness: FlowCompletenessAnswer | undefined): string {
  if (completeness === undefined) return "";
  const { share, lost, off } = completeness;
  if (lost === 0 && off.length === 0) {
    return "100 % of flows were seen in this window, so this is a true zero.";
  }
  const holes = off.length === 0 ? "" : ", and the server was off for a part of it";
  return `${percentText(share)} of flows were seen in this window${holes}: what is missing may be among the rest.`;
}

/** "93.4 %"; never 100 where something was lost. */
export function percentText(share: number): string {
  if (share >= 1) return "100 %";
  return `${Math.min(99.9, Math.floor(share * 1000) / 10)} %`;
}
