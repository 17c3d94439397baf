/**
 * What the canvas draws of a model and its layout: curves, and labels where they cover neither a box nor
 * another label. A label that finds no room is shown only while its edge is looked at. Made anew when
 * links come or go, not with each rate. Pure, O(links).
 */

import { type LinkPath, linkPath, pointAt } from "./link-path.ts";
import type { LayoutBox, MapLayout } from "./map-layout.ts";
import type { MapLink } from "./map-model.ts";

/** Where one link is drawn. */
export interface SceneLink {
  readonly d: string;
  readonly labelX: number;
  readonly labelY: number;
  /** False: the label would cover something. */
  readonly hasRoom: boolean;
}

/** Room for a label, px: a long one. */
const label = { width: 96, height: 20 };
/** Up to so many links curves are bent around boxes; more cannot be followed by eye anyway. */
const bentLinksMax = 400;
const bulges = [0, 48, -48, 96, -96, 150, -150, 210, -210];
const samples = 14;
/** Titles of islands are not covered either. */
const islandHead = 34;
const cell = 96;
/** Where along the curve a label is tried. */
const tries = [0.5, 0.4, 0.6, 0.3, 0.7, 0.22, 0.78];

/** Curves and label places by link. */
export function buildScene(
  links: readonly MapLink[],
  { places, islands }: Pick<MapLayout, "places" | "islands">,
): ReadonlyMap<string, SceneLink> {
  const boxes = new BoxGrid();
  for (const box of Object.values(places)) boxes.add(box);
  const taken = new BoxGrid();
  for (const box of Object.values(places)) taken.add(box);
  for (const box of Object.values(islands)) taken.add({ ...box, height: islandHead });
  const ids = new Set(links.map((link) => link.id));
  const scene = new Map<string, SceneLink>();
  // What was dropped, and what is busy, has the first choice.
  const order = [...links].sort((a, b) => b.edge.flows - a.edge.flows);
  for (const { id, source, destination } of order) {
    const [from, to] = [places[source], places[destination]];
    if (from === undefined || to === undefined) continue;
    const hasTwin = source !== destination && ids.has(`${destination} -> ${source}`);
    const options = links.length <= bentLinksMax && from !== to ? bulges : [0];
    const { d, curve } = freeCurve(
      options.map((bulge) => () => linkPath(from, to, hasTwin, bulge)),
      boxes,
      [from, to],
    );
    const free = tries.map((t) => pointAt(curve, t)).find((point) => taken.isFree(labelBox(point)));
    const at = free ?? pointAt(curve, 0.5);
    if (free !== undefined) taken.add(labelBox(free));
    scene.set(id, {
      d,
      labelX: Math.round(at.x),
      labelY: Math.round(at.y),
      hasRoom: free !== undefined,
    });
  }
  return scene;
}

/** The first curve that passes behind no box but its own ends; else the one behind the fewest. */
function freeCurve(
  options: readonly (() => LinkPath)[],
  boxes: BoxGrid,
  ends: readonly LayoutBox[],
): LinkPath {
  if (options.length === 1) return options[0]?.() ?? { d: "", curve: [] };
  let best: LinkPath = { d: "", curve: [] };
  let bestHits = Number.POSITIVE_INFINITY;
  for (const make of options) {
    const path = make();
    let hits = 0;
    for (let i = 1; i < samples; i++) {
      const { x, y } = pointAt(path.curve, i / samples);
      if (!boxes.isFree({ x: x - 2, y: y - 5, width: 4, height: 10 }, ends)) hits++;
    }
    if (hits < bestHits) {
      best = path;
      bestHits = hits;
    }
    if (hits === 0) break;
  }
  return best;
}

function labelBox({ x, y }: { readonly x: number; readonly y: number }): LayoutBox {
  const { width, height } = label;
  return { x: x - width / 2, y: y - height / 2, width, height };
}

/** Boxes by the squares of a grid that they touch. */
class BoxGrid {
  readonly #cells = new Map<string, LayoutBox[]>();

  add(box: LayoutBox): void {
    for (const key of keysOf(box)) {
      const list = this.#cells.get(key);
      if (list === undefined) this.#cells.set(key, [box]);
      else list.push(box);
    }
  }

  isFree(box: LayoutBox, except: readonly LayoutBox[] = []): boolean {
    for (const key of keysOf(box)) {
      for (const other of this.#cells.get(key) ?? []) {
        if (
          !except.includes(other) &&
          box.x < other.x + other.width &&
          other.x < box.x + box.width &&
          box.y < other.y + other.height &&
          other.y < box.y + box.height
        ) {
          return false;
        }
      }
    }
    return true;
  }
}

function* keysOf({ x, y, width, height }: LayoutBox): Generator<string> {
  for (let cx = Math.floor(x / cell); cx <= Math.floor((x + width) / cell); cx++) {
    for (let cy = Math.floor(y / cell); cy <= Math.floor((y + height) / cell); cy++) {
      yield `${cx} ${cy}`;
    }
  }
}
