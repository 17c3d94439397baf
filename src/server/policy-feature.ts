/** The policy routes: flows from the store, policies and endpoints of the cluster that is watched, drafts on disk. */

import { join } from "node:path";
import type { Hono } from "hono";
import { PolicyDrafts } from "../api/policy-drafts.ts";
import { policyRoutes } from "../api/policy-routes.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { ClusterView } from "../cilium/cluster-view.ts";
import type { FlowKeeping } from "./flow-keeping.ts";

/** What the routes are made of. */
export interface PolicyFeatureOptions {
  readonly keeping: FlowKeeping;
  readonly view: ClusterView | undefined;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The routes to serve. */
export function policyFeature({
  keeping,
  view,
  dataDir,
  clock,
  logger,
}: PolicyFeatureOptions): Hono[] {
  const { store, completeness } = keeping;
  const drafts = new PolicyDrafts(
    join(dataDir, "policy-drafts"),
    clock,
    logger.child({ part: "policy" }),
  );
  return [policyRoutes({ store, completeness, view, drafts, clock })];
}
