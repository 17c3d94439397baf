/**
 * `--enable-feature`: the switches of Prometheus 3.14, what each does here, and the sentence that is
 * logged for it. One table; whoever builds a switch changes its row and reads it by
 * `FeatureSwitches.has`. An unknown name is a warning, as in Prometheus, and never an error.
 */

import { didYouMean } from "../schema/did-you-mean.ts";

/** What a switch does: turns something on, changes nothing since that is always on, or nothing yet. */
type SwitchKind = "switch" | "always-on" | "without-effect";

const table = {
  "promql-experimental-functions": ["switch", "Experimental PromQL functions enabled."],
  "promql-delayed-name-removal": ["switch", "Experimental PromQL delayed name removal enabled."],
  "promql-extended-range-selectors": [
    "switch",
    "Experimental PromQL extended range selectors enabled.",
  ],
  "promql-binop-fill-modifiers": [
    "switch",
    "Experimental PromQL binary operator fill modifiers enabled.",
  ],
  "promql-per-step-stats": ["switch", "Experimental per-step statistics reporting"],
  "use-start-timestamps": [
    "switch",
    "Experimental usage of start timestamps in PromQL engine is enabled.",
  ],
  "type-and-unit-labels": ["switch", "Experimental type and unit labels enabled"],
  "promql-duration-expr": ["always-on", ""],
  "promql-at-modifier": ["always-on", ""],
  "promql-negative-offset": ["always-on", ""],
  "ooo-native-histograms": ["always-on", ""],
  "exemplar-storage": ["always-on", ""],
  "native-histograms": [
    "without-effect",
    "To scrape native histograms, set the scrape_native_histograms scrape config setting to true.",
  ],
  "extra-scrape-metrics": [
    "without-effect",
    "Set extra_scrape_metrics in the configuration instead.",
  ],
  "memory-snapshot-on-shutdown": ["switch", "Experimental memory snapshot on shutdown enabled"],
  "metadata-wal-records": ["switch", "Experimental metadata records in WAL enabled"],
  "auto-reload-config": ["without-effect", "Send SIGHUP, or POST to /-/reload."],
  "concurrent-rule-eval": ["without-effect", "Rules are not evaluated here."],
  "created-timestamp-zero-ingestion": ["without-effect", "No zero samples are written."],
  "delayed-compaction": ["without-effect", "Compaction begins as soon as it can."],
  "st-storage": ["switch", "Experimental start timestamp storage enabled."],
  "xor2-encoding": ["without-effect", "Chunks with start timestamps are XOR2, the others XOR."],
  "histograms-st-encoding": ["without-effect", "It comes with st-storage."],
  "st-synthesis": ["without-effect", ""],
  "old-ui": ["without-effect", "This server has a page of its own."],
  "otlp-deltatocumulative": ["without-effect", "OTLP is not taken."],
  "otlp-native-delta-ingestion": ["without-effect", "OTLP is not taken."],
  openmetrics2: ["without-effect", ""],
  "zstd-scrape": ["without-effect", ""],
  "use-uncached-io": ["without-effect", ""],
  "fast-startup": ["without-effect", ""],
  "search-api": ["without-effect", ""],
} as const satisfies Readonly<Record<string, readonly [SwitchKind, string]>>;

/** A name of the table. */
export type FeatureName = keyof typeof table;

/** A sentence about one name that was given. */
export interface FeatureNote {
  readonly level: "info" | "warn";
  readonly message: string;
  readonly option: string;
}

/** What was switched on. */
export interface FeatureSwitches {
  /** Whether the switch was given and does something. */
  has(name: FeatureName): boolean;
  /** To be logged at the start, in the order given. */
  readonly notes: readonly FeatureNote[];
}

/** Reads the values of the flag, each a list with commas; spaces are not trimmed, as in Prometheus. */
export function readFeatureSwitches(values: readonly string[]): FeatureSwitches {
  const names = values.flatMap((value) => value.split(",")).filter((name) => name !== "");
  const on = new Set<string>();
  const notes = names.map((option) => {
    if (!isFeatureName(option)) return unknownFeature(option);
    const [kind, text]: readonly [SwitchKind, string] = table[option];
    if (kind === "switch") on.add(option);
    return noteOf(kind, text, option);
  });
  return { has: (name) => on.has(name), notes };
}

/** Nothing switched on. */
export const noFeatureSwitches: FeatureSwitches = readFeatureSwitches([]);

function isFeatureName(name: string): name is FeatureName {
  return Object.hasOwn(table, name);
}

function noteOf(kind: SwitchKind, text: string, option: string): FeatureNote {
  if (kind === "switch") return { level: "info", message: text, option };
  const message =
    kind === "always-on"
      ? "This option for --enable-feature is now permanently enabled and therefore a no-op."
      : `This option for --enable-feature is a no-op. ${text}`.trimEnd();
  return { level: "warn", message, option };
}

function unknownFeature(option: string): FeatureNote {
  const hint = didYouMean(option, Object.keys(table));
  return { level: "warn", message: `Unknown option for --enable-feature${hint}`, option };
}
