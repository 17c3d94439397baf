// @vitest-environment jsdom
import { cleanup, fireEvent, screen, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { MapAnswer, MapEdgeAnswer, MapNodeAnswer } from "../../src/api/wire/map.ts";
import { renderPage } from "../testing/render-page.tsx";
// The page is a part of its own: loaded here, so that no test waits for it.
import "./service-map-page.tsx";

beforeEach(() => {
  // The virtual table asks for its height.
  Object.defineProperty(HTMLElement.prototype, "clientHeight", { configurable: true, value: 600 });
  Object.defineProperty(HTMLElement.prototype, "offsetHeight", { configurable: true, value: 600 });
});
afterEach(cleanup);

function node(name: string): MapNodeAnswer {
  return {
    id: `default/${name}`,
    kind: "Deployment",
    name,
    namespace: "default",
    cluster: "default",
    identities: [1],
    podCount: 2,
    pods: [`default/${name}-1`],
    labels: [],
    isOutside: false,
    change: "",
    filter: `--pod default/${name}`,
  };
}

function edge(source: string, destination: string, verdict: string): MapEdgeAnswer {
  return {
    id: `default/${source} -> default/${destination}`,
    source: `default/${source}`,
    destination: `default/${destination}`,
    flows: 600,
    perSecond: 2,
    verdict,
    verdicts: { [verdict]: 600 },
    dropReasons: verdict === "DROPPED" ? { POLICY_DENIED: 600 } : {},
    ports: { "TCP 80": 600 },
    portCount: 1,
    l7: [],
    latency: null,
    history: [600],
    dropHistory: [0],
    firstMs: 0,
    lastMs: 1,
    change: "",
    vs: null,
  };
}

const map: MapAnswer = {
  level: "workload",
  startMs: 0,
  endMs: 300_000,
  seconds: 300,
  heldSinceMs: null,
  completeness: { seen: 1200, lost: 0, share: 1, offMs: 0 },
  nodes: [node("xwing"), node("deathstar"), node("<b>lander</b>")],
  edges: [edge("xwing", "deathstar", "DROPPED"), edge("<b>lander</b>", "deathstar", "FORWARDED")],
  flows: 1200,
  other: 0,
  historyStepMs: 300_000,
  vs: null,
  tookMs: 1,
};
const path = "/api/ciliascope/v1/map";

describe("Service map", () => {
  it("lists every edge with verdict and rate, names as text", async () => {
    renderPage("/map?view=list", { [path]: map });
    const table = await screen.findByRole("table", { name: /Edges of the service map: 2 of 2/ });
    expect(within(table).getAllByText("default/<b>lander</b>").length).toBeGreaterThan(0);
    expect(within(table).getAllByText("2 /s")).toHaveLength(2);
  });

  it("opens an edge with its ways on to flows, policies and metrics", async () => {
    renderPage("/map?view=list", { [path]: map });
    fireEvent.click(
      await screen.findByRole("button", { name: "default/xwing to default/deathstar" }),
    );
    const drawer = await screen.findByRole("complementary", { name: "Edge" });
    expect(within(drawer).getByText("policy denied", { exact: false })).toBeTruthy();
    const href = (name: RegExp) =>
      decodeURIComponent(within(drawer).getByRole("link", { name }).getAttribute("href") ?? "");
    expect(href(/^Flows f/)).toMatch(/^\/flows\?.*deathstar/);
    expect(href(/^Policies p/)).toContain("/policies?ns=default");
    expect(href(/^Metrics$/)).toContain("/explore?");
  });

  it("asks again why an edge is dropped, where it could not be told at first", async () => {
    let asked = 0;
    const step = {
      state: "misses",
      title: "rule1",
      text: "wants org=empire",
      place: null,
      line: 0,
    };
    renderPage("/map?view=list&refresh=1s", {
      [path]: map,
      "/api/ciliascope/v1/flows": ({ pathname }: URL) =>
        pathname.endsWith("/flows")
          ? { flows: [{ verdict: "DROPPED" }] }
          : Response.json({ error: "not here" }, { status: 404 }),
      "/api/ciliascope/v1/flows/explain": () => {
        asked++;
        if (asked === 1) return Response.json({ error: "busy" }, { status: 503 });
        return { silence: null, sides: [{ steps: [step] }] };
      },
    });
    fireEvent.click(
      await screen.findByRole("button", { name: "default/xwing to default/deathstar" }),
    );
    expect(await screen.findByText(/It cannot be explained now: .*busy/)).toBeTruthy();
    expect(await screen.findByText(/wants org=empire/)).toBeTruthy();
    expect(screen.queryByText(/cannot be explained/)).toBeNull();
  });

  it("says what to do where no flow was seen", async () => {
    renderPage("/map", { [path]: { ...map, nodes: [], edges: [], flows: 0 } });
    expect(await screen.findByText(/No flow was seen/)).toBeTruthy();
    expect(screen.getByRole("button", { name: "Last 24 hours" })).toBeTruthy();
  });
});
