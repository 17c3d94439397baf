/** Below the map: what lines mean, what was counted, what was left out, and the zoom. */

import type { ReactNode } from "react";
import { groupThousands } from "../charts/plain-number.ts";
import { clockLabel } from "../time/time-axis.ts";
import { usePageTime } from "../time/time-context.tsx";
import { Glyph } from "../ui/glyph.tsx";
import { Icon } from "../ui/icon.tsx";
import type { MapZoom } from "./map-canvas.tsx";
import type { MapModel } from "./map-model.ts";
import type { AskedMap } from "./use-map.ts";

interface MapFootProps {
  readonly asked: AskedMap;
  readonly model: MapModel;
  readonly zoom: React.RefObject<MapZoom | undefined>;
  readonly isFitted: boolean;
  readonly onFit: () => void;
  readonly onArrange: () => void;
  readonly onOpenAll: () => void;
}

/** Legend and figures left, zoom right. */
export function MapFoot({
  asked,
  model,
  zoom,
  isFitted,
  onFit,
  onArrange,
  onOpenAll,
}: MapFootProps) {
  return (
    <div className="map-foot">
      <div className="map-foot-left">
        {model.notes.length > 0 && (
          <div className="map-legend map-notes" role="note">
            <Glyph kind="info" />
            <span>{model.notes.join(" ")}</span>
            {model.isFoldedByItself && (
              <button type="button" className="link" onClick={onOpenAll}>
                Open all
              </button>
            )}
          </div>
        )}
        <div className="map-legend">
          <Legend asked={asked} />
          <MapTotals asked={asked} model={model} />
        </div>
      </div>
      <i className="spacer" />
      <div className="map-legend map-zoom">
        <ZoomButton label="Arrange anew" keys="" onClick={onArrange}>
          <Icon name="refresh" />
        </ZoomButton>
        <ZoomButton label="Zoom out" keys="-" onClick={() => zoom.current?.zoomBy(1 / 1.3)}>
          <Icon name="minus" />
        </ZoomButton>
        <ZoomButton label="Zoom in" keys="+" onClick={() => zoom.current?.zoomBy(1.3)}>
          <Icon name="plus" />
        </ZoomButton>
        <ZoomButton label={isFitted ? "Fitted" : "Fit"} keys="0" onClick={onFit}>
          <Icon name="expand" />
        </ZoomButton>
      </div>
    </div>
  );
}

function ZoomButton({
  label,
  keys,
  onClick,
  children,
}: {
  readonly label: string;
  readonly keys: string;
  readonly onClick: () => void;
  readonly children: ReactNode;
}) {
  return (
    <button
      type="button"
      className="control is-ghost is-small is-icon"
      aria-label={label}
      title={keys === "" ? label : `${label} (${keys})`}
      onClick={onClick}
    >
      {children}
    </button>
  );
}

function Legend({ asked }: { readonly asked: AskedMap }) {
  return (
    <ul className="map-legend-items" aria-label="Legend">
      <li>
        <Glyph kind="forwarded" />
        Forwarded
      </li>
      <li>
        <Glyph kind="dropped" />
        Dropped
      </li>
      <li>
        <Glyph kind="redirected" />
        To L7 proxy
      </li>
      <li>
        <Glyph kind="audit" />
        Audit
      </li>
      {asked.second !== undefined && (
        <>
          <li>
            <i className="map-legend-new" />
            New
          </li>
          <li>
            <i className="map-legend-gone" />
            Gone
          </li>
        </>
      )}
      <li className="dim map-wide">Line width is the rate, log scale</li>
    </ul>
  );
}

/** What was counted, in one line. */
export function MapTotals({
  asked,
  model,
}: {
  readonly asked: AskedMap;
  readonly model: MapModel;
}) {
  const { zone } = usePageTime();
  const { answer } = asked;
  const parts = [
    `${model.nodeCount} places, ${groupThousands(model.podCount)} pods, ${groupThousands(model.edgeCount)} edges`,
    `${groupThousands(answer.flows)} flows ${clockLabel(answer.startMs, zone)} to ${clockLabel(answer.endMs, zone)}`,
  ];
  if (answer.heldSinceMs !== null) {
    parts.push(`held since ${clockLabel(answer.heldSinceMs, zone)}, rates over that`);
  }
  const { lost, offMs } = answer.completeness;
  if (lost > 0) parts.push(`${groupThousands(lost)} flows lost`);
  if (offMs >= 60_000) parts.push(`server off for ${Math.round(offMs / 60_000)} min of it`);
  if (model.hiddenEdges > 0) parts.push(`${model.hiddenEdges} edges hidden`);
  if (answer.other > 0) parts.push(`${groupThousands(answer.other)} flows beyond what is held`);
  return <span className="dim map-totals">{parts.join(" · ")}</span>;
}
