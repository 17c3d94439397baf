/**
 * GET /api/ciliascope/v1/dropped-targets: runs the relabel configs of each dropped target's pool one by
 * one over its discovered labels and tells which dropped it. `limit` bounds the targets looked at.
 */

import { Hono } from "hono";
import { type Labels, LabelsBuilder } from "../model/labels.ts";
import { relabelDefaults } from "../relabel/relabel-config.ts";
import type { ApiSources } from "./api-sources.ts";
import { readCount } from "./flow-request.ts";
import { guarded } from "./own-answers.ts";
import { type PoolRule, readPoolConfigs } from "./pool-relabelling.ts";
import type { DroppedTargetAnswer, DroppedTargetsAnswer } from "./wire/dropped-targets.ts";

const limitDefault = 200;
const limitMax = 5000;

/** The route, to be mounted below /api/ciliascope/v1. */
export function droppedTargetRoutes(sources: ApiSources): Hono {
  const routes = new Hono();
  routes.get("/dropped-targets", (context) =>
    guarded((): DroppedTargetsAnswer => {
      const bounds = { normal: limitDefault, max: limitMax };
      const limit = readCount(context.req.query("limit"), "limit", bounds);
      const pools = readPoolConfigs(sources.configYaml());
      const dropped = sources.targets.droppedTargets().slice(0, limit);
      return {
        targets: dropped.map(({ discoveredLabels, scrapePool }) => ({
          pool: scrapePool,
          discoveredLabels: discoveredLabels.toObject(),
          droppedBy: findRule(pools.get(scrapePool)?.rules ?? [], discoveredLabels),
        })),
        counts: sources.targets.droppedTargetCounts(),
      };
    }),
  );
  return routes;
}

function findRule(
  rules: readonly PoolRule[],
  discovered: Labels,
): DroppedTargetAnswer["droppedBy"] {
  const builder = new LabelsBuilder(discovered);
  for (const [index, { config, program }] of rules.entries()) {
    const sourceLabels = config.source_labels ?? [];
    const separator = config.separator ?? relabelDefaults.separator;
    const value = sourceLabels.map((name) => builder.get(name)).join(separator);
    if (program.run(builder)) continue;
    return {
      index,
      action: config.action ?? relabelDefaults.action,
      sourceLabels,
      value,
      regex: config.regex ?? relabelDefaults.regex,
      targetLabel: config.target_label ?? "",
    };
  }
  return null;
}
