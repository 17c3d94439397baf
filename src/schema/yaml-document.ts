/**
 * YAML with positions. The value tree holds text, null, arrays and objects: every scalar stays as
 * the user wrote it, so that a schema decides what it means (see scalars.ts). Mapping entries whose
 * value is null are kept. Aliases and merge keys are resolved. Cost: linear in the document.
 */

import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from "yaml";
import { ConfigError } from "../base/errors.ts";

/** A path into a document: keys and indexes. */
export type DocumentPath = readonly (string | number)[];

/** A parsed document. */
export interface YamlDocument {
  /** As errors should name it. */
  readonly file: string | undefined;
  /** Text, null, arrays and objects; null where the document is empty. */
  readonly value: unknown;
  /** 1-based line of the value at `path`, or of the nearest part of the document that exists. */
  lineOf(path: DocumentPath): number;
  /** As `lineOf`, for the key that `path` ends with. */
  lineOfKey(path: DocumentPath): number;
}

/** Aliases may expand a small document into a huge one; beyond so many the document is refused. */
const aliasesMax = 1000;

/** Parses `text`; throws ConfigError with the line of the first mistake. */
export function parseYamlDocument(text: string, file?: string): YamlDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: "1.1",
    merge: true,
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: false,
  });
  const first = document.errors[0];
  if (first !== undefined) {
    throw new ConfigError(`cannot read YAML: ${first.message}`, {
      file,
      path: "",
      line: lines.linePos(first.pos[0]).line,
    });
  }
  const reader = new TreeReader(document);
  const lineAt = (node: unknown): number => {
    const range = isCollection(node) || isScalar(node) || isAlias(node) ? node.range : undefined;
    return range === undefined || range === null ? 1 : lines.linePos(range[0]).line;
  };
  try {
    return {
      file,
      value: reader.valueOf(document.contents),
      lineOf: (path) => lineAt(reader.find(path).value),
      lineOfKey: (path) => {
        const found = reader.find(path);
        return lineAt(found.key ?? found.value);
      },
    };
  } catch (thrown) {
    if (thrown instanceof TreeError) {
      throw new ConfigError(thrown.message, { file, path: "", line: lineAt(thrown.node) });
    }
    throw thrown;
  }
}

class TreeError extends Error {
  readonly node: unknown;
  constructor(message: string, node: unknown) {
    super(message);
    this.node = node;
  }
}

interface Found {
  readonly key: unknown;
  readonly value: unknown;
}

class TreeReader {
  readonly #document: Document.Parsed;
  #aliasCount = 0;

  constructor(document: Document.Parsed) {
    this.#document = document;
  }

  valueOf(node: unknown): unknown {
    const resolved = this.#resolve(node);
    if (isMap(resolved)) return this.#objectOf(resolved);
    if (isSeq(resolved)) return resolved.items.map((item) => this.valueOf(item));
    return isScalar(resolved) ? scalarText(resolved) : null;
  }

  /** The deepest key and value that `path` leads to. */
  find(path: DocumentPath): Found {
    let found: Found = { key: undefined, value: this.#document.contents };
    for (const step of path) {
      const node = this.#resolve(found.value, true);
      let next: Found | undefined;
      if (isMap(node)) next = this.#entry(node, String(step));
      else if (isSeq(node)) next = { key: undefined, value: node.items[Number(step)] };
      if (next?.value === undefined && next?.key === undefined) break;
      // A key without a value has no node; its own key stands for it.
      found = { key: next.key, value: next.value ?? next.key };
    }
    return found;
  }

  #entry(map: YAMLMap, name: string): Found | undefined {
    let merged: Found | undefined;
    for (const pair of map.items) {
      const key = keyText(pair.key);
      if (key === name) return { key: pair.key, value: pair.value };
      if (key !== "<<") continue;
      const source = this.#resolve(pair.value, true);
      for (const part of isSeq(source) ? source.items : [source]) {
        const node = this.#resolve(part, true);
        if (isMap(node)) merged ??= this.#entry(node, name);
      }
    }
    return merged;
  }

  #objectOf(map: YAMLMap): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    for (const pair of map.items) {
      if (keyText(pair.key) === "<<") this.#mergeInto(object, pair.value);
    }
    for (const pair of map.items) {
      const key = keyText(pair.key);
      if (!isPair(pair) || key === "<<") continue;
      if (key === undefined) throw new TreeError("a key must be a text", pair.key);
      // defineProperty: "__proto__" is a key like any other.
      Object.defineProperty(object, key, {
        value: this.valueOf(pair.value),
        enumerable: true,
        writable: true,
        configurable: true,
      });
    }
    return object;
  }

  #mergeInto(object: Record<string, unknown>, source: unknown): void {
    const node = this.#resolve(source);
    for (const part of isSeq(node) ? node.items : [node]) {
      const map = this.#resolve(part);
      if (!isMap(map)) throw new TreeError("<< wants a mapping", source);
      for (const [key, value] of Object.entries(this.#objectOf(map))) {
        if (!Object.hasOwn(object, key)) object[key] = value;
      }
    }
  }

  #resolve(node: unknown, isLookup = false): unknown {
    if (!isAlias(node)) return node;
    if (!isLookup && ++this.#aliasCount > aliasesMax) {
      throw new TreeError(`more than ${aliasesMax} aliases`, node);
    }
    const target: Node | undefined = node.resolve(this.#document);
    if (target === undefined) throw new TreeError(`unknown anchor *${node.source}`, node);
    return target;
  }
}

function keyText(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined;
  // With merge keys on, the parser turns << into a symbol.
  if (typeof key.value === "symbol") return "<<";
  return scalarText(key) ?? "";
}

/** The scalar as written, null for YAML's nulls. */
function scalarText(scalar: Scalar): string | null {
  if (scalar.value === null || scalar.value === undefined) return null;
  if (typeof scalar.value === "string") return scalar.value;
  return scalar.source ?? String(scalar.value);
}
