/** The links in a panel's head: one as itself, several folded. */

import type { VariableScope } from "../../src/dashboard/interpolate.ts";
import type { Panel } from "../../src/dashboard/model.ts";
import { SafeLink } from "../panels/safe-link.tsx";
import { Icon } from "../ui/icon.tsx";
import { moveFocus, Popover } from "../ui/popover.tsx";
import { resolveLink } from "./dashboard-links.tsx";

export function PanelLinks({
  panel,
  scope,
}: {
  readonly panel: Panel;
  readonly scope: VariableScope;
}) {
  const links = panel.links.filter((link) => link.url !== "");
  return (
    <Popover
      label={`Links of ${panel.title}`}
      align="right"
      buttonClass="control is-ghost is-small is-icon"
      button={<Icon name="link" />}
    >
      {() => (
        // biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys move among the entries inside.
        <div className="menu" onKeyDown={moveFocus}>
          {links.map((link) => (
            <SafeLink key={`${link.title} ${link.url}`} {...resolveLink(link, scope)} />
          ))}
        </div>
      )}
    </Popover>
  );
}
