/** Rows of the table: single flows, or groups with the flows of those that are open. Pure. */

import type { FlowGroupAnswer } from "../../src/api/wire/flows.ts";
import type { Flow } from "../../src/flow/model/flow.ts";
import type { FlowColumn } from "./flow-columns.tsx";

/** Flows shown of an open group at first, and more with each press. */
export const groupFlowsFirst = 3;
export const groupFlowsMore = 50;

/** One row. */
export type FlowItem =
  | {
      readonly kind: "flow";
      readonly key: string;
      readonly flow: Flow;
      readonly isInGroup: boolean;
    }
  | {
      readonly kind: "group";
      readonly key: string;
      readonly group: FlowGroupAnswer;
      readonly isOpen: boolean;
    }
  | {
      readonly kind: "more";
      readonly key: string;
      readonly groupKey: string;
      readonly left: number;
    }
  | { readonly kind: "wait"; readonly key: string; readonly error: string | undefined };

/** A flow's row; flows without an id are told apart by place. */
export function flowItems(flows: readonly Flow[]): readonly FlowItem[] {
  return flows.map((flow, index) => ({
    kind: "flow",
    key: flow.uuid ?? `flow ${index}`,
    flow,
    isInGroup: false,
  }));
}

/** What tells a group apart. */
export function groupKey({ values }: FlowGroupAnswer): string {
  return values.join("\u0000");
}

/** What is known of an open group's flows. */
export interface GroupContent {
  readonly flows: readonly Flow[] | undefined;
  readonly error: string | undefined;
}

/** Groups, each with its flows where it is open. */
export function groupItems(
  groups: readonly FlowGroupAnswer[],
  contents: ReadonlyMap<string, GroupContent>,
): readonly FlowItem[] {
  return groups.flatMap((group): FlowItem[] => {
    const key = groupKey(group);
    const content = contents.get(key);
    const head: FlowItem = { kind: "group", key, group, isOpen: content !== undefined };
    if (content === undefined) return [head];
    if (content.flows === undefined) {
      return [head, { kind: "wait", key: `${key} wait`, error: content.error }];
    }
    const rows = content.flows.map(
      (flow, index): FlowItem => ({
        kind: "flow",
        key: `${key} ${flow.uuid ?? index}`,
        flow,
        isInGroup: true,
      }),
    );
    const left = group.flows - content.flows.length;
    const more: FlowItem[] =
      left > 0 ? [{ kind: "more", key: `${key} more`, groupKey: key, left }] : [];
    return [head, ...rows, ...more];
  });
}

/** The chosen columns, and those that the grouping needs. */
export function shownColumns(
  all: readonly FlowColumn[],
  ids: readonly string[],
  group: readonly string[],
): readonly FlowColumn[] {
  const chosen = ids.flatMap((id) => all.find((column) => column.id === id) ?? []);
  const columns = chosen.length === 0 ? all.slice(0, 1) : chosen;
  const missing = group.filter((field) => !columns.some((column) => column.field === field));
  const added = missing.map(
    (field): FlowColumn =>
      all.find((column) => column.field === field) ?? {
        id: field,
        label: field.replaceAll("-", " "),
        weight: 1.5,
        min: 90,
        field,
        text: () => "",
      },
  );
  return [...columns, ...added];
}

/** The filter lines that mean what a group's field says; undefined where no flag can. */
export function groupFilterPart(group: FlowGroupAnswer, flagPrefixes: readonly string[]) {
  return group.filter
    .split(/ (?=--)/)
    .find((part) => flagPrefixes.some((prefix) => part.startsWith(prefix)));
}

/** "2.12 /s", "0.006 /s". */
export function rateText(perSecond: number): string {
  if (perSecond >= 100) return `${Math.round(perSecond)} /s`;
  if (perSecond >= 10) return `${perSecond.toFixed(1)} /s`;
  return `${perSecond >= 0.01 ? perSecond.toFixed(2) : perSecond.toPrecision(1)} /s`;
}
