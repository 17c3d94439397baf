/** The last flows of the window that fit a filter, and the way to all of them. */

import type { Flow } from "../../src/flow/model/flow.ts";
import { pageHref } from "../app/navigation.tsx";
import { groupThousands } from "../charts/plain-number.ts";
import { Link, useRoute } from "../router/router-context.tsx";
import { timestampLabel } from "../time/time-axis.ts";
import { usePageTime } from "../time/time-context.tsx";
import { Glyph } from "../ui/glyph.tsx";
import { verdictOf } from "../ui/verdict.ts";
import { MapSection } from "./map-drawer.tsx";
import { useFlowStory } from "./use-map.ts";

/** Six rows at most. */
export function RecentFlows({ filter }: { readonly filter: string }) {
  const story = useFlowStory(filter);
  const { params } = useRoute();
  const { zone } = usePageTime();
  const flows = story.data?.flows;
  if (story.isError) {
    return (
      <MapSection title="Flows in this window">
        <p>The flows cannot be read: {story.error.message}</p>
      </MapSection>
    );
  }
  if (flows === undefined) return null;
  return (
    <MapSection
      title="Flows in this window"
      side={
        <Link
          className="link map-small"
          href={pageHref(`/flows?q=${encodeURIComponent(filter)}`, params)}
        >
          All {groupThousands(flows.matched ?? flows.flows.length)}
        </Link>
      }
    >
      {flows.flows.length === 0 && <p className="dim">No request of this pair in the window.</p>}
      <ul>
        {flows.flows.map((flow) => (
          <li key={flow.uuid ?? flowTime(flow)} className="map-flow">
            <span className="mono dim">{timestampLabel(flowTime(flow), zone).slice(-12)}</span>
            <Glyph
              kind={verdictOf(String(flow.verdict ?? "")) ?? "mute"}
              label={String(flow.verdict ?? "")}
            />
            <span className="truncate">{flow.destination?.pod_name ?? flow.IP?.destination}</span>
            <span className="dim truncate">{flow.Summary}</span>
          </li>
        ))}
      </ul>
    </MapSection>
  );
}

function flowTime(flow: Flow): number {
  return Date.parse(flow.time ?? "");
}
