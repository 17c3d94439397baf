// @vitest-environment jsdom
import { cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { WireEndpoint } from "../../src/api/wire/cluster.ts";
import { quietStatus, renderPage } from "../testing/render-page.tsx";
// The page is a part of its own: loaded here, so that no test waits for it.
import "./endpoints-page.tsx";

const base = "/api/ciliascope/v1";

beforeEach(() => {
  Object.defineProperty(HTMLElement.prototype, "clientHeight", { configurable: true, value: 600 });
});
afterEach(cleanup);

function endpoint(id: number, podName: string, state = "ready"): WireEndpoint {
  return {
    id,
    clusterName: "default",
    nodeName: id % 2 === 0 ? "kind-worker" : "kind-control-plane",
    kind: "pod",
    namespace: "default",
    podName,
    ipv4: "10.0.1.2",
    identity: 22_112,
    labels: [`k8s:class=${podName}`, "k8s:io.kubernetes.pod.namespace=default"],
    state,
    policy: { ingress: true, egress: false, revision: 13 },
    redirects: { http: 1, dns: 0 },
  };
}

const rules = { isDefaultDeny: false, rules: [] };
const answers = {
  [`${base}/endpoints`]: [endpoint(814, "xwing"), endpoint(815, "deathstar", "regenerating")],
  [`${base}/endpoints/814/policy`]: {
    revision: 14,
    egress: rules,
    ingress: {
      isDefaultDeny: true,
      rules: [
        {
          kind: "CiliumNetworkPolicy",
          namespace: "default",
          name: "rule1",
          section: "ingress",
          index: 0,
          line: 10,
          isDeny: false,
          peers: ["org=empire"],
        },
      ],
    },
  },
  [`${base}/identities`]: [
    {
      id: 22_112,
      clusterName: "default",
      labels: ["k8s:class=xwing"],
      isReserved: false,
      endpointCount: 2,
    },
  ],
  [`${base}/identities/references`]: [
    { id: 22_112, clusterName: "default", selectedBy: ["default/rule1"] },
  ],
  [`${base}/cluster/policies`]: [{ clusterName: "default", revision: 14, policies: [] }],
  [`${base}/pods/unmanaged`]: [
    {
      clusterName: "default",
      nodeName: "kind-worker",
      namespace: "shop",
      podName: "old",
      ipv4: "10.0.1.9",
      reason: "It runs since before Cilium.",
      mend: "Restart it.",
    },
  ],
};

describe("Endpoints", () => {
  it("lists endpoints with state, enforcement and a revision that is behind", async () => {
    const { router } = renderPage("/endpoints", answers);
    const row = (await screen.findByRole("button", { name: /xwing$/ })).closest("tr");
    expect(row?.textContent).toContain("Enforced");
    expect(row?.textContent).toContain("Open");
    await waitFor(() =>
      expect(row?.textContent).toContain("13 behind: the cluster is at 14 of 14"),
    );
    fireEvent.click(screen.getByRole("button", { name: "Regenerating 1" }));
    expect(router.location.params.get("state")).toBe("regenerating");
    await waitFor(() => expect(screen.queryByRole("button", { name: /xwing$/ })).toBeNull());
  });

  it("opens an endpoint with the rules that act on it and ways to its flows", async () => {
    const { router } = renderPage("/endpoints", answers);
    fireEvent.click(await screen.findByRole("button", { name: /xwing$/ }));
    expect(router.location.path).toBe("/endpoints/814");
    const drawer = await screen.findByRole("complementary", { name: "Endpoint" });
    const rule = await within(drawer).findByRole("link", { name: "default/rule1, ingress[0]" });
    expect(rule.getAttribute("href")).toContain("line=10");
    expect(within(drawer).getByText("org=empire")).toBeTruthy();
    expect(within(drawer).getByRole("link", { name: "Flows" }).getAttribute("href")).toContain(
      "--pod+default/xwing",
    );
    fireEvent.click(within(drawer).getByRole("button", { name: "Close the endpoint" }));
    await waitFor(() => expect(screen.queryByRole("complementary")).toBeNull());
    expect(router.location.path).toBe("/endpoints");
  });

  it("says so where the endpoint of a link is gone", async () => {
    renderPage("/endpoints/99", answers);
    expect(await screen.findByText("There is no endpoint 99.")).toBeTruthy();
  });

  it("lists identities with endpoints and policies, and unmanaged pods with the reason", async () => {
    renderPage("/endpoints?view=identities", answers);
    expect(await screen.findByText("class=xwing")).toBeTruthy();
    expect(await screen.findByText("1: default/rule1")).toBeTruthy();
    fireEvent.click(screen.getByRole("radio", { name: "Unmanaged pods 1" }));
    expect(await screen.findByText("Restart it.")).toBeTruthy();
  });

  it("says what to do where no cluster is watched", async () => {
    const { asked } = renderPage("/endpoints", {
      "/api/ciliascope/v1/status": { ...quietStatus, isClusterWatched: false },
    });
    expect(await screen.findByText("No cluster is watched.")).toBeTruthy();
    expect(asked.filter((url) => url.includes("/endpoints"))).toEqual([]);
  });
});
