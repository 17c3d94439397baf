/** The form in which static_configs and target files write a group: a list of addresses and labels. */

import type { z } from "zod";
import { Labels, labelsFromObject } from "../model/labels.ts";
import { listOf, mapping } from "../schema/mapping.ts";
import { textMap, textScalar } from "../schema/scalars.ts";
import { addressLabel, type TargetGroup } from "./target-group.ts";

/** `{targets: [...], labels: {...}}` */
export const targetGroupSchema = mapping({
  targets: listOf(textScalar),
  labels: textMap.optional(),
});

/** A group as written. */
export type TargetGroupFields = z.output<typeof targetGroupSchema>;

/** The group itself; `extraLabels` are added last. */
export function toTargetGroup(
  fields: TargetGroupFields,
  source: string,
  extraLabels: Readonly<Record<string, string>> = {},
): TargetGroup {
  return {
    source,
    targets: fields.targets.map((address) => new Labels([addressLabel, address])),
    labels: labelsFromObject({ ...fields.labels, ...extraLabels }),
  };
}

/** Why an address cannot be scraped, in Prometheus' words; undefined where it can. */
export function addressProblem(address: string): string | undefined {
  return address.includes("/") ? `${JSON.stringify(address)} is not a valid hostname` : undefined;
}
