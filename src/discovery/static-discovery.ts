/** static_configs: targets written in the config file itself; emitted once. */

import { errorAt } from "../schema/mapping.ts";
import { type DiscoveryKind, untilAborted } from "./target-group.ts";
import { addressProblem, targetGroupSchema, toTargetGroup } from "./target-group-schema.ts";

/** The kind `static`. */
export const staticDiscovery: DiscoveryKind<typeof targetGroupSchema> = {
  name: "static",
  configKey: "static_configs",
  schema: targetGroupSchema,
  compile(entries, place) {
    for (const [index, entry] of entries.entries()) {
      for (const [at, address] of entry.targets.entries()) {
        const problem = addressProblem(address);
        if (problem === undefined) continue;
        const mend = "; write host:port, and the path under metrics_path";
        throw errorAt(problem + mend, [...place.path, index, "targets", at], place.document);
      }
    }
    const groups = entries.map((entry, index) => toTargetGroup(entry, String(index)));
    return () => ({
      run(emit, signal) {
        emit(groups);
        return untilAborted(signal);
      },
    });
  },
};
