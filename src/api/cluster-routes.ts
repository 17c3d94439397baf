/**
 * The cluster as the page sees it, relative to /api/ciliascope/v1: endpoints, identities, nodes,
 * policies and services of the cluster that is watched. 503 while nobody answers for it.
 */

import { Hono } from "hono";
import { AppError } from "../base/errors.ts";
import type { ClusterEndpoint, ClusterView } from "../cilium/cluster-view.ts";
import { refuse } from "./own-answers.ts";
import type {
  WireClusterPolicies,
  WireEndpoint,
  WireIdentity,
  WireNode,
  WireService,
  WireUnmanagedPod,
} from "./wire/cluster.ts";

/** The routes over one view. */
export function createClusterRoutes(view: ClusterView): Hono {
  const app = new Hono();
  app.get("/endpoints", (context) =>
    answer(async (): Promise<readonly WireEndpoint[]> => {
      const { namespace, node } = context.req.query();
      const all = await view.endpoints();
      return all
        .filter(
          (one) =>
            (namespace === undefined || one.namespace === namespace) &&
            (node === undefined || one.nodeName === node),
        )
        .map(toWire);
    }),
  );
  app.get("/endpoints/:id", (context) =>
    answer(async (): Promise<readonly WireEndpoint[]> => {
      const id = Number(context.req.param("id"));
      const { node } = context.req.query();
      const found = (await view.endpoints()).filter(
        (one) => one.id === id && (node === undefined || one.nodeName === node),
      );
      if (found.length === 0)
        throw new AppError("query", `there is no endpoint ${context.req.param("id")}`);
      return found.map(toWire);
    }),
  );
  app.get("/identities", () => answer((): Promise<readonly WireIdentity[]> => view.identities()));
  app.get("/nodes", () => answer((): Promise<readonly WireNode[]> => view.nodes()));
  app.get("/cluster/policies", () =>
    answer((): Promise<readonly WireClusterPolicies[]> => view.policies()),
  );
  app.get("/cluster/services", () =>
    answer((): Promise<readonly WireService[]> => view.services()),
  );
  app.get("/pods/unmanaged", () =>
    answer(
      async (): Promise<readonly WireUnmanagedPod[]> =>
        (await view.unmanagedPods()).map(({ workload, ...rest }) => ({
          ...rest,
          ...(workload === undefined ? {} : { workload }),
        })),
    ),
  );
  return app;
}

function toWire({ workload, ipv6, ...rest }: ClusterEndpoint): WireEndpoint {
  return {
    ...rest,
    ...(workload === undefined ? {} : { workload }),
    ...(ipv6 === undefined ? {} : { ipv6 }),
  };
}

async function answer(run: () => Promise<unknown>): Promise<Response> {
  try {
    return Response.json(await run());
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown;
    const isAway = thrown.code === "not_running" || thrown.code === "unreachable";
    return refuse(isAway ? 503 : 404, thrown.message);
  }
}
