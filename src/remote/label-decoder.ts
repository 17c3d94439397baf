/**
 * Label messages to stored labels: sorted, empty values dropped, equal strings shared. What Prometheus'
 * receiver refuses silently comes back as a reason. Runs once for each series a cache does not know.
 */

import { compareUtf8, Labels, metricNameLabel } from "../model/labels.ts";
import { decodeUtf8, isUtf8, type SymbolTable } from "../textparse/byte-text.ts";
import { type ProtoCursor, wireType, wrongWireType } from "./proto-cursor.ts";

/** One label as sent. */
interface WrittenLabel {
  name: string;
  value: string;
  isUtf8: boolean;
}

/** A label set, or why it may not be stored. */
export type DecodedLabels =
  | { readonly labels: Labels }
  | { readonly labels: undefined; readonly reason: string };

/** Collects the labels of one series. Reuse one: `clear`, then `add` for each label, then `finish`. */
export class LabelDecoder {
  readonly #symbols: SymbolTable;
  readonly #written: WrittenLabel[] = [];

  constructor(symbols: SymbolTable) {
    this.#symbols = symbols;
  }

  clear(): void {
    this.#written.length = 0;
  }

  /** Reads the label message at the cursor, which ends at `end`. Throws AppError "parse". */
  add(cursor: ProtoCursor, end: number): void {
    const label: WrittenLabel = { name: "", value: "", isUtf8: true };
    while (cursor.at < end) {
      const tag = cursor.tag("Label", end);
      if (tag >>> 3 > 2) {
        cursor.skip(tag & 7, end);
        continue;
      }
      const isName = tag >>> 3 === 1;
      if ((tag & 7) !== wireType.bytes) throw wrongWireType(tag & 7, isName ? "Name" : "Value");
      const textEnd = cursor.lengthEnd(end);
      const text = this.#text(cursor.bytes, cursor.at, textEnd, label);
      if (isName) label.name = text;
      else label.value = text;
      cursor.at = textEnd;
    }
    this.#written.push(label);
  }

  /** The labels of an exemplar: no rules but the order. */
  finishUnchecked(): Labels {
    return storedLabels(this.#sorted());
  }

  /** The labels of a series. As in Prometheus a name may not repeat even where the value is empty. */
  finish(): DecodedLabels {
    const written = this.#sorted();
    const name = written.find((label) => label.name === metricNameLabel);
    if (name === undefined || name.value === "") return refused("no metric name");
    for (const [index, label] of written.entries()) {
      if (label.name === "") return refused("a label without a name");
      if (!label.isUtf8) return refused("a label that is no UTF-8");
      if (label.name === written[index - 1]?.name) return refused(`label ${label.name} twice`);
    }
    return { labels: storedLabels(written) };
  }

  #sorted(): readonly WrittenLabel[] {
    return this.#written.sort((a, b) => compareUtf8(a.name, b.name));
  }

  #text(bytes: Uint8Array, from: number, to: number, label: WrittenLabel): string {
    if (isUtf8(bytes, from, to)) return this.#symbols.intern(bytes, from, to);
    label.isUtf8 = false;
    return decodeUtf8(bytes, from, to);
  }
}

function refused(reason: string): DecodedLabels {
  return { labels: undefined, reason };
}

function storedLabels(written: readonly WrittenLabel[]): Labels {
  const pairs: string[] = [];
  for (const { name, value } of written) if (value !== "") pairs.push(name, value);
  return new Labels(pairs);
}
