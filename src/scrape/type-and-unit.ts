/** The switch type-and-unit-labels: a new series gets `__type__` and `__unit__` from what its target declares. */

import { type Labels, LabelsBuilder } from "../model/labels.ts";
import type { MetadataCache, MetadataEntry } from "./metadata-cache.ts";

/** What series of one family may add to its name. */
const suffixes: readonly string[] = ["_total", "_created", "_bucket", "_sum", "_count", "_info"];

/** `written` with the labels of its family, where the scrape of this number declared one. */
export function withTypeAndUnit(written: Labels, metadata: MetadataCache, scrape: number): Labels {
  const family = familyOf(written.metricName, metadata, scrape);
  if (family === undefined) return written;
  const builder = new LabelsBuilder(written);
  if (family.type !== "unknown") builder.set("__type__", family.type);
  if (family.unit !== "") builder.set("__unit__", family.unit);
  return builder.labels();
}

/** The family that the scrape of this number declared for the metric of this name. */
export function familyOf(
  name: string,
  metadata: MetadataCache,
  scrape: number,
): MetadataEntry | undefined {
  const own = metadata.declared(name, scrape);
  if (own !== undefined) return own;
  const suffix = suffixes.find((end) => name.endsWith(end));
  return suffix === undefined
    ? undefined
    : metadata.declared(name.slice(0, -suffix.length), scrape);
}
