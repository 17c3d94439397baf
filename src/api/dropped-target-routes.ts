/**
 * GET /api/ciliascope/v1/dropped-targets: runs the relabel configs of each dropped target's pool one by
 * one over its discovered labels and tells which dropped it. `limit` bounds the targets looked at.
 */

import { Hono } from "hono";
import { type Labels, LabelsBuilder } from "../model/labels.ts";
import {
  type RelabelConfig,
  relabelConfigSchema,
  relabelDefaults,
} from "../relabel/relabel-config.ts";
import { compileCheckedConfigs, type RelabelProgram } from "../relabel/relabel-program.ts";
import { parseYamlDocument } from "../schema/yaml-document.ts";
import type { ApiSources } from "./api-sources.ts";
import { readCount } from "./flow-request.ts";
import { guarded } from "./own-answers.ts";
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
      const pools = readPools(sources.configYaml());
      const dropped = sources.targets.droppedTargets().slice(0, limit);
      return {
        targets: dropped.map(({ discoveredLabels, scrapePool }) => ({
          pool: scrapePool,
          discoveredLabels: discoveredLabels.toObject(),
          droppedBy: findRule(pools.get(scrapePool) ?? [], discoveredLabels),
        })),
        counts: sources.targets.droppedTargetCounts(),
      };
    }),
  );
  return routes;
}

interface Rule {
  readonly config: RelabelConfig;
  readonly program: RelabelProgram;
}

/** Relabel configs of each job of the configuration in force. */
function readPools(yaml: string): ReadonlyMap<string, readonly Rule[]> {
  const pools = new Map<string, readonly Rule[]>();
  const { value } = parseYamlDocument(yaml);
  const jobs = (value as { scrape_configs?: unknown } | null)?.scrape_configs;
  for (const job of Array.isArray(jobs) ? (jobs as readonly unknown[]) : []) {
    const { job_name: name, relabel_configs: configs } = job as {
      job_name?: unknown;
      relabel_configs?: unknown;
    };
    const rules = (Array.isArray(configs) ? (configs as readonly unknown[]) : []).map((one) => {
      const config = relabelConfigSchema.parse(one);
      return { config, program: compileCheckedConfigs([config]) };
    });
    pools.set(String(name), rules);
  }
  return pools;
}

function findRule(rules: readonly Rule[], discovered: Labels): DroppedTargetAnswer["droppedBy"] {
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
