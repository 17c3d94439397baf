/** Why an edge is dropped: reasons by count, and the last drop told step by step by the policies in force. */

import type { WireExplainedStep } from "../../src/api/wire/flow-explanation.ts";
import type { MapEdgeAnswer } from "../../src/api/wire/map.ts";
import { pageHref } from "../app/navigation.tsx";
import { Link, useRoute } from "../router/router-context.tsx";
import { Glyph, type GlyphKind } from "../ui/glyph.tsx";
import { BarRow } from "./bar-row.tsx";
import { verdictCounts } from "./link-facts.ts";
import { MapSection } from "./map-drawer.tsx";
import { useDropReason } from "./use-map.ts";

const stateGlyphs: Readonly<Record<WireExplainedStep["state"], GlyphKind>> = {
  allows: "ok",
  closes: "warn",
  misses: "mute",
  denies: "crit",
};
const stepsShown = 8;

/** Nothing where nothing is dropped. */
export function DropReason({
  edge,
  filter,
}: {
  readonly edge: MapEdgeAnswer;
  readonly filter: string;
}) {
  const isDropped = verdictCounts(edge.verdicts).dropped > 0;
  const why = useDropReason(filter, isDropped);
  const { params } = useRoute();
  if (!isDropped) return null;
  const reasons = Object.entries(edge.dropReasons).sort(([, a], [, b]) => b - a);
  const steps = why.data?.sides.flatMap((side) => side.steps) ?? [];
  const silence = why.data?.silence;
  return (
    <MapSection title="Why it is dropped">
      <ul className="map-steps">
        {steps.slice(0, stepsShown).map((step, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: steps are told in order and never move.
          <li key={index}>
            <Glyph kind={stateGlyphs[step.state]} />
            <span>
              <b className="map-step-title">{step.title}</b> {step.text}{" "}
              {step.place !== null && (
                <Link className="link" href={pageHref(policyPath(step), params)}>
                  {step.place.name}
                  {step.line !== null && `, line ${step.line}`}
                </Link>
              )}
            </span>
          </li>
        ))}
      </ul>
      {why.isError && (
        <p className="map-sentence">It cannot be explained now: {why.error.message}</p>
      )}
      {silence != null && <p className="map-sentence">Policies say nothing about it: {silence}</p>}
      <ul className="map-bars">
        {reasons.map(([reason, flows]) => (
          <BarRow
            key={reason}
            name={reasonWords(reason)}
            count={flows}
            share={flows / (reasons[0]?.[1] ?? 1)}
            glyph="dropped"
          />
        ))}
      </ul>
    </MapSection>
  );
}

function policyPath({ place, line }: WireExplainedStep): string {
  if (place === null) return "/policies";
  const parts = [place.kind, place.namespace === "" ? "-" : place.namespace, place.name];
  return `/policies/${parts.map(encodeURIComponent).join("/")}?line=${line ?? place.line}`;
}

/** POLICY_DENIED → policy denied; what the proxy refuses has no reason of the datapath. */
function reasonWords(reason: string): string {
  if (reason === "DROP_REASON_UNKNOWN") return "refused by the L7 proxy, or unknown";
  return reason.toLowerCase().replaceAll("_", " ");
}
