/** What can be done with a panel: view alone, open its queries in Explore, inspect; its description beside. */

import { interpolate, type VariableScope } from "../../src/dashboard/interpolate.ts";
import type { Panel } from "../../src/dashboard/model.ts";
import { buildHref } from "../router/history-router.ts";
import { Link, useRoute } from "../router/router-context.tsx";
import { usePageTime } from "../time/time-context.tsx";
import { Icon } from "../ui/icon.tsx";
import { moveFocus, Popover } from "../ui/popover.tsx";
import { panelQueries } from "./panel-queries.ts";
import type { PanelSurroundings } from "./panel-surroundings.ts";
import type { PanelAnswer } from "./use-panel-data.ts";

interface PanelMenuProps {
  readonly panel: Panel;
  readonly scope: VariableScope;
  readonly answer: PanelAnswer | undefined;
  readonly isViewed: boolean;
  readonly surroundings: PanelSurroundings;
}

export function PanelMenu({ panel, scope, answer, isViewed, surroundings }: PanelMenuProps) {
  const title = panel.title === "" ? "this panel" : panel.title;
  return (
    <span className="panel-menu">
      {panel.description !== "" && (
        <Popover
          label={`About ${title}`}
          align="right"
          buttonClass="control is-ghost is-small is-icon"
          button={<Icon name="info" />}
          paneClass="about-pane"
        >
          {() => <p className="about">{interpolate(panel.description, scope, "text")}</p>}
        </Popover>
      )}
      <Popover
        label={`Menu of ${title}`}
        align="right"
        buttonClass="control is-ghost is-small is-icon"
        button={<Icon name="dots" />}
      >
        {(close) => (
          // biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys move among the entries inside.
          <div className="menu" onKeyDown={moveFocus}>
            <button
              type="button"
              onClick={() => {
                surroundings.onView(panel);
                close();
              }}
            >
              <Icon name="expand" />
              {isViewed ? "Back to the dashboard" : "View alone"}
            </button>
            <button
              type="button"
              onClick={() => {
                surroundings.onInspect(panel);
                close();
              }}
            >
              <Icon name="table" />
              Inspect query and data
            </button>
            <button
              type="button"
              onClick={() => {
                surroundings.onDoctor(panel);
                close();
              }}
            >
              <Icon name="doctor" />
              Ask the doctor
            </button>
            <ExploreLink panel={panel} scope={scope} answer={answer} />
          </div>
        )}
      </Popover>
    </span>
  );
}

/** Points asked for where the panel itself was never drawn. */
const widthPx = 800;

function ExploreLink({ panel, scope, answer }: Pick<PanelMenuProps, "panel" | "scope" | "answer">) {
  const { params } = useRoute();
  const { text, resolve } = usePageTime();
  const queries =
    answer?.queries ??
    panelQueries(panel, { scope, range: resolve(), widthPx, scrapeIntervalMs: undefined });
  if (queries.length === 0) return null;
  const search = new URLSearchParams({ from: text.from, to: text.to });
  for (const name of ["tz", "refresh"]) {
    const value = params.get(name);
    if (value !== null) search.set(name, value);
  }
  for (const query of queries) search.append("q", query.expr);
  return (
    <Link href={buildHref("/explore", search)}>
      <Icon name="explore" />
      Open in Explore
    </Link>
  );
}
