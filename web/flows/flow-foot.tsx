/** Below the table: how many match of how many, what was not seen, live rows that wait, and the keys. */

import type { FlowCompletenessAnswer, FlowsAnswer } from "../../src/api/wire/flows.ts";
import { groupThousands } from "../charts/plain-number.ts";
import { durationText } from "../ui/duration-text.ts";
import { Glyph } from "../ui/glyph.tsx";
import { percentText } from "./empty-flows.tsx";
import type { LiveFlows } from "./use-flow-stream.ts";

/** Below this share of flows seen, counts are "at least". */
export const completeShare = 0.95;

interface FlowFootProps {
  readonly count: FlowsAnswer | undefined;
  readonly completeness: FlowCompletenessAnswer | undefined;
  readonly live: LiveFlows;
  readonly isPaused: boolean;
  readonly groupCount: number | undefined;
}

export function FlowFoot({ count, completeness, live, isPaused, groupCount }: FlowFootProps) {
  const isPartial = completeness !== undefined && completeness.share < completeShare;
  const hasLost = completeness !== undefined && completeness.lost > 0;
  return (
    <div className="flow-foot">
      {count === undefined ? (
        <span>counting</span>
      ) : (
        <span>
          {isPartial && "at least "}
          <b>{groupThousands(count.matched ?? 0)}</b> flows match, of{" "}
          {groupThousands(count.total ?? 0)} in the window
          {groupCount !== undefined && `, in ${groupThousands(groupCount)} groups`}
        </span>
      )}
      {count !== undefined && (
        <span className="flow-foot-more">read in {durationText(count.tookMs)}</span>
      )}
      {hasLost && (
        <span className="flow-foot-seen" title={worstNode(completeness)}>
          <Glyph kind={isPartial ? "warn" : "info"} />
          {percentText(completeness.share)} of flows seen
        </span>
      )}
      <LiveState live={live} isPaused={isPaused} />
      <i className="spacer" />
      <span className="flow-foot-keys" aria-hidden="true">
        <kbd>j</kbd> <kbd>k</kbd> move <kbd>x</kbd> exclude value <kbd>enter</kbd> open
      </span>
    </div>
  );
}

function worstNode({ nodes }: FlowCompletenessAnswer): string {
  const [worst] = nodes;
  return worst === undefined ? "" : `${worst.node}: ${percentText(worst.share)}. ${worst.mend}`;
}

function LiveState({ live, isPaused }: { readonly live: LiveFlows; readonly isPaused: boolean }) {
  if (live.state === "off") return null;
  const lost =
    live.lostCount === 0 ? "" : `, ${groupThousands(live.lostCount)} not shown: too many at once`;
  const words =
    live.state === "connecting"
      ? "live: connecting"
      : isPaused && live.waitingCount > 0
        ? `paused, ${groupThousands(live.waitingCount)} new ones wait`
        : "live";
  return (
    <span className={`flow-foot-live ${live.state === "open" ? "is-open" : ""}`}>
      {words}
      {lost}
    </span>
  );
}
