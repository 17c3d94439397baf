/**
 * A panel's frame: title, state, menu; inside, what its state calls for: drawn, loading, empty with the
 * reason, error with the query, or a kind that is not drawn yet.
 */

import { lazy, Suspense, useMemo, useRef } from "react";
import { isShownOn } from "../../src/dashboard/annotations.ts";
import { interpolate, type VariableScope } from "../../src/dashboard/interpolate.ts";
import type { Panel } from "../../src/dashboard/model.ts";
import { ErrorBoundary } from "../app/error-boundary.tsx";
import type { PanelResult } from "../panels/panel-props.ts";
import { preparePanel } from "../panels/prepare-panel.ts";
import { panelKind } from "../panels/registry.ts";
import { unitTail } from "../panels/unit-tail.ts";
import { usePageTime } from "../time/time-context.tsx";
import { Badge } from "../ui/glyph.tsx";
import { Skeleton } from "../ui/notes.tsx";
import { PanelHandles } from "./editing/panel-handles.tsx";
import { PanelLinks } from "./panel-links.tsx";
import { PanelMenu } from "./panel-menu.tsx";
import { FailedPanel, UnknownPanel } from "./panel-notes.tsx";
import type { PanelSurroundings } from "./panel-surroundings.ts";
import { originalId } from "./repeats.ts";
import { useElementWidth } from "./use-element-width.ts";
import { useInView } from "./use-in-view.ts";
import { type PanelAnswer, usePanelData } from "./use-panel-data.ts";

const EmptyPanel = lazy(async () => ({
  default: (await import("./empty-panel.tsx")).EmptyPanel,
}));

interface PanelFrameProps {
  readonly panel: Panel;
  readonly scope: VariableScope;
  readonly surroundings: PanelSurroundings;
  /** Shown alone, on the whole page. */
  readonly isViewed?: boolean;
}

export function PanelFrame({ panel, scope, surroundings, isViewed = false }: PanelFrameProps) {
  const ref = useRef<HTMLElement>(null);
  const isVisible = useInView(ref);
  const widthPx = useElementWidth(ref);
  const kind = panelKind(panel.type);
  const data = usePanelData(panel, {
    scope,
    widthPx,
    isVisible: isVisible && kind?.needsData === true,
  });
  const title = interpolate(panel.title, scope, "text");
  const prepared = useMemo(() => preparePanel(panel, data.data, scope), [panel, data.data, scope]);
  const problems = [...panel.problems, ...prepared.problems];
  return (
    <article
      ref={ref}
      className="panel"
      aria-label={title === "" ? "Panel" : title}
      onMouseEnter={() => surroundings.onTouch(panel)}
      onFocus={() => surroundings.onTouch(panel)}
    >
      {data.isFetching && data.data === undefined && <div className="panel-loading" />}
      <header className="panel-head">
        <h2 title={title}>{title}</h2>
        {kind?.hasUnitInHead === true && (
          <span className="panel-meta">{unitTail(panel.fieldConfig.defaults.unit)}</span>
        )}
        {data.isError && data.data !== undefined && <Badge kind="warn">Not current</Badge>}
        {data.data !== undefined && isEmpty(data.data) && <Badge kind="mute">Empty</Badge>}
        <i className="spacer" />
        {panel.links.length > 0 && <PanelLinks panel={panel} scope={scope} />}
        {problems.length > 0 && (
          <span className="panel-meta" title={problems.join("\n")}>
            drawn in part
          </span>
        )}
        <PanelMenu
          panel={panel}
          scope={scope}
          answer={data.data}
          isViewed={isViewed}
          surroundings={surroundings}
        />
      </header>
      {surroundings.edit !== undefined && !isViewed && panel.id === originalId(panel) && (
        <PanelHandles panel={panel} widthPx={widthPx} {...surroundings.edit} />
      )}
      <div className="panel-body">
        <ErrorBoundary what="This panel" resetKey={`${panel.id} ${data.dataUpdatedAt}`}>
          {kind === undefined ? (
            <UnknownPanel type={panel.originalType ?? panel.type} />
          ) : (
            <PanelContent
              panel={panel}
              scope={scope}
              data={data}
              result={prepared.result}
              surroundings={surroundings}
            />
          )}
        </ErrorBoundary>
      </div>
    </article>
  );
}

interface PanelContentProps {
  readonly panel: Panel;
  readonly scope: VariableScope;
  readonly data: ReturnType<typeof usePanelData>;
  readonly result: PanelResult;
  readonly surroundings: PanelSurroundings;
}

function PanelContent({ panel, scope, data, result, surroundings }: PanelContentProps) {
  const { zone } = usePageTime();
  const kind = panelKind(panel.type);
  const answer = data.data;
  const all = surroundings.events;
  const events = useMemo(
    () => all.filter((event) => isShownOn(event, originalId(panel))),
    [all, panel],
  );
  if (kind === undefined) return null;
  if (kind.needsData) {
    if (answer === undefined) {
      return data.error === null ? (
        <Skeleton />
      ) : (
        <FailedPanel panel={panel} error={data.error} onRetry={() => void data.refetch()} />
      );
    }
    if (isEmpty(answer)) {
      return (
        <Suspense fallback={null}>
          <EmptyPanel answer={answer} />
        </Suspense>
      );
    }
  }
  const Kind = kind.component;
  return (
    <Suspense fallback={<Skeleton />}>
      <Kind
        panel={panel}
        zone={zone}
        syncKey={surroundings.syncKey}
        onZoom={surroundings.zoom.into}
        onZoomBack={surroundings.zoom.back}
        interpolate={(text) => interpolate(text, scope)}
        scope={scope}
        events={events}
        result={result}
      />
    </Suspense>
  );
}

/** No series, or only tables without rows. */
function isEmpty(answer: PanelAnswer): boolean {
  return answer.frames.every((frame) => frame.length === 0);
}
