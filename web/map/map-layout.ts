/**
 * Where everything of the map stands, px. A place keeps its slot (island, column, row) by its name and an
 * island keeps its column: what is new finds a free slot beside what it talks to, what is gone leaves a
 * gap, and nothing else moves. Pure; runs in a worker.
 *
 *   island column 0      1           2
 *   +----------+   +-----------+  +------+    islands of a column stand below each other, in the order
 *   | [a]->[b] |-->| [c]->[d]  |->| [e]  |    of their rank: callers left, called ones right
 *   +----------+   +-----------+  +------+
 */

import {
  type ArrangedLine,
  arrangeIsland,
  type GridSlot,
  rankNodes,
  rowsFor,
} from "./island-arrangement.ts";

/** Size of a box. */
const placeWidth = 144;
const placeHeight = 44;
const rowGap = 18;
/** Between columns of an island; large ones are read from afar, where labels are off. */
const columnGap = 114;
const columnGapDense = 56;
const densePlaces = 40;
const frame = { left: 14, right: 14, top: 38, bottom: 14 } as const;
const islandGapX = 118;
const islandGapY = 26;
/** Width by height that the whole is to have. */
const aspect = 1.75;
/** What traffic within a column costs, beside the logarithm of a wrong shape. */
const stackedCost = 0.6;
/** Slots kept for what is not there now. */
const absentMax = 4000;

/** What is to be placed. */
export interface LayoutRequest {
  readonly islands: readonly LayoutIsland[];
  readonly lines: readonly ArrangedLine[];
  readonly slots: LayoutSlots;
}

interface LayoutIsland {
  readonly id: string;
  /** Drawn with a frame and a title. */
  readonly isFramed: boolean;
  readonly placeIds: readonly string[];
}

/** What is remembered from one layout to the next, by name. */
export interface LayoutSlots {
  readonly places: Readonly<Record<string, GridSlot & { readonly island: string }>>;
  readonly islands: Readonly<Record<string, { readonly column: number; readonly order: number }>>;
}

/** A corner and a size. */
export interface LayoutBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The answer. */
export interface MapLayout {
  readonly places: Readonly<Record<string, LayoutBox>>;
  readonly islands: Readonly<Record<string, LayoutBox>>;
  readonly slots: LayoutSlots;
}

/** Places everything. */
export function layoutMap(request: LayoutRequest): MapLayout {
  const islandOf = new Map<string, string>();
  for (const island of request.islands) {
    for (const id of island.placeIds) islandOf.set(id, island.id);
  }
  const linesOf = innerLines(request.lines, islandOf);
  const places: Record<string, GridSlot & { island: string }> = keptPlaces(request, islandOf);
  const sizes = new Map<string, LayoutBox>();
  for (const island of request.islands) {
    const slots = slotsOfIsland(island, linesOf.get(island.id) ?? [], places);
    for (const [id, slot] of slots) places[id] = { ...slot, island: island.id };
    sizes.set(island.id, islandSize(island, slots));
  }
  const islandSlots = placeIslands(request, islandOf, sizes);
  const islands = islandBoxes(request.islands, islandSlots, sizes);
  return {
    islands,
    places: placeBoxes(request.islands, places, islands),
    slots: {
      places,
      islands: { ...request.slots.islands, ...Object.fromEntries(islandSlots) },
    },
  };
}

/** Slots of before; those of absent places go when there are too many. */
function keptPlaces(
  { slots }: LayoutRequest,
  islandOf: ReadonlyMap<string, string>,
): Record<string, GridSlot & { island: string }> {
  const entries = Object.entries(slots.places);
  return Object.fromEntries(
    entries.length - islandOf.size > absentMax
      ? entries.filter(([id]) => islandOf.has(id))
      : entries,
  );
}

function innerLines(
  lines: readonly ArrangedLine[],
  islandOf: ReadonlyMap<string, string>,
): Map<string, ArrangedLine[]> {
  const found = new Map<string, ArrangedLine[]>();
  for (const line of lines) {
    const island = islandOf.get(line.source);
    if (island === undefined || island !== islandOf.get(line.destination)) continue;
    const list = found.get(island);
    if (list === undefined) found.set(island, [line]);
    else list.push(line);
  }
  return found;
}

function slotsOfIsland(
  island: LayoutIsland,
  lines: readonly ArrangedLine[],
  known: Readonly<Record<string, GridSlot & { readonly island: string }>>,
): Map<string, GridSlot> {
  const kept = new Map<string, GridSlot>();
  for (const id of island.placeIds) {
    const slot = known[id];
    if (slot?.island === island.id) kept.set(id, { column: slot.column, row: slot.row });
  }
  if (kept.size === island.placeIds.length) return kept;
  if (kept.size === 0) return arrangeIsland(island.placeIds, lines);
  const taken = new Set<string>();
  for (const slot of Object.values(known)) {
    if (slot.island === island.id) taken.add(`${slot.column} ${slot.row}`);
  }
  for (const id of island.placeIds) {
    if (kept.has(id)) continue;
    const slot = freeSlot(columnFor(id, lines, kept), taken, rowsFor(island.placeIds.length));
    taken.add(`${slot.column} ${slot.row}`);
    kept.set(id, slot);
  }
  return kept;
}

/** Right of who calls it, else left of whom it calls, else in the first column. */
function columnFor(
  id: string,
  lines: readonly ArrangedLine[],
  kept: ReadonlyMap<string, GridSlot>,
): number {
  let right = -1;
  let left = Number.POSITIVE_INFINITY;
  for (const { source, destination } of lines) {
    if (destination === id) right = Math.max(right, kept.get(source)?.column ?? -1);
    if (source === id) left = Math.min(left, kept.get(destination)?.column ?? left);
  }
  if (right >= 0) return right + 1;
  return Number.isFinite(left) ? Math.max(0, left - 1) : 0;
}

function freeSlot(column: number, taken: ReadonlySet<string>, rowsMax: number): GridSlot {
  for (let wide = column; ; wide++) {
    for (let row = 0; row < rowsMax * 2; row++) {
      if (!taken.has(`${wide} ${row}`)) return { column: wide, row };
    }
  }
}

function gapOf(count: number): number {
  return count > densePlaces ? columnGapDense : columnGap;
}

function islandSize(island: LayoutIsland, slots: ReadonlyMap<string, GridSlot>): LayoutBox {
  let columns = 1;
  let rows = 1;
  for (const slot of slots.values()) {
    columns = Math.max(columns, slot.column + 1);
    rows = Math.max(rows, slot.row + 1);
  }
  const inner = {
    width: columns * placeWidth + (columns - 1) * gapOf(slots.size),
    height: rows * placeHeight + (rows - 1) * rowGap,
  };
  if (!island.isFramed) return { x: 0, y: 0, ...inner };
  return {
    x: 0,
    y: 0,
    width: inner.width + frame.left + frame.right,
    height: inner.height + frame.top + frame.bottom,
  };
}

function placeIslands(
  { islands, lines, slots }: LayoutRequest,
  islandOf: ReadonlyMap<string, string>,
  sizes: ReadonlyMap<string, LayoutBox>,
): Map<string, { column: number; order: number }> {
  const kept = new Map<string, { column: number; order: number }>();
  const fresh: string[] = [];
  for (const { id } of islands) {
    const slot = slots.islands[id];
    if (slot === undefined) fresh.push(id);
    else kept.set(id, slot);
  }
  if (kept.size === 0) {
    return fillColumns(rankedIslands(fresh, lines, islandOf), sizes, (slots) =>
      stackedShare(lines, islandOf, slots),
    );
  }
  const heights = new Map<number, number>();
  const orders = new Map<number, number>();
  for (const [id, { column }] of kept) {
    heights.set(column, (heights.get(column) ?? 0) + (sizes.get(id)?.height ?? 0));
  }
  for (const { column, order } of Object.values(slots.islands)) {
    orders.set(column, Math.max(order, orders.get(column) ?? 0));
  }
  for (const id of fresh) {
    const [column = 0, height = 0] = [...heights].sort((a, b) => a[1] - b[1])[0] ?? [];
    const order = (orders.get(column) ?? 0) + 1;
    kept.set(id, { column, order });
    orders.set(column, order);
    heights.set(column, height + (sizes.get(id)?.height ?? 0) + islandGapY);
  }
  return kept;
}

/** Callers first; what is outside or of the nodes last, but the callers from outside. */
function rankedIslands(
  ids: readonly string[],
  lines: readonly ArrangedLine[],
  islandOf: ReadonlyMap<string, string>,
): readonly string[] {
  const weights = new Map<string, ArrangedLine>();
  for (const line of lines) {
    const source = islandOf.get(line.source) ?? "";
    const destination = islandOf.get(line.destination) ?? "";
    if (source === destination) continue;
    const key = `${source}\u0000${destination}`;
    const weight = (weights.get(key)?.weight ?? 0) + line.weight;
    weights.set(key, { source, destination, weight });
  }
  // Of two islands that call each other the stronger direction counts.
  const dominant = [...weights.values()].filter(
    ({ source, destination, weight }) =>
      weight >= (weights.get(`${destination}\u0000${source}`)?.weight ?? 0),
  );
  const ranks = rankNodes(ids, dominant);
  const last = Math.max(0, ...ranks.values()) + 1;
  const rank = (id: string) => {
    if (id === "@callers") return -1;
    return id.startsWith("@") && id !== "@namespaces" ? last : (ranks.get(id) ?? 0);
  };
  return [...ids].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

type IslandSlots = Map<string, { column: number; order: number }>;

/** Tries columns of several heights; the shape counts, and how much traffic would run within a column. */
function fillColumns(
  ids: readonly string[],
  sizes: ReadonlyMap<string, LayoutBox>,
  stacked: (slots: IslandSlots) => number,
): IslandSlots {
  let target = Math.max(1, ...ids.map((id) => (sizes.get(id)?.height ?? 0) + islandGapY));
  let best: IslandSlots = new Map();
  let bestCost = Number.POSITIVE_INFINITY;
  for (let tries = 0; tries < 24; tries++) {
    const { slots, width, height } = columnsOf(ids, sizes, target);
    const cost = Math.abs(Math.log(width / height / aspect)) + stackedCost * stacked(slots);
    if (cost < bestCost) {
      bestCost = cost;
      best = slots;
    }
    target *= 1.18;
  }
  return best;
}

/** Columns no higher than `target`. */
function columnsOf(
  ids: readonly string[],
  sizes: ReadonlyMap<string, LayoutBox>,
  target: number,
): { slots: IslandSlots; width: number; height: number } {
  const slots: IslandSlots = new Map();
  let [width, height, used, wide, column, order] = [0, 1, 0, 0, 0, 0];
  let isAfterCallers = false;
  for (const id of ids) {
    const size = sizes.get(id) ?? { width: 0, height: 0 };
    const own = size.height + islandGapY;
    if (order > 0 && (used + own > target || isAfterCallers)) {
      width += wide + islandGapX;
      column++;
      [order, used, wide] = [0, 0, 0];
    }
    slots.set(id, { column, order });
    order++;
    used += own;
    wide = Math.max(wide, size.width);
    height = Math.max(height, used);
    isAfterCallers = id === "@callers";
  }
  return { slots, width: width + wide, height };
}

/** Share of the traffic between islands that stays within one column. */
function stackedShare(
  lines: readonly ArrangedLine[],
  islandOf: ReadonlyMap<string, string>,
  slots: IslandSlots,
): number {
  let all = 0;
  let stacked = 0;
  for (const { source, destination, weight } of lines) {
    const [from = "", to = ""] = [islandOf.get(source), islandOf.get(destination)];
    if (from === to) continue;
    all += weight;
    if (slots.get(from)?.column === slots.get(to)?.column) stacked += weight;
  }
  return all === 0 ? 0 : stacked / all;
}

function islandBoxes(
  islands: readonly LayoutIsland[],
  slots: ReadonlyMap<string, { readonly column: number; readonly order: number }>,
  sizes: ReadonlyMap<string, LayoutBox>,
): Record<string, LayoutBox> {
  const columns = new Map<number, string[]>();
  for (const { id } of islands) {
    const column = slots.get(id)?.column ?? 0;
    const list = columns.get(column);
    if (list === undefined) columns.set(column, [id]);
    else list.push(id);
  }
  const boxes: Record<string, LayoutBox> = {};
  let x = 0;
  for (const [, ids] of [...columns].sort((a, b) => a[0] - b[0])) {
    let y = 0;
    let width = 0;
    ids.sort((a, b) => (slots.get(a)?.order ?? 0) - (slots.get(b)?.order ?? 0));
    for (const id of ids) {
      const size = sizes.get(id) ?? { x: 0, y: 0, width: 0, height: 0 };
      boxes[id] = { ...size, x, y };
      y += size.height + islandGapY;
      width = Math.max(width, size.width);
    }
    x += width + islandGapX;
  }
  return boxes;
}

function placeBoxes(
  islands: readonly LayoutIsland[],
  slots: Readonly<Record<string, GridSlot>>,
  boxes: Readonly<Record<string, LayoutBox>>,
): Record<string, LayoutBox> {
  const found: Record<string, LayoutBox> = {};
  for (const island of islands) {
    const box = boxes[island.id];
    if (box === undefined) continue;
    const gap = gapOf(island.placeIds.length);
    const left = box.x + (island.isFramed ? frame.left : 0);
    const top = box.y + (island.isFramed ? frame.top : 0);
    for (const id of island.placeIds) {
      const slot = slots[id];
      if (slot === undefined) continue;
      found[id] = {
        x: left + slot.column * (placeWidth + gap),
        y: top + slot.row * (placeHeight + rowGap),
        width: placeWidth,
        height: placeHeight,
      };
    }
  }
  return found;
}
