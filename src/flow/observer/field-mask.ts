/**
 * Field masks of GetFlows: only the named fields of a flow go out ("source.namespace", "verdict"). A
 * mask is compiled once; its cost is that of the fields that it names.
 */

import { ConfigError } from "../../base/errors.ts";
import type { Flow } from "../model/flow.ts";
import { type Message, messageSchemas } from "../model/message-schema.ts";

type JsonObject = Readonly<Record<string, unknown>>;

interface MaskNode {
  readonly name: string;
  /** Empty: the whole field. */
  readonly parts: MaskNode[];
}

/** Cuts a flow down to the mask. */
export type FieldMask = (flow: Flow) => Flow;

/** Compiles a FieldMask's text, paths separated by commas; undefined for none. Throws ConfigError. */
export function compileFieldMask(text: string | undefined): FieldMask | undefined {
  if (text === undefined || text === "") return undefined;
  const root: MaskNode[] = [];
  for (const path of text.split(",")) addPath(root, path);
  return (flow) => cut(flow as JsonObject, root) as Flow;
}

function addPath(root: MaskNode[], path: string): void {
  let message: Message | undefined = messageSchemas.get("flow.Flow");
  let nodes = root;
  const names = path.split(".");
  for (const [index, name] of names.entries()) {
    const field = message?.byName.get(name);
    if (field === undefined || field.name !== name) {
      const why = `invalid field mask: path "${path}" is none of message flow.Flow`;
      throw new ConfigError(why, { path: "" });
    }
    message = field.isRepeated ? undefined : field.message;
    const known = nodes.find((node) => node.name === name);
    const isLast = index === names.length - 1;
    if (known !== undefined) {
      // A whole field and a part of it: the whole.
      if (isLast) known.parts.length = 0;
      else if (known.parts.length === 0) return;
      nodes = known.parts;
      continue;
    }
    const node: MaskNode = { name, parts: [] };
    nodes.push(node);
    nodes = node.parts;
  }
}

function cut(object: JsonObject, nodes: readonly MaskNode[]): JsonObject {
  const result: Record<string, unknown> = {};
  for (const { name, parts } of nodes) {
    const value = object[name];
    if (value === undefined) continue;
    result[name] = parts.length === 0 ? value : cut(value as JsonObject, parts);
  }
  return result;
}
