/**
 * How a flow falls into columns: one tree made from Hubble's message descriptors. A message is a node
 * with a presence column; a leaf is one of a few kinds. Objects that repeat as a whole (endpoints,
 * services, TCP flags) are one leaf. What the descriptors do not name goes to the `$rest` leaf of its
 * message, so that a whole flow comes back.
 */

import type { FieldKind, Message } from "../model/message-schema.ts";
import { messageSchemas } from "../model/message-schema.ts";

/** How a leaf's values are kept (FORMAT.md). */
export type LeafKind = "dictionary" | "number" | "number64" | "uuid" | "time" | "summary";

/** A leaf, or a message with children. */
export interface ColumnNode {
  /** Name within its message. */
  readonly key: string;
  /** Place among all nodes, to keep columns in an array. */
  readonly index: number;
  /** Dotted path from the flow: "l7.http.url"; "" = the flow itself. */
  readonly path: string;
  /** undefined = a message. */
  readonly leaf: LeafKind | undefined;
  /** Of a message, in declaration order, `$rest` last. */
  readonly children: readonly ColumnNode[];
  readonly byKey: ReadonlyMap<string, ColumnNode>;
  readonly rest: ColumnNode | undefined;
}

/** Marks the column that takes what a number, uuid or time column cannot hold. */
export const overflowMark = "#";
/** Key of the leaf for fields that the descriptors do not name. */
export const restKey = "$rest";

/** Messages that repeat as a whole from flow to flow: one dictionary entry instead of many columns. */
const wholeMessages: ReadonlySet<string> = new Set([
  "flow.Endpoint",
  "flow.Service",
  "flow.TCPFlags",
  "flow.NetworkInterface",
  "flow.Emitter",
]);

/** The tree of a flow. */
export const flowTree: ColumnNode = buildTree();

/** How many nodes the tree has. */
export const nodeCount: number = countNodes(flowTree);

function buildTree(): ColumnNode {
  let nextIndex = 0;
  return messageNode("", "", messageSchemas.get("flow.Flow"));

  function messageNode(key: string, path: string, message: Message | undefined): ColumnNode {
    const index = nextIndex++;
    const children = (message?.fields ?? []).map((field) => {
      const childPath = path === "" ? field.name : `${path}.${field.name}`;
      const isWhole = field.isRepeated || field.kind === "any" || wholeMessages.has(field.type);
      return field.kind === "message" && !isWhole
        ? messageNode(field.name, childPath, field.message)
        : leafNode(field.name, childPath, isWhole ? "dictionary" : leafKind(childPath, field.kind));
    });
    const rest = leafNode(restKey, path === "" ? restKey : `${path}.${restKey}`, "dictionary");
    const byKey = new Map(children.map((child) => [child.key, child]));
    children.push(rest);
    return { key, index, path, leaf: undefined, children, byKey, rest };
  }

  function leafNode(key: string, path: string, leaf: LeafKind): ColumnNode {
    return {
      key,
      index: nextIndex++,
      path,
      leaf,
      children: [],
      byKey: new Map(),
      rest: undefined,
    };
  }
}

function countNodes(node: ColumnNode): number {
  return node.children.reduce((sum, child) => sum + countNodes(child), 1);
}

function leafKind(path: string, kind: FieldKind): LeafKind {
  if (path === "uuid") return "uuid";
  if (path === "time") return "time";
  if (path === "Summary") return "summary";
  if (kind === "uint32") return "number";
  return kind === "int64" ? "number64" : "dictionary";
}
