/** The cluster's routes, where the server watches a cluster: the demo's laboratory today. */

import type { Hono } from "hono";
import { createClusterRoutes } from "../api/cluster-routes.ts";
import { flowExplainRoutes } from "../api/flow-explain-routes.ts";
import type { ClusterView } from "../cilium/cluster-view.ts";

/** The routes to serve: none without a cluster. */
export function clusterFeature(view: ClusterView | undefined): Hono[] {
  return view === undefined ? [] : [flowExplainRoutes(view), createClusterRoutes(view)];
}
