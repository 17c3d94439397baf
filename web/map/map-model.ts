/**
 * From the server's answer to what is drawn: islands of namespaces, places (a workload, a folded island,
 * something outside) and links between them. Leaves out hidden traffic, folds what was folded, and keeps
 * the drawing within bounds: small islands are folded first, and `notes` say so. Pure, O(nodes + edges).
 */

import type { MapAnswer, MapChange, MapEdgeAnswer, MapNodeAnswer } from "../../src/api/wire/map.ts";
import type { Verdict } from "../ui/verdict.ts";
import { mainVerdict, mergeEdges, type VerdictCounts, verdictCounts } from "./link-facts.ts";
import type { MapState } from "./map-state.ts";

/** Boxes drawn at first, which can be read; more islands can be opened by hand. */
export const placesWanted = 160;
/** Drawn at most, once all islands were asked for; beyond, the least busy are one box. */
export const placesMax = 600;
export const linksMax = 1600;
/** In `opened`: all islands. */
export const everyIsland = "*";

/** One box of the map. */
export interface MapPlace {
  readonly id: string;
  readonly island: string;
  readonly kind: "workload" | "outside" | "namespace" | "island" | "rest";
  readonly name: string;
  readonly detail: string;
  readonly namespace: string;
  /** Where the map has several clusters, the one that it is in; else "". */
  readonly cluster: string;
  readonly members: readonly MapNodeAnswer[];
  /** Of the links that touch it. */
  readonly verdict: Verdict;
  readonly hasDrops: boolean;
  readonly change: MapChange;
}

/** One line of the map: an edge of the server's, or several between folded places. */
export interface MapLink {
  readonly id: string;
  readonly source: string;
  readonly destination: string;
  readonly edge: MapEdgeAnswer;
  readonly members: readonly MapEdgeAnswer[];
}

/** A frame around places. */
export interface MapIsland {
  readonly id: string;
  readonly title: string;
  readonly detail: string;
  readonly kind: "namespace" | "outside" | "none";
  readonly isFolded: boolean;
  readonly placeIds: readonly string[];
}

/** All that is drawn. */
export interface MapModel {
  readonly islands: readonly MapIsland[];
  readonly places: ReadonlyMap<string, MapPlace>;
  /** Those that are drawn. */
  readonly links: readonly MapLink[];
  /** Those of the list too. */
  readonly allLinks: readonly MapLink[];
  /** What was left out, in sentences. */
  readonly notes: readonly string[];
  /** Islands were folded to keep the drawing small. */
  readonly isFoldedByItself: boolean;
  readonly hiddenEdges: number;
  /** Whole numbers of the answer, before folding. */
  readonly nodeCount: number;
  readonly edgeCount: number;
  readonly podCount: number;
}

/** Islands that are no namespace. */
export const callersIsland = "@callers";
export const outsideIsland = "@outside";
export const clusterIsland = "@cluster";
const plainIsland = "@namespaces";

const islandTitles: Readonly<Record<string, string>> = {
  [callersIsland]: "World, in",
  [outsideIsland]: "World, out",
  [clusterIsland]: "Nodes",
  [plainIsland]: "",
};
const probeNames: ReadonlySet<string> = new Set(["host", "remote-node", "health"]);
const entityDetails: Readonly<Record<string, string>> = {
  world: "outside the cluster",
  host: "the node itself",
  "remote-node": "other nodes",
  health: "health endpoints",
  "kube-apiserver": "Kubernetes API",
  ingress: "Cilium's ingress",
  init: "endpoints without identity yet",
  unmanaged: "pods without an agent",
};

/** Islands where outside nodes stood before: they stay there when they begin to answer or to call. */
export type KnownIslands = ReadonlyMap<string, string>;

/** What to draw of `answer`. */
export function buildMapModel(
  answer: MapAnswer,
  state: Pick<MapState, "namespaces" | "hidden" | "folded" | "opened">,
  known: KnownIslands = new Map(),
): MapModel {
  const nodes = new Map(answer.nodes.map((node) => [node.id, node]));
  const shown = answer.edges.filter((edge) => !isHidden(edge, nodes, state.hidden));
  const groups = groupIslands(answer, shown, known);
  const wanted = foldIslands(groups, state, answer.level === "namespace");
  const placeOf = new Map<string, string>();
  const drafts = new Map<string, PlaceDraft>();
  for (const group of wanted.groups) draftPlaces(group, placeOf, drafts);
  const links = drawLinks(shown, placeOf, { drafts, chosen: wanted.chosen });
  const notes = [...wanted.notes, ...links.notes];
  const { places, islands } = finishPlaces(wanted.groups, drafts, {
    links: links.links,
    hasClusters: clustersOf(answer).size > 1,
  });
  return {
    islands,
    places,
    links: links.links,
    allLinks: links.all,
    notes,
    isFoldedByItself: wanted.foldedCount > 0,
    hiddenEdges: answer.edges.length - shown.length,
    nodeCount: answer.nodes.length,
    edgeCount: answer.edges.length,
    podCount: answer.nodes.reduce((sum, node) => sum + node.podCount, 0),
  };
}

/** Places that have `text` in a name, a namespace or a label. */
export function findPlaces(model: MapModel, text: string): readonly string[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return [];
  const has = (node: MapNodeAnswer) =>
    `${node.namespace}/${node.name}`.toLowerCase().includes(wanted) ||
    node.labels.some((label) => label.toLowerCase().includes(wanted));
  return [...model.places.values()]
    .filter((place) => place.name.toLowerCase().includes(wanted) || place.members.some(has))
    .map((place) => place.id);
}

/** Namespaces with how much they have, for the chooser. */
export function namespacesOf(
  answer: MapAnswer,
): readonly { readonly name: string; readonly workloads: number; readonly flows: number }[] {
  const counts = new Map<string, { workloads: number; flows: number }>();
  const byId = new Map<string, string>();
  for (const node of answer.nodes) {
    if (node.namespace === "") continue;
    byId.set(node.id, node.namespace);
    const entry = counts.get(node.namespace) ?? { workloads: 0, flows: 0 };
    entry.workloads++;
    counts.set(node.namespace, entry);
  }
  for (const edge of answer.edges) {
    const ends = new Set([byId.get(edge.source), byId.get(edge.destination)]);
    for (const end of ends) {
      const entry = end === undefined ? undefined : counts.get(end);
      if (entry !== undefined) entry.flows += edge.flows;
    }
  }
  return [...counts]
    .map(([name, entry]) => ({ name, ...entry }))
    .sort((a, b) => a.name.localeCompare(b.name));
}

function isHidden(
  edge: MapEdgeAnswer,
  nodes: ReadonlyMap<string, MapNodeAnswer>,
  hidden: MapState["hidden"],
): boolean {
  if (hidden.size === 0) return false;
  const ends = [nodes.get(edge.source), nodes.get(edge.destination)];
  if (hidden.has("probes") && ends.some(isProbe)) return true;
  if (hidden.has("world") && ends.some((node) => node !== undefined && isWorld(node))) return true;
  if (!hidden.has("dns")) return false;
  const ports = Object.keys(edge.ports);
  return ports.length > 0 && ports.every((port) => port.endsWith(" 53"));
}

function isProbe(node: MapNodeAnswer | undefined): boolean {
  return node?.kind === "entity" && probeNames.has(node.name);
}

function isWorld({ kind, name }: MapNodeAnswer): boolean {
  return kind === "fqdn" || kind === "cidr" || (kind === "entity" && name.startsWith("world"));
}

interface IslandGroup {
  readonly id: string;
  readonly title: string;
  readonly kind: MapIsland["kind"];
  readonly nodes: MapNodeAnswer[];
  flows: number;
  isFolded: boolean;
  /** Drawn by themselves; the others are one place "n more". */
  shownNodes: number;
}

function groupIslands(
  answer: MapAnswer,
  edges: readonly MapEdgeAnswer[],
  known: KnownIslands,
): IslandGroup[] {
  const flows = new Map<string, number>();
  const called = new Set<string>();
  for (const edge of edges) {
    const count = Math.max(edge.flows, edge.vs?.flows ?? 0);
    flows.set(edge.source, (flows.get(edge.source) ?? 0) + count);
    flows.set(edge.destination, (flows.get(edge.destination) ?? 0) + count);
    called.add(edge.destination);
  }
  const clusters = clustersOf(answer);
  const groups = new Map<string, IslandGroup>();
  for (const node of answer.nodes) {
    const nodeFlows = flows.get(node.id);
    if (nodeFlows === undefined) continue;
    const id = islandOf(node, { isCalled: called.has(node.id), clusters, known });
    let group = groups.get(id);
    if (group === undefined) {
      const title = islandTitles[id] ?? id;
      const kind = id === plainIsland ? "none" : id.startsWith("@") ? "outside" : "namespace";
      group = { id, title, kind, nodes: [], flows: 0, isFolded: false, shownNodes: 0 };
      groups.set(id, group);
    }
    group.nodes.push(node);
    group.flows += nodeFlows;
  }
  for (const group of groups.values()) {
    group.nodes.sort((a, b) => (flows.get(b.id) ?? 0) - (flows.get(a.id) ?? 0));
    group.shownNodes = group.nodes.length;
  }
  return [...groups.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function clustersOf({ nodes }: MapAnswer): ReadonlySet<string> {
  return new Set(nodes.map(({ cluster }) => cluster).filter((name) => name !== ""));
}

function islandOf(
  node: MapNodeAnswer,
  at: {
    readonly isCalled: boolean;
    readonly clusters: ReadonlySet<string>;
    readonly known: KnownIslands;
  },
): string {
  if (node.kind === "Namespace") return plainIsland;
  if (node.namespace !== "") {
    return at.clusters.size > 1 ? `${node.cluster}/${node.namespace}` : node.namespace;
  }
  if (!isWorld(node)) return clusterIsland;
  return at.known.get(node.id) ?? (at.isCalled ? outsideIsland : callersIsland);
}

interface FoldedGroups {
  readonly groups: readonly IslandGroup[];
  readonly notes: readonly string[];
  readonly chosen: ReadonlySet<string> | undefined;
  readonly foldedCount: number;
}

function foldIslands(
  groups: IslandGroup[],
  state: Pick<MapState, "namespaces" | "folded" | "opened">,
  isNamespaceLevel: boolean,
): FoldedGroups {
  const notes: string[] = [];
  const named = new Set(state.namespaces);
  const isChosen = (group: IslandGroup) => group.nodes.some((node) => named.has(node.namespace));
  const chosen =
    named.size === 0 || isNamespaceLevel
      ? undefined
      : new Set(groups.filter(isChosen).map((group) => group.id));
  for (const group of groups) {
    const isContext = chosen !== undefined && group.kind === "namespace" && !chosen.has(group.id);
    group.isFolded = state.folded.has(group.id) || (isContext && !state.opened.has(group.id));
  }
  let drawn = groups.reduce((sum, group) => sum + (group.isFolded ? 1 : group.nodes.length), 0);
  const candidates = groups
    .filter((group) => !group.isFolded && group.kind === "namespace" && group.nodes.length > 1)
    .filter((group) => !state.opened.has(group.id))
    .sort((a, b) => a.flows - b.flows);
  const wanted = state.opened.has(everyIsland) ? placesMax : placesWanted;
  let foldedCount = 0;
  let foldedWorkloads = 0;
  for (const group of candidates) {
    // The busiest island stays open: what does not fit of it becomes one box.
    if (drawn <= wanted || group === candidates.at(-1)) break;
    group.isFolded = true;
    drawn -= group.nodes.length - 1;
    foldedCount++;
    foldedWorkloads += group.nodes.length;
  }
  if (foldedCount > 0) {
    notes.push(
      `${foldedCount} quiet ${foldedCount === 1 ? "island is" : "islands are"} folded (${foldedWorkloads} workloads), so that about ${wanted} boxes are drawn.`,
    );
  }
  if (drawn > placesMax) notes.push(cutLargest(groups, drawn));
  return { groups, notes, chosen, foldedCount };
}

/** Draws only the busiest of each island that is too large. */
function cutLargest(groups: readonly IslandGroup[], drawn: number): string {
  let over = drawn - placesMax;
  let hidden = 0;
  for (const group of [...groups].sort((a, b) => b.nodes.length - a.nodes.length)) {
    if (over <= 0) break;
    if (group.isFolded || group.nodes.length < 3) continue;
    const cut = Math.min(group.nodes.length - 2, over + 1);
    group.shownNodes = group.nodes.length - cut;
    over -= cut - 1;
    hidden += cut;
  }
  return `${hidden} of the least busy workloads are drawn as one box each namespace.`;
}

interface PlaceDraft {
  readonly id: string;
  readonly island: string;
  readonly kind: MapPlace["kind"];
  readonly members: MapNodeAnswer[];
  readonly group: IslandGroup;
}

function draftPlaces(
  group: IslandGroup,
  placeOf: Map<string, string>,
  drafts: Map<string, PlaceDraft>,
): void {
  const add = (id: string, kind: MapPlace["kind"], members: MapNodeAnswer[]) => {
    drafts.set(id, { id, island: group.id, kind, members, group });
    for (const node of members) placeOf.set(node.id, id);
  };
  if (group.isFolded) {
    add(`island:${group.id}`, "island", group.nodes);
    return;
  }
  for (const node of group.nodes.slice(0, group.shownNodes)) {
    const kind = node.kind === "Namespace" ? "namespace" : node.isOutside ? "outside" : "workload";
    add(node.id, kind, [node]);
  }
  const rest = group.nodes.slice(group.shownNodes);
  if (rest.length > 0) add(`rest:${group.id}`, "rest", rest);
}

function drawLinks(
  edges: readonly MapEdgeAnswer[],
  placeOf: ReadonlyMap<string, string>,
  at: {
    readonly drafts: ReadonlyMap<string, PlaceDraft>;
    readonly chosen: ReadonlySet<string> | undefined;
  },
): { links: readonly MapLink[]; all: readonly MapLink[]; notes: string[] } {
  const byPair = new Map<string, MapEdgeAnswer[]>();
  for (const edge of edges) {
    const source = placeOf.get(edge.source);
    const destination = placeOf.get(edge.destination);
    if (source === undefined || destination === undefined) continue;
    const ends = [at.drafts.get(source), at.drafts.get(destination)];
    // Traffic within one folded island is its own business.
    if (source === destination && ends[0]?.kind !== "workload") continue;
    if (at.chosen !== undefined && !ends.some((end) => at.chosen?.has(end?.island ?? ""))) continue;
    const id = `${source} -> ${destination}`;
    const found = byPair.get(id);
    if (found === undefined) byPair.set(id, [edge]);
    else found.push(edge);
  }
  const links = [...byPair].map(([id, members]): MapLink => {
    const [source = "", destination = ""] = id.split(" -> ");
    return {
      id,
      source,
      destination,
      members,
      edge: mergeEdges(members, { id, source, destination }),
    };
  });
  if (links.length <= linksMax) return { links, all: links, notes: [] };
  const weight = (link: MapLink) =>
    (verdictCounts(link.edge.verdicts).dropped > 0 ? 1e15 : 0) + link.edge.flows;
  links.sort((a, b) => weight(b) - weight(a));
  return {
    links: links.slice(0, linksMax),
    all: links,
    notes: [
      `${links.length - linksMax} of ${links.length} edges are not drawn: those with the fewest flows and no drop. The list has all.`,
    ],
  };
}

function finishPlaces(
  groups: readonly IslandGroup[],
  drafts: ReadonlyMap<string, PlaceDraft>,
  { links, hasClusters }: { readonly links: readonly MapLink[]; readonly hasClusters: boolean },
): { places: Map<string, MapPlace>; islands: MapIsland[] } {
  const counts = new Map<string, VerdictCounts>();
  for (const { source, destination, edge } of links) {
    const own = verdictCounts(edge.verdicts);
    for (const id of new Set([source, destination])) {
      const sum = counts.get(id);
      counts.set(id, sum === undefined ? own : addVerdicts(sum, own));
    }
  }
  const places = new Map<string, MapPlace>();
  const idsOf = new Map<string, string[]>();
  for (const draft of drafts.values()) {
    const own = counts.get(draft.id);
    if (own === undefined) continue;
    places.set(draft.id, {
      id: draft.id,
      island: draft.island,
      kind: draft.kind,
      ...placeText(draft),
      namespace: draft.members[0]?.namespace ?? "",
      cluster: hasClusters ? clusterOf(draft.members) : "",
      members: draft.members,
      verdict: mainVerdict(own),
      hasDrops: own.dropped > 0,
      change: changeOf(draft.members),
    });
    const ids = idsOf.get(draft.island);
    if (ids === undefined) idsOf.set(draft.island, [draft.id]);
    else ids.push(draft.id);
  }
  const islands: MapIsland[] = [];
  for (const group of groups) {
    const placeIds = idsOf.get(group.id);
    if (placeIds === undefined) continue;
    islands.push({
      id: group.id,
      title: group.title,
      detail: islandDetail(group),
      kind: group.kind,
      isFolded: group.isFolded,
      placeIds,
    });
  }
  return { places, islands };
}

function addVerdicts(a: VerdictCounts, b: VerdictCounts): VerdictCounts {
  return {
    dropped: a.dropped + b.dropped,
    audit: a.audit + b.audit,
    redirected: a.redirected + b.redirected,
    forwarded: a.forwarded + b.forwarded,
  };
}

function changeOf(members: readonly MapNodeAnswer[]): MapChange {
  const first = members[0]?.change ?? "";
  return members.every((node) => node.change === first) ? first : "same";
}

/** "" where they are in several. */
function clusterOf(members: readonly MapNodeAnswer[]): string {
  const first = members[0]?.cluster ?? "";
  return members.every(({ cluster }) => cluster === first) ? first : "";
}

function placeText({ kind, members, group }: PlaceDraft): { name: string; detail: string } {
  if (kind === "island") return { name: group.title, detail: islandDetail(group) };
  if (kind === "rest") return { name: `${members.length} more`, detail: "the least busy ones" };
  const [node] = members;
  if (node === undefined) return { name: "", detail: "" };
  return { name: node.name, detail: nodeDetail(node) };
}

/** What stands under a node's name. */
export function nodeDetail(node: MapNodeAnswer): string {
  const pods = plural(node.podCount, "pod");
  switch (node.kind) {
    case "entity":
      return entityDetails[node.name] ?? "reserved entity";
    case "fqdn":
      return "domain name";
    case "cidr":
      return "address range";
    case "Namespace":
      return `Namespace, ${pods}`;
    case "Pod":
      return node.identities.length === 1 ? `Pod, identity ${node.identities[0]}` : "Pod";
    default:
      return `${node.kind}, ${pods}`;
  }
}

function islandDetail({ kind, nodes }: IslandGroup): string {
  const pods = nodes.reduce((sum, node) => sum + node.podCount, 0);
  if (kind !== "namespace") return plural(nodes.length, "place");
  return `${plural(nodes.length, "workload")}, ${plural(pods, "pod")}`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
