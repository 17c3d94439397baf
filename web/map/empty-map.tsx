/** What the page says where there is nothing to draw, with what would change that. */

import { groupThousands } from "../charts/plain-number.ts";
import { clockLabel } from "../time/time-axis.ts";
import { usePageTime } from "../time/time-context.tsx";
import { Note } from "../ui/notes.tsx";
import type { MapModel } from "./map-model.ts";
import type { MapState } from "./map-state.ts";
import type { AskedMap } from "./use-map.ts";

interface EmptyMapProps {
  readonly asked: AskedMap;
  readonly model: MapModel;
  readonly state: MapState;
  readonly change: (state: Partial<MapState>) => void;
}

/** No flows at all, none in the chosen namespaces, or all of them hidden. */
export function EmptyMap({ asked, model, state, change }: EmptyMapProps) {
  const time = usePageTime();
  const { answer } = asked;
  if (answer.edges.length === 0) {
    const window = `${clockLabel(answer.startMs, time.zone)} to ${clockLabel(answer.endMs, time.zone)}`;
    return (
      <Note
        title={`No flow was seen from ${window}.`}
        actions={
          <>
            <button
              type="button"
              className="control"
              onClick={() => time.setRange({ from: "now-1h", to: "now" })}
            >
              Last hour
            </button>
            <button
              type="button"
              className="control"
              onClick={() => time.setRange({ from: "now-24h", to: "now" })}
            >
              Last 24 hours
            </button>
          </>
        }
      >
        Flows come from Hubble Relay, agents or files (--flows). The rail above shows when some were
        kept.
      </Note>
    );
  }
  if (state.namespaces.length > 0 && model.hiddenEdges < answer.edges.length) {
    return (
      <Note
        title={`No flow from or to ${state.namespaces.join(", ")} in this window.`}
        actions={
          <button type="button" className="control" onClick={() => change({ namespaces: [] })}>
            All namespaces
          </button>
        }
      >
        {groupThousands(answer.flows)} flows are of other namespaces.
      </Note>
    );
  }
  return (
    <Note
      title={`All ${groupThousands(model.hiddenEdges)} edges of this window are hidden.`}
      actions={
        <button type="button" className="control" onClick={() => change({ hidden: new Set() })}>
          Show them
        </button>
      }
    >
      They are probes, DNS or the world, which the chips above leave out.
    </Note>
  );
}
