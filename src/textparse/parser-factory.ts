/**
 * Picks and builds the parser for an exposition body. How the scrape loop uses it: keep the previous
 * body and, for each of its series in order, the byte range and what the series led to. While lines
 * come in the same order, `tryRepeat` moves over each without decoding anything; where it returns
 * false, `next()` parses the line anew, and `seriesText()` finds it in a map of all known series.
 */

import type { SymbolTable } from "./byte-text.ts";
import type { ExpositionParser } from "./exposition-parser.ts";
import { chooseMediaType } from "./media-type.ts";
import { NhcbParser } from "./nhcb-parser.ts";
import { OpenMetricsParser } from "./openmetrics-parser.ts";
import { TextParser } from "./text-parser.ts";

/** Prometheus' ParserOptions; all default to false or none. */
export interface TextParserOptions {
  /** Media type to use where the Content-Type is missing, malformed or unknown. */
  readonly fallbackContentType?: string;
  /** Adds `__type__` and `__unit__` labels. */
  readonly typeAndUnitLabels?: boolean;
  /** OpenMetrics: `_created` lines are no entries (they serve `startTimestampMs` all the same). */
  readonly skipCreatedSeries?: boolean;
  /** Turns classic histograms into native ones with custom buckets. */
  readonly convertToNhcb?: boolean;
  /** With `convertToNhcb`: delivers the classic series too. */
  readonly keepClassic?: boolean;
  /** Strings to share between the scrapes of a pool; saves decoding and memory. */
  readonly symbols?: SymbolTable;
}

/** A parser, or none; a warning may come with either. */
export interface ParserChoice {
  /** undefined: nothing can read this Content-Type, the scrape fails with `warning`. */
  readonly parser: ExpositionParser | undefined;
  /** Prometheus' text about the Content-Type; "" where it was fine. */
  readonly warning: string;
}

/** A parser for `body`, which must not change while it is in use. The body is not copied. */
export function createTextParser(
  body: Uint8Array,
  contentType: string,
  options: TextParserOptions = {},
): ParserChoice {
  const { mediaType, warning } = chooseMediaType(contentType, options.fallbackContentType ?? "");
  if (mediaType === undefined) return { parser: undefined, warning };
  const skipsCreatedSeries = options.skipCreatedSeries ?? false;
  const lineOptions = {
    hasTypeAndUnitLabels: options.typeAndUnitLabels ?? false,
    symbols: options.symbols,
  };
  const parser =
    mediaType === "text/plain"
      ? new TextParser(body, lineOptions)
      : new OpenMetricsParser(body, { ...lineOptions, skipsCreatedSeries });
  if (options.convertToNhcb !== true) return { parser, warning };
  const keepsClassic = options.keepClassic ?? false;
  const nhcb = new NhcbParser(parser, { keepsClassic, readsStartTimestamps: skipsCreatedSeries });
  return { parser: nhcb, warning };
}
