/** The parts of the policy editor that are drawn beside the text: hits in the gutter, notes, lines that are gone. */

import { GutterMarker, WidgetType } from "@codemirror/view";
import { formatPlainNumber } from "../charts/plain-number.ts";
import type { RemovedLine } from "./line-diff.ts";
import type { LineMark } from "./line-marks.ts";

/** A sentence under a line. */
export interface EditorNote {
  readonly line: number;
  readonly kind: "info" | "warn" | "crit";
  readonly text: string;
  /** Said after the text: "⌥↵ write fromEndpoints". */
  readonly mend: string;
}

const svgSpace = "http://www.w3.org/2000/svg";
const shapes = {
  allowed: "M1.6 6h8.2M6.7 2.9 9.9 6 6.7 9.1",
  denied: "m2.5 2.5 7 7m0-7-7 7",
  info: "M6 1.4a4.6 4.6 0 1 0 0 9.2 4.6 4.6 0 0 0 0-9.2M6 5.5v2.9M6 3.6v.01",
  warn: "M6 1.6 11 10.3H1zM6 4.8v2.4M6 8.8v.01",
  crit: "M3.6.8h4.8l2.8 2.8v4.8l-2.8 2.8H3.6L.8 8.4V3.6zM6 3.4v3.2M6 8.4v.01",
} as const;

function glyph(kind: keyof typeof shapes): SVGElement {
  const svg = document.createElementNS(svgSpace, "svg");
  svg.setAttribute("viewBox", "0 0 12 12");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(svgSpace, "path");
  path.setAttribute("d", shapes[kind]);
  svg.append(path);
  return svg;
}

function hitElement({ allowed, denied, isUnused }: LineMark, most: number): HTMLElement {
  const box = document.createElement("span");
  box.className = "hit";
  if (isUnused) {
    box.classList.add("is-unused");
    box.append("0");
    box.title = "No flow of this window needed this rule";
    return box;
  }
  const counts = [
    ["denied", denied],
    ["allowed", allowed],
  ] as const;
  for (const [kind, count] of counts) {
    if (count === 0) continue;
    const part = document.createElement("span");
    part.className = `hit-count is-${kind}`;
    part.style.setProperty("--share", `${Math.max(4, (100 * count) / most)}%`);
    part.append(glyph(kind), formatPlainNumber(count));
    part.title = `${formatPlainNumber(count)} flows ${kind}`;
    box.append(part);
  }
  return box;
}

/** Bar, glyph and count of one line. */
export class HitMarker extends GutterMarker {
  readonly #mark: LineMark;
  readonly #most: number;

  constructor(mark: LineMark, most: number) {
    super();
    this.#mark = mark;
    this.#most = most;
  }

  override eq(other: HitMarker): boolean {
    return other.#mark === this.#mark && other.#most === this.#most;
  }

  override toDOM(): Node {
    return hitElement(this.#mark, this.#most);
  }
}

/** The + of a new line. */
export class PlusMarker extends GutterMarker {
  override elementClass = "cm-plus";

  override eq(): boolean {
    return true;
  }
}

/** A sentence under a line. */
export class NoteWidget extends WidgetType {
  readonly #note: EditorNote;

  constructor(note: EditorNote) {
    super();
    this.#note = note;
  }

  override eq(other: NoteWidget): boolean {
    const [a, b] = [this.#note, other.#note];
    return a.text === b.text && a.kind === b.kind && a.line === b.line && a.mend === b.mend;
  }

  override toDOM(): HTMLElement {
    const { kind, text, mend } = this.#note;
    const box = document.createElement("div");
    box.className = `line-note is-${kind}`;
    const words = document.createElement("span");
    words.append(text);
    if (mend !== "") {
      const key = document.createElement("kbd");
      key.append("⌥↵");
      const act = document.createElement("span");
      act.className = "line-mend";
      act.append(key, ` ${mend}`);
      words.append(" ", act);
    }
    box.append(glyph(kind), words);
    return box;
  }
}

/** Lines of the applied text that the draft has not any more; their hits and numbers stand in the gutters. */
export class RemovedWidget extends WidgetType {
  readonly #lines: readonly RemovedLine[];
  readonly #marks: ReadonlyMap<number, LineMark>;
  readonly #most: number;

  constructor(lines: readonly RemovedLine[], marks: ReadonlyMap<number, LineMark>, most: number) {
    super();
    this.#lines = lines;
    this.#marks = marks;
    this.#most = most;
  }

  override eq(other: RemovedWidget): boolean {
    const textOf = (lines: readonly RemovedLine[]) => lines.map(({ text }) => text).join("\n");
    return other.#marks === this.#marks && textOf(other.#lines) === textOf(this.#lines);
  }

  override toDOM(): HTMLElement {
    const box = document.createElement("div");
    box.className = "removed-lines";
    for (const { text } of this.#lines) {
      const content = document.createElement("del");
      content.append(text === "" ? " " : text);
      box.append(content);
    }
    return box;
  }

  /** For the gutter of hits. */
  hits(): GutterMarker {
    return new RowsMarker(
      this.#lines.map(({ line }) => {
        const mark = this.#marks.get(line);
        return mark === undefined || mark.isUnused ? "" : hitElement(mark, this.#most);
      }),
    );
  }

  /** For the gutter of numbers. */
  numbers(): GutterMarker {
    return new RowsMarker(this.#lines.map(({ line }) => `− ${line}`));
  }
}

class RowsMarker extends GutterMarker {
  override elementClass = "cm-removed";
  readonly #rows: readonly (string | HTMLElement)[];

  constructor(rows: readonly (string | HTMLElement)[]) {
    super();
    this.#rows = rows;
  }

  override toDOM(): Node {
    const box = document.createElement("div");
    for (const row of this.#rows) {
      const line = document.createElement("div");
      line.className = "removed-row";
      line.append(row);
      box.append(line);
    }
    return box;
  }
}
