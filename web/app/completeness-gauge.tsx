/**
 * How much of the page's window was seen: a segment for each node, the worst first above eight, the
 * share, and on click what was lost where, why and what mends it. Where no flows are kept, the targets
 * that answer stand here instead.
 */

import type { FlowCompletenessAnswer } from "../../src/api/wire/flows.ts";
import { groupThousands } from "../charts/plain-number.ts";
import { Link, useRoute } from "../router/router-context.tsx";
import { timestampLabel } from "../time/time-axis.ts";
import { usePageTime } from "../time/time-context.tsx";
import { Glyph } from "../ui/glyph.tsx";
import { Popover } from "../ui/popover.tsx";
import { completeShare, lossName, shareText } from "./loss-text.ts";
import { useTargetsUp } from "./nav-badges.ts";
import { pageHref } from "./navigation.tsx";
import { railEveryMs, useCompleteness } from "./rail-data.ts";

/** Segments at once. */
const segmentsMax = 8;

/** The gauge at the rail's right end. */
export function CompletenessGauge() {
  const completeness = useCompleteness();
  if (completeness.data === undefined) return <div className="rail-side" />;
  const seen = completeness.data;
  if (seen === null || (seen.nodes.length === 0 && seen.off.length === 0)) return <TargetsGauge />;
  const { share } = seen;
  const isPartial = share < completeShare;
  return (
    <Popover
      label={`Completeness: ${shareText(share)} of flows seen. What was lost, and why`}
      align="right"
      buttonClass="rail-side"
      paneClass="completeness-pane"
      button={
        <>
          <span className="rail-gauge">
            <span className="gauge-segments" aria-hidden="true">
              {seen.nodes.slice(0, segmentsMax).map((node) => (
                <i key={node.node} className={node.share < completeShare ? "is-partial" : ""}>
                  <i style={{ width: `${Math.max(4, node.share * 100)}%` }} />
                </i>
              ))}
            </span>
            <span>
              <b>{shareText(share)}</b> <span className="dim">of flows seen</span>
            </span>
          </span>
          {isPartial && <Glyph kind="warn" label="partial" />}
        </>
      }
    >
      {() => <CompletenessPane seen={seen} />}
    </Popover>
  );
}

function CompletenessPane({ seen }: { readonly seen: FlowCompletenessAnswer }) {
  const { zone } = usePageTime();
  const { params } = useRoute();
  const lost = seen.nodes.flatMap((node) => Object.values(node.lost)).reduce((a, b) => a + b, 0);
  return (
    <div className="completeness">
      <p>
        {lost === 0
          ? `All ${groupThousands(seen.seen)} flows of this window that agents told of were seen.`
          : `At least ${groupThousands(seen.seen)} flows were seen in this window, ${groupThousands(lost)} were lost on the way.`}
      </p>
      <table>
        <caption className="visually-hidden">Flows seen and lost by node</caption>
        <thead>
          <tr>
            <th>Node</th>
            <th className="num">Seen</th>
            <th className="num">Lost</th>
            <th className="num">Share</th>
          </tr>
        </thead>
        <tbody>
          {seen.nodes.map((node) => (
            <NodeRow key={node.node} node={node} />
          ))}
        </tbody>
      </table>
      {seen.off.map(({ fromMs, untilMs }) => (
        <p key={fromMs} className="dim">
          The server was off from {timestampLabel(Math.round(fromMs / 1000) * 1000, zone)} to{" "}
          {timestampLabel(Math.round(untilMs / 1000) * 1000, zone)}: flows of that time are missing.
        </p>
      ))}
      <Link className="link" href={pageHref("/settings?area=sources", params)}>
        Sources of flows and their state
      </Link>
    </div>
  );
}

function NodeRow({ node }: { readonly node: FlowCompletenessAnswer["nodes"][number] }) {
  const losses = Object.entries(node.lost).filter(([, count]) => count > 0);
  const lost = losses.reduce((sum, [, count]) => sum + count, 0);
  return (
    <>
      <tr className={losses.length > 0 ? "has-reason" : ""}>
        <td>{node.node}</td>
        <td className="num">{groupThousands(node.seen)}</td>
        <td className="num">{groupThousands(lost)}</td>
        <td className="num">{shareText(node.share)}</td>
      </tr>
      {losses.length > 0 && (
        <tr>
          <td colSpan={4} className="loss-reason">
            {losses
              .map(([cause, count]) => `${lossName(cause)} ${groupThousands(count)}`)
              .join(", ")}
            . {node.mend}
          </td>
        </tr>
      )}
    </>
  );
}

/** How many targets answer now; leads to them. */
function TargetsGauge() {
  const { isLive } = usePageTime();
  const { params } = useRoute();
  const targets = useTargetsUp(isLive ? railEveryMs : false);
  if (targets.data === undefined) return <div className="rail-side" />;
  const { up, down } = targets.data;
  const total = up + down;
  return (
    <Link
      className="rail-side"
      href={pageHref(down > 0 ? "/targets?state=down" : "/targets", params)}
      title="Targets that answered their last scrape. No flows are kept: give a source with --flows."
    >
      <span className="rail-gauge">
        <i className="rail-gauge-bar">
          <i style={{ width: `${total === 0 ? 0 : (up / total) * 100}%` }} />
        </i>
        <span>
          <b>
            {up} of {total}
          </b>{" "}
          <span className="dim">targets up</span>
        </span>
      </span>
      {down > 0 && <Glyph kind="crit" label={`${down} down`} />}
    </Link>
  );
}
