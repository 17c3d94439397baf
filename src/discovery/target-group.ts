/**
 * What every kind of discovery gives: groups of targets. A target is a label set with `__address__`;
 * the group's labels fill in what the target does not say itself. A new kind is a folder or file
 * that exports a DiscoveryKind, and one line in registry.ts.
 */

import type { z } from "zod";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Labels } from "../model/labels.ts";
import type { DocumentPath, YamlDocument } from "../schema/yaml-document.ts";

/** The label that holds host and port of a target. */
export const addressLabel = "__address__";

/** Targets that came from one place. */
export interface TargetGroup {
  /** Names the place: a file, an index. */
  readonly source: string;
  readonly targets: readonly Labels[];
  readonly labels: Labels;
}

/** What a running discoverer may use. */
export interface DiscoveryContext {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Counts files that could not be read. */
  readonly onReadError?: () => void;
}

/** Finds targets until told to stop. */
export interface Discoverer {
  /**
   * Emits all groups, and all of them again after each change; the last emission stands. Returns
   * when `signal` aborts. Trouble is logged and leaves the last good groups in force.
   */
  run(emit: (groups: readonly TargetGroup[]) => void, signal: AbortSignal): Promise<void>;
}

/** Where an entry of a config file stands. */
export interface DiscoveryPlace {
  readonly document: YamlDocument | undefined;
  readonly path: DocumentPath;
}

/** A kind of discovery: the key in a scrape config, the schema of one entry, how to run it. */
export interface DiscoveryKind<Schema extends z.ZodType = z.ZodType> {
  /** "static", "file" */
  readonly name: string;
  /** "static_configs" */
  readonly configKey: string;
  /** Schema of one entry of the list under the key. */
  readonly schema: Schema;
  /** Makes the runner of all entries that one scrape config holds; throws ConfigError. */
  compile(
    entries: readonly z.output<Schema>[],
    place: DiscoveryPlace,
  ): (context: DiscoveryContext) => Discoverer;
}

/** Resolves when `signal` aborts. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
