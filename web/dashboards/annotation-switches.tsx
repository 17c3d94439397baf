/** Switches of a dashboard's annotations; what is switched stands in the address. */

import type { AnnotationQuery } from "../../src/dashboard/model.ts";
import { useRoute, useRouter } from "../router/router-context.tsx";
import { Popover } from "../ui/popover.tsx";
import { annotationParam, isAnnotationOn } from "./use-annotations.ts";

export function AnnotationSwitches({ queries }: { readonly queries: readonly AnnotationQuery[] }) {
  const router = useRouter();
  const { params } = useRoute();
  const switched = params.getAll(annotationParam);
  const shown = queries.filter((query) => !query.isHidden);
  if (shown.length === 0) return null;
  const onCount = shown.filter((query) => isAnnotationOn(query, switched)).length;
  const toggle = (query: AnnotationQuery) => {
    const isOn = isAnnotationOn(query, switched);
    const others = switched.filter((one) => one.slice(1) !== query.name);
    const isAsFile = query.isEnabled !== isOn;
    const next = isAsFile ? others : [...others, `${isOn ? "-" : "+"}${query.name}`];
    router.setParams({ [annotationParam]: next.length === 0 ? null : next }, { replace: true });
  };
  return (
    <Popover
      label={`Annotations: ${onCount} of ${shown.length} shown`}
      align="right"
      buttonClass="chip"
      button={`Annotations ${onCount}`}
    >
      {() => (
        <div className="menu">
          {shown.map((query) => (
            <label key={query.name} className="menu-check">
              <input
                type="checkbox"
                checked={isAnnotationOn(query, switched)}
                onChange={() => toggle(query)}
              />
              {query.name}
            </label>
          ))}
        </div>
      )}
    </Popover>
  );
}
