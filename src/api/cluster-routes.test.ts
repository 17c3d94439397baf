import { describe, expect, it } from "vitest";
import { AppError } from "../base/errors.ts";
import type { ClusterEndpoint, ClusterView } from "../cilium/cluster-view.ts";
import { createClusterRoutes } from "./cluster-routes.ts";

const endpoint: ClusterEndpoint = {
  id: 814,
  clusterName: "default",
  nodeName: "worker",
  kind: "pod",
  namespace: "default",
  podName: "xwing",
  workload: undefined,
  ipv4: "10.0.1.7",
  ipv6: undefined,
  identity: 1234,
  labels: ["k8s:class=xwing"],
  state: "ready",
  policy: { ingress: true, egress: false, revision: 3 },
  redirects: { http: 0, dns: 1 },
};
const view: ClusterView = {
  endpoints: async () => [endpoint, { ...endpoint, nodeName: "other", namespace: "kube-system" }],
  identities: async () => [],
  policies: async () => [{ clusterName: "default", revision: 3, policies: [], refused: [] }],
  nodes: async () => [],
  services: async () => [],
  unmanagedPods: async () => [
    {
      clusterName: "default",
      nodeName: "n1",
      namespace: "shop",
      podName: "old",
      workload: undefined,
      ipv4: "10.0.0.9",
      reason: "It runs since before Cilium.",
      mend: "Restart it.",
    },
  ],
};

describe("the cluster's routes", () => {
  it("list endpoints, by namespace and node", async () => {
    const app = createClusterRoutes(view);
    const count = async (path: string) =>
      ((await (await app.request(path)).json()) as unknown[]).length;
    expect(await count("/endpoints")).toBe(2);
    expect(await count("/endpoints?namespace=default")).toBe(1);
    expect(await count("/endpoints/814?node=other")).toBe(1);
    expect((await app.request("/endpoints/1")).status).toBe(404);
  });

  it("answer 503 while nobody answers for the cluster", async () => {
    const nobody = async (): Promise<never> => {
      throw new AppError("not_running", "cannot find a running laboratory");
    };
    const app = createClusterRoutes({ ...view, nodes: nobody });
    const response = await app.request("/nodes");
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ error: "cannot find a running laboratory" });
  });

  it("lists pods that no agent manages, with the reason", async () => {
    const response = await createClusterRoutes(view).request("/pods/unmanaged");
    expect(await response.json()).toMatchObject([{ podName: "old", mend: "Restart it." }]);
  });
});
