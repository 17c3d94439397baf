/** What panels need of the dashboard around them. */

import type { AnnotationEvent } from "../../src/dashboard/annotations.ts";
import type { Panel } from "../../src/dashboard/model.ts";
import type { Zoom } from "../time/use-zoom.ts";
import type { DashboardEditing } from "./editing/use-draft.ts";
/** What a dashboard gives all its panels. */
export interface PanelSurroundings {
  readonly syncKey: string | undefined;
  readonly zoom: Zoom;
  readonly events: readonly AnnotationEvent[];
  /** Shows a panel alone, or all again. */
  readonly onView: (panel: Panel) => void;
  readonly onInspect: (panel: Panel) => void;
  /** Present while the dashboard is edited. */
  readonly edit?: { readonly editing: DashboardEditing; readonly onEdit: (panel: Panel) => void };
  readonly onDoctor: (panel: Panel) => void;
  /** The pointer or the focus is in a panel: the keys mean it. */
  readonly onTouch: (panel: Panel) => void;
}
