/**
 * Places of one island on a grid: columns follow the calls from left to right, rows part the places of a
 * column. Small islands are arranged by dagre, whose crossings are few; its time grows steeply (100 boxes
 * with 300 lines: 2.5 s), so that larger ones get longest-path layers with barycentres, O(lines) a sweep.
 */

import { Graph, layout } from "@dagrejs/dagre";

/** A line between two places. */
export interface ArrangedLine {
  readonly source: string;
  readonly destination: string;
  readonly weight: number;
}

/** Where a place stands within its island. */
export interface GridSlot {
  readonly column: number;
  readonly row: number;
}

/** What dagre arranges within tens of milliseconds. */
const dagrePlacesMax = 20;
const dagreLinesMax = 36;
const sweeps = 4;
/** dagre's own units; only ranks and order matter. */
const box = { width: 136, height: 44 };
const rowPitch = 62;

/** Rows of a column for `count` places, so that an island is about half as wide again as high. */
export function rowsFor(count: number): number {
  return Math.max(4, Math.ceil(1.63 * Math.sqrt(count)));
}

/** The grid of one island. The same places and lines give the same grid. */
export function arrangeIsland(
  ids: readonly string[],
  lines: readonly ArrangedLine[],
): Map<string, GridSlot> {
  const own = new Set(ids);
  const inner = lines.filter(
    (line) => own.has(line.source) && own.has(line.destination) && line.source !== line.destination,
  );
  const linked = new Set(inner.flatMap((line) => [line.source, line.destination]));
  const bound = ids.filter((id) => linked.has(id));
  const slots =
    bound.length <= dagrePlacesMax && inner.length <= dagreLinesMax
      ? arrangeByDagre(bound, inner)
      : arrangeByLayers(bound, inner, rowsFor(ids.length));
  appendLoose(
    slots,
    ids.filter((id) => !linked.has(id)),
    rowsFor(ids.length),
  );
  return slots;
}

/** Rank of each node along the lines, cycles broken where they return; 0 = calls and is not called. */
export function rankNodes(
  ids: readonly string[],
  lines: readonly ArrangedLine[],
): Map<string, number> {
  const out = new Map<string, string[]>(ids.map((id) => [id, []]));
  const balance = new Map<string, number>();
  for (const { source, destination } of [...lines].sort((a, b) => b.weight - a.weight)) {
    out.get(source)?.push(destination);
    balance.set(source, (balance.get(source) ?? 0) + 1);
    balance.set(destination, (balance.get(destination) ?? 0) - 1);
  }
  const roots = [...ids].sort((a, b) => (balance.get(b) ?? 0) - (balance.get(a) ?? 0));
  const order = postOrder(roots, out).reverse();
  const place = new Map(order.map((id, index) => [id, index]));
  const ranks = new Map<string, number>(ids.map((id) => [id, 0]));
  for (const id of order) {
    const next = (ranks.get(id) ?? 0) + 1;
    for (const to of out.get(id) ?? []) {
      // A line back in the order closes a cycle.
      if ((place.get(to) ?? 0) > (place.get(id) ?? 0) && next > (ranks.get(to) ?? 0)) {
        ranks.set(to, next);
      }
    }
  }
  return ranks;
}

/** Nodes after all that they lead to, without recursion: chains may be long. */
function postOrder(
  roots: readonly string[],
  out: ReadonlyMap<string, readonly string[]>,
): string[] {
  const seen = new Set<string>();
  const done: string[] = [];
  for (const root of roots) {
    if (seen.has(root)) continue;
    seen.add(root);
    const stack: { id: string; next: number }[] = [{ id: root, next: 0 }];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const child = out.get(top.id)?.[top.next++];
      if (child === undefined) {
        done.push(top.id);
        stack.pop();
      } else if (!seen.has(child)) {
        seen.add(child);
        stack.push({ id: child, next: 0 });
      }
    }
  }
  return done;
}

function arrangeByDagre(
  ids: readonly string[],
  lines: readonly ArrangedLine[],
): Map<string, GridSlot> {
  const slots = new Map<string, GridSlot>();
  if (ids.length === 0) return slots;
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", nodesep: rowPitch - box.height, ranksep: 96 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const id of ids) graph.setNode(id, { ...box });
  for (const { source, destination } of lines) graph.setEdge(source, destination);
  layout(graph);
  const columns = [...new Set(ids.map((id) => Math.round(graph.node(id).x)))].sort((a, b) => a - b);
  const top = Math.min(...ids.map((id) => graph.node(id).y));
  const taken = new Set<string>();
  for (const id of [...ids].sort((a, b) => graph.node(a).y - graph.node(b).y)) {
    const { x, y } = graph.node(id);
    const column = columns.indexOf(Math.round(x));
    let row = Math.round((y - top) / rowPitch);
    while (taken.has(`${column} ${row}`)) row++;
    taken.add(`${column} ${row}`);
    slots.set(id, { column, row });
  }
  return withoutEmptyRows(slots);
}

/** Long lines leave room of their own, which our curves do not need. */
function withoutEmptyRows(slots: ReadonlyMap<string, GridSlot>): Map<string, GridSlot> {
  const rows = [...new Set([...slots.values()].map((slot) => slot.row))].sort((a, b) => a - b);
  return new Map(
    [...slots].map(([id, { column, row }]) => [id, { column, row: rows.indexOf(row) }]),
  );
}

function arrangeByLayers(
  ids: readonly string[],
  lines: readonly ArrangedLine[],
  rowsMax: number,
): Map<string, GridSlot> {
  const ranks = rankNodes(ids, lines);
  const layers: string[][] = [];
  // A long chain would be a ribbon: ranks are pressed together where there are more than the shape bears.
  const layersMax = Math.max(4, Math.ceil((ids.length / rowsMax) * 1.6));
  const press = Math.min(1, layersMax / (1 + Math.max(0, ...ranks.values())));
  for (const id of ids) {
    const rank = Math.floor((ranks.get(id) ?? 0) * press);
    for (let i = layers.length; i <= rank; i++) layers.push([]);
    layers[rank]?.push(id);
  }
  const near = new Map<string, string[]>(ids.map((id) => [id, []]));
  for (const { source, destination } of lines) {
    near.get(source)?.push(destination);
    near.get(destination)?.push(source);
  }
  const at = new Map<string, number>();
  const number = (layer: readonly string[]) => {
    for (const [index, id] of layer.entries()) at.set(id, index / layer.length);
  };
  for (const layer of layers) number(layer);
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (const layer of sweep % 2 === 0 ? layers : [...layers].reverse()) {
      const centre = new Map(layer.map((id) => [id, meanOf(near.get(id) ?? [], at, id)]));
      layer.sort((a, b) => (centre.get(a) ?? 0) - (centre.get(b) ?? 0));
      number(layer);
    }
  }
  return wrapLayers(layers, rowsMax);
}

function meanOf(near: readonly string[], at: ReadonlyMap<string, number>, own: string): number {
  if (near.length === 0) return at.get(own) ?? 0;
  let sum = 0;
  for (const id of near) sum += at.get(id) ?? 0;
  return sum / near.length;
}

function wrapLayers(layers: readonly (readonly string[])[], rowsMax: number) {
  const slots = new Map<string, GridSlot>();
  let column = 0;
  for (const layer of layers) {
    const columns = Math.max(1, Math.ceil(layer.length / rowsMax));
    const rows = Math.ceil(layer.length / columns);
    for (const [index, id] of layer.entries()) {
      slots.set(id, { column: column + Math.floor(index / rows), row: index % rows });
    }
    column += columns;
  }
  return slots;
}

/** Places that no line of the island touches stand below the others, or fill a grid of their own. */
function appendLoose(
  slots: Map<string, GridSlot>,
  loose: readonly string[],
  rowsMax: number,
): void {
  let columns = 0;
  let firstRow = 0;
  for (const { column, row } of slots.values()) {
    columns = Math.max(columns, column + 1);
    firstRow = Math.max(firstRow, row + 1);
  }
  const wanted = Math.max(columns, Math.ceil(loose.length / rowsMax));
  for (const [index, id] of loose.entries()) {
    slots.set(id, { column: index % wanted, row: firstRow + Math.floor(index / wanted) });
  }
}
