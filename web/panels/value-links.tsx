/** The data links of one value, under each other. */

import { type DataPlace, resolveLinks } from "../../src/dashboard/data-context.ts";
import type { VariableScope } from "../../src/dashboard/interpolate.ts";
import { SafeLink } from "./safe-link.tsx";

interface ValueLinksProps {
  readonly place: DataPlace;
  readonly scope: VariableScope;
}

/** Nothing for a value without links. */
export function ValueLinks({ place, scope }: ValueLinksProps) {
  return resolveLinks(place, scope).map(({ title, href, opensNewTab }) => (
    <div className="tooltip-foot" key={`${title} ${href}`}>
      <SafeLink
        title={title === "" ? href : title}
        url={href}
        tooltip=""
        opensNewTab={opensNewTab}
      />
    </div>
  ));
}
