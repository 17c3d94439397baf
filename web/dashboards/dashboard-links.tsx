/** Links of a dashboard or a panel: to addresses, to other dashboards by tag. An address that could run something is a text. */

import {
  interpolate,
  urlTimeRange,
  urlVariables,
  type VariableScope,
} from "../../src/dashboard/interpolate.ts";
import type { DashboardLink } from "../../src/dashboard/model.ts";
import { useDashboardList } from "../api/server-queries.ts";
import { SafeLink, type ShownLink } from "../panels/safe-link.tsx";
import { moveFocus, Popover } from "../ui/popover.tsx";

interface LinksProps {
  readonly links: readonly DashboardLink[];
  readonly scope: VariableScope;
}

/** In a row, as chips. */
export function DashboardLinks({ links, scope }: LinksProps) {
  return links.map((link, index) => {
    const key = `${index} ${link.title}`;
    return link.tags === undefined ? (
      <SafeLink key={key} className="chip" {...resolveLink(link, scope)} />
    ) : (
      <TaggedDashboards key={key} link={link} scope={scope} />
    );
  });
}

/** A link with its variables, the time and the choices filled in. */
export function resolveLink(link: DashboardLink, scope: VariableScope): ShownLink {
  const url = interpolate(link.url, scope, "percentencode");
  const added = [
    ...(link.keepsTime === true ? [urlTimeRange(scope) ?? ""] : []),
    ...(link.includesVariables === true ? [urlVariables(scope.variables.values())] : []),
  ].filter((part) => part !== "");
  const joint = url.includes("?") ? "&" : "?";
  return {
    title: interpolate(link.title, scope, "text") || url,
    url: added.length === 0 ? url : `${url}${joint}${added.join("&")}`,
    tooltip: interpolate(link.tooltip, scope, "text"),
    opensNewTab: link.opensNewTab,
  };
}

/** Dashboards with the link's tags, as chips or folded into one button. */
function TaggedDashboards({
  link,
  scope,
}: {
  readonly link: DashboardLink;
  readonly scope: VariableScope;
}) {
  const list = useDashboardList().data ?? [];
  const tags = link.tags ?? [];
  const found = list.filter((board) => tags.every((tag) => board.tags.includes(tag)));
  const links = found.map((board) => ({
    key: board.uid,
    ...resolveLink(
      { ...link, title: board.title, url: `/d/${encodeURIComponent(board.uid)}` },
      scope,
    ),
  }));
  if (links.length === 0) return null;
  if (link.isDropdown !== true) {
    return links.map(({ key, ...one }) => <SafeLink key={key} className="chip" {...one} />);
  }
  const title = link.title === "" ? "Dashboards" : link.title;
  return (
    <Popover label={title} buttonClass="chip" align="right" button={title}>
      {() => (
        // biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys move among the entries inside.
        <div className="menu" onKeyDown={moveFocus}>
          {links.map(({ key, ...one }) => (
            <SafeLink key={key} {...one} />
          ))}
        </div>
      )}
    </Popover>
  );
}
