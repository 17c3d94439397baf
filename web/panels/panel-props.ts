/** What every panel kind gets: its model, its frames ready to draw, the window. A panel never fetches. */

import type { AnnotationEvent } from "../../src/dashboard/annotations.ts";
import type { Frame } from "../../src/dashboard/frame.ts";
import type { VariableScope } from "../../src/dashboard/interpolate.ts";
import type { Panel } from "../../src/dashboard/model.ts";
import type { TimeRange } from "../../src/dashboard/time-range.ts";
import type { TimeZone } from "../time/time-range.ts";

/** Frames of a panel with overrides applied, and the window they were asked for. */
export interface PanelResult {
  readonly frames: readonly Frame[];
  readonly range: TimeRange;
  /** Smallest step of its queries, ms. */
  readonly stepMs: number;
}

/** Props of a panel kind's component. */
export interface PanelProps {
  readonly panel: Panel;
  readonly result: PanelResult;
  readonly zone: TimeZone;
  /** Text with the dashboard's variables replaced. */
  readonly interpolate: (text: string) => string;
  /** Charts of one dashboard share crosshair and drag under this key; undefined: each alone. */
  readonly syncKey: string | undefined;
  /** Annotations that this panel shows. */
  readonly events: readonly AnnotationEvent[];
  /** For links of the panel's values. */
  readonly scope: VariableScope;
  readonly onZoom: (fromMs: number, toMs: number) => void;
  readonly onZoomBack: () => void;
}
