/**
 * Panels and rows that are repeated for each value of a variable: copies with the value as their own,
 * laid out as Grafana does (side by side, at most maxPerRow, or one below the other). Pure.
 */

import {
  type ScopedValue,
  type VariableScope,
  variableValue,
} from "../../src/dashboard/interpolate.ts";
import type { Panel } from "../../src/dashboard/model.ts";

/** A copy's own values, by variable. */
export type ScopedValues = Readonly<Record<string, ScopedValue>>;

/** All panels with their copies, and what each copy's variables are. */
export interface ExpandedPanels {
  readonly panels: readonly Panel[];
  readonly scopedOf: ReadonlyMap<Panel, ScopedValues>;
}

const gridColumns = 24;
const perRowDefault = 4;
/** Copies of one panel; a variable with more values is cut, as the page would never end. */
const copiesMax = 60;
/** Distance of the ids of copies, above any id of a file. */
const idStep = 1_000_000;

/** The id that a panel or its copy has in the file. */
export function originalId(panel: Pick<Panel, "id">): number {
  return panel.id % idStep;
}

/** Expands `panels` for the choices in `scope`. */
export function expandRepeats(panels: readonly Panel[], scope: VariableScope): ExpandedPanels {
  const scopedOf = new Map<Panel, ScopedValues>();
  const expanded: Panel[] = [];
  let shift = 0;
  for (const group of groupByRow(panels)) {
    for (const copy of copiesOf(group.row, scope)) {
      const moved = (panel: Panel) => movePanel(panel, shift, copy.index);
      if (group.row !== undefined) {
        const inner = expandGroup(group.row.panels.map(moved), {
          scope,
          scopedOf,
          scoped: copy.scoped,
        });
        const row: Panel = { ...moved(group.row), panels: inner.panels };
        scopedOf.set(row, copy.scoped);
        expanded.push(row);
      }
      const body = expandGroup(group.panels.map(moved), { scope, scopedOf, scoped: copy.scoped });
      expanded.push(...body.panels);
      shift += body.extraLines;
      if (!copy.isLast) shift += heightOf(group);
    }
  }
  return { panels: expanded, scopedOf };
}

interface RowGroup {
  readonly row: Panel | undefined;
  readonly panels: readonly Panel[];
}

function groupByRow(panels: readonly Panel[]): RowGroup[] {
  const groups: { row: Panel | undefined; panels: Panel[] }[] = [{ row: undefined, panels: [] }];
  const ordered = [...panels].sort(
    (a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x,
  );
  for (const panel of ordered) {
    if (panel.type === "row") groups.push({ row: panel, panels: [] });
    else groups.at(-1)?.panels.push(panel);
  }
  return groups;
}

function heightOf({ row, panels }: RowGroup): number {
  const all = row === undefined ? panels : [row, ...panels];
  const top = Math.min(...all.map((panel) => panel.gridPos.y));
  return Math.max(...all.map((panel) => panel.gridPos.y + panel.gridPos.h)) - top;
}

interface Copy {
  readonly index: number;
  readonly isLast: boolean;
  readonly scoped: ScopedValues;
}

/** One copy a value, or the thing itself where it is not repeated. */
function copiesOf(panel: Panel | undefined, scope: VariableScope): readonly Copy[] {
  const single: Copy = { index: 0, isLast: true, scoped: {} };
  const name = panel?.repeat;
  const state = name === undefined ? undefined : scope.variables.get(name);
  if (name === undefined || state === undefined) return [single];
  const value = variableValue(state, scope.range);
  const values = Array.isArray(value) ? value.slice(0, copiesMax) : [value];
  if (values.length === 0) return [single];
  return values.map((one: unknown, index) => ({
    index,
    isLast: index === values.length - 1,
    scoped: { [name]: { value: one, text: one } },
  }));
}

function movePanel(panel: Panel, lines: number, copy: number): Panel {
  return {
    ...panel,
    id: panel.id + copy * idStep,
    gridPos: { ...panel.gridPos, y: panel.gridPos.y + lines },
  };
}

/** The panels of one row with their copies; those below a panel that grew move down. */
function expandGroup(
  panels: readonly Panel[],
  at: { scope: VariableScope; scopedOf: Map<Panel, ScopedValues>; scoped: ScopedValues },
): { panels: readonly Panel[]; extraLines: number } {
  const result: Panel[] = [];
  let extraLines = 0;
  for (const original of panels) {
    const panel = movePanel(original, extraLines, 0);
    const copies = copiesOf(panel, at.scope);
    const perRow =
      panel.repeatDirection === "v" ? 1 : Math.min(copies.length, panel.maxPerRow ?? perRowDefault);
    const { x, y, w, h } = panel.gridPos;
    for (const copy of copies) {
      const isPlain = copies.length === 1;
      const width = isPlain || panel.repeatDirection === "v" ? w : Math.floor(gridColumns / perRow);
      const line = Math.floor(copy.index / perRow);
      const placed: Panel = {
        ...panel,
        id: panel.id + copy.index * idStep * 100,
        gridPos: {
          x: isPlain || panel.repeatDirection === "v" ? x : (copy.index % perRow) * width,
          y: y + line * h,
          w: width,
          h,
        },
      };
      at.scopedOf.set(placed, { ...at.scoped, ...copy.scoped });
      result.push(placed);
    }
    extraLines += (Math.ceil(copies.length / perRow) - 1) * h;
  }
  return { panels: result, extraLines };
}
