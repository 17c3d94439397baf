import { describe, expect, it } from "vitest";
import type { MapAnswer, MapEdgeAnswer, MapNodeAnswer } from "../../src/api/wire/map.ts";
import { lookOf, rateText } from "./link-facts.ts";
import { filterOf } from "./map-filters.ts";
import { buildMapModel, everyIsland, findPlaces, placesMax, placesWanted } from "./map-model.ts";
import { readMapState, secondWindow, writeMapState } from "./map-state.ts";
import { walk } from "./map-walk.ts";

const node = (
  namespace: string,
  name: string,
  more: Partial<MapNodeAnswer> = {},
): MapNodeAnswer => ({
  id: `${namespace}/${name}`,
  kind: namespace === "" ? "entity" : "Deployment",
  name,
  namespace,
  cluster: "",
  identities: [7],
  podCount: 2,
  pods: [],
  labels: [],
  isOutside: namespace === "",
  change: "",
  filter: "",
  ...more,
});
const edge = (
  source: string,
  destination: string,
  verdicts: Record<string, number>,
  more: Partial<MapEdgeAnswer> = {},
): MapEdgeAnswer => {
  const flows = Object.values(verdicts).reduce((sum, count) => sum + count, 0);
  return {
    id: `${source} -> ${destination}`,
    source,
    destination,
    flows,
    perSecond: flows / 10,
    verdict: "",
    verdicts,
    dropReasons: {},
    ports: { "TCP 80": flows },
    portCount: 1,
    l7: [],
    latency: null,
    history: [],
    dropHistory: [],
    firstMs: 0,
    lastMs: 0,
    change: "",
    vs: null,
    ...more,
  };
};
const answer = (nodes: MapNodeAnswer[], edges: MapEdgeAnswer[]): MapAnswer => ({
  level: "workload",
  startMs: 0,
  endMs: 60_000,
  seconds: 60,
  heldSinceMs: null,
  completeness: { seen: 0, lost: 0, share: 1, offMs: 0 },
  nodes,
  edges,
  flows: 0,
  other: 0,
  historyStepMs: 60_000,
  vs: null,
  tookMs: 1,
});
const state = (query: string) => readMapState(new URLSearchParams(query));

const small = answer(
  [
    node("shop", "web"),
    node("shop", "cart"),
    node("dns", "coredns"),
    node("", "world"),
    node("", "host"),
  ],
  [
    edge("shop/web", "shop/cart", { FORWARDED: 90, DROPPED: 10 }),
    edge("shop/web", "dns/coredns", { REDIRECTED: 5, FORWARDED: 5 }, { ports: { "UDP 53": 10 } }),
    edge("shop/cart", "dns/coredns", { DROPPED: 9 }, { ports: { "UDP 53": 9 } }),
    edge("/world", "shop/web", { FORWARDED: 3 }),
    edge("/host", "shop/web", { FORWARDED: 50 }),
  ],
);

describe("buildMapModel", () => {
  it("makes an island of each namespace and one of who calls from outside, and hides probes", () => {
    const model = buildMapModel(small, state(""));
    expect(model.islands.map(({ id, detail }) => `${id}: ${detail}`)).toEqual([
      "@callers: 1 place",
      "dns: 1 workload, 2 pods",
      "shop: 2 workloads, 4 pods",
    ]);
    expect(model.hiddenEdges).toBe(1);
    expect(buildMapModel(small, state("hide=none")).hiddenEdges).toBe(0);
    expect(buildMapModel(small, state("hide=probes,dns,world")).links).toHaveLength(1);
  });

  it("folds an island to one box and adds its edges up", () => {
    const model = buildMapModel(small, state("fold=shop"));
    const link = model.links.find(({ id }) => id === "island:shop -> dns/coredns");
    expect(link?.edge.verdicts).toEqual({ REDIRECTED: 5, FORWARDED: 5, DROPPED: 9 });
    expect(model.places.get("island:shop")?.detail).toBe("2 workloads, 4 pods");
  });

  it("draws chosen namespaces open and their neighbours folded", () => {
    const model = buildMapModel(small, state("ns=dns"));
    expect([...model.places.keys()].sort()).toEqual(["dns/coredns", "island:shop"]);
  });

  it("folds quiet islands of a large map and says so; all are drawn where asked for, within the bound", () => {
    const nodes = Array.from({ length: 800 }, (_, index) => node(`ns${index % 20}`, `s${index}`));
    const edges = nodes
      .slice(20)
      .map((to, index) => edge(nodes[index]!.id, to.id, { FORWARDED: 1 + (index % 20) }));
    const large = answer(nodes, edges);
    const model = buildMapModel(large, state(""));
    expect(model.places.size).toBeLessThanOrEqual(placesWanted);
    expect(model.notes.join(" ")).toMatch(/quiet islands are folded/);
    const all = buildMapModel(large, state(`open=${everyIsland}`));
    expect(all.places.size).toBeGreaterThan(placesWanted);
    expect(all.places.size).toBeLessThanOrEqual(placesMax);
  });

  it("finds by name, namespace and label", () => {
    const model = buildMapModel(small, state(""));
    expect(findPlaces(model, "CART")).toEqual(["shop/cart"]);
    expect(findPlaces(model, "dns/")).toEqual(["dns/coredns"]);
  });
});

describe("links", () => {
  it("are drawn as dropped from half on, and marked where a part was dropped", () => {
    const [web, , cart] = buildMapModel(small, state("")).links;
    expect(lookOf(web!.edge, "rate")).toMatchObject({ verdict: "forwarded", mark: "dropped" });
    expect(lookOf(cart!.edge, "rate")).toMatchObject({ verdict: "dropped", label: "0.9 /s" });
  });

  it("say what changed beside a second window", () => {
    const vs = { flows: 10, perSecond: 1, verdicts: {}, p90Ms: null };
    const now = edge("a", "b", { FORWARDED: 22 }, { change: "same", vs });
    expect(lookOf(now, "rate").label).toBe("+120 %");
    expect(lookOf({ ...now, change: "gone" }, "rate").label).toBe("gone");
  });

  it("write rare rates by the minute and large ones with thin spaces", () => {
    expect([0, 0.02, 2.123, 34.4, 1234].map(rateText)).toEqual([
      "0 /s",
      "1.2 /min",
      "2.1 /s",
      "34 /s",
      "1\u2009200 /s",
    ]);
  });

  it("lead to the flow filter of their ends, names quoted where needed", () => {
    const model = buildMapModel(small, state(""));
    expect(filterOf(model, "shop/web -> shop/cart")).toBe(
      "--from-workload Deployment/web --from-namespace shop --to-workload Deployment/cart --to-namespace shop",
    );
    const mesh = answer(
      [node("shop", "web", { cluster: "c1" }), node("shop", "cart", { cluster: "c2" })],
      [edge("shop/web", "shop/cart", { FORWARDED: 1 })],
    );
    expect(filterOf(buildMapModel(mesh, state("")), "shop/web -> shop/cart")).toBe(
      "--from-workload Deployment/web --from-namespace shop --from-cluster c1 --to-workload Deployment/cart --to-namespace shop --to-cluster c2",
    );
    const odd = answer(
      [node("a b", "x'y"), node("c", "d")],
      [edge("a b/x'y", "c/d", { FORWARDED: 1 })],
    );
    expect(filterOf(buildMapModel(odd, state("")), "a b/x'y")).toBe(
      "--workload 'Deployment/x'\\''y'",
    );
  });
});

describe("map state", () => {
  it("survives its way through the address", () => {
    const text =
      "ns=a,b&level=namespace&metric=latency&hide=dns&sel=x&vs=1h&view=list&find=q&fold=c&open=d&x=10&y=-20&z=0.5";
    const params = new URLSearchParams();
    for (const [name, value] of Object.entries(writeMapState(state(text)))) {
      if (typeof value === "string") params.set(name, value);
    }
    expect(readMapState(params)).toEqual(state(text));
    expect(Object.values(writeMapState(state(""))).every((value) => value === null)).toBe(true);
  });

  it("knows the window before, one an hour ago and a fixed one", () => {
    const first = { fromMs: 7_200_000, toMs: 7_500_000 };
    expect(secondWindow("prev", first)).toEqual({ fromMs: 6_900_000, toMs: 7_200_000 });
    expect(secondWindow("1h", first)).toEqual({ fromMs: 3_600_000, toMs: 3_900_000 });
    expect(secondWindow("1700000000000,1700000060000", first)?.fromMs).toBe(1_700_000_000_000);
    expect(secondWindow("nonsense", first)).toBeUndefined();
  });
});

describe("walk", () => {
  const { links } = buildMapModel(small, state(""));
  const box = (x: number, y: number) => ({ x, y, width: 10, height: 10 });
  const ground = {
    links,
    boxes: {
      "shop/web": box(0, 0),
      "shop/cart": box(100, 0),
      "dns/coredns": box(200, 50),
      "/world": box(-100, 0),
    },
  };

  it("goes right along the busiest edge to its server, down to the next edge, left back", () => {
    const onEdge = walk(ground, { id: "shop/web" }, "ArrowRight");
    expect(onEdge).toEqual({ id: "shop/web -> shop/cart", from: "shop/web" });
    const next = walk(ground, onEdge, "ArrowDown");
    expect(next.id).toBe("shop/web -> dns/coredns");
    expect(walk(ground, next, "ArrowRight")).toEqual({ id: "dns/coredns" });
    expect(walk(ground, next, "ArrowLeft")).toEqual({ id: "shop/web" });
  });

  it("begins at the upper left and stays where there is no way", () => {
    expect(walk(ground, undefined, "ArrowRight")).toEqual({ id: "/world" });
    expect(walk(ground, { id: "dns/coredns" }, "ArrowRight")).toEqual({ id: "dns/coredns" });
  });
});
