/**
 * Keeps flow metrics in step with a configuration file on disk: looked at when it starts and every ten
 * seconds, as the agent does (a mounted ConfigMap changes without a sign). What is wrong is said once
 * for each text of the file, not at every look.
 */

import { readFileSync } from "node:fs";
import type { CancelTimer, Clock } from "../base/clock.ts";
import { errorMessage } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";

/** The agent's interval. */
const lookIntervalMs = 10_000;

/** What the watch needs; `reload` is DynamicFlowMetrics' own. */
export interface MetricConfigFileOptions {
  readonly path: string;
  readonly reload: (yaml: string) => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Reads the file; replaced in tests. */
  readonly readFile?: (path: string) => string;
}

/** A watch on one file. */
export class MetricConfigFile {
  readonly #options: MetricConfigFileOptions;
  #cancel: CancelTimer | undefined;
  /** What the last look found: the text, or why there is none. */
  #seen: string | undefined;

  constructor(options: MetricConfigFileOptions) {
    this.#options = options;
  }

  /** Looks now, and from then on again and again. */
  start(): void {
    this.look();
    this.#cancel = this.#options.clock.after(lookIntervalMs, () => this.start());
  }

  /** Looks once. */
  look(): void {
    const { path, reload, logger, readFile = readText } = this.#options;
    let text: string;
    try {
      text = readFile(path);
    } catch (thrown) {
      const error = `cannot read file '${path}': ${errorMessage(thrown)}`;
      if (this.#seen !== error) logger.error({ error }, "failed reading dynamic exporter config");
      this.#seen = error;
      return;
    }
    if (text === this.#seen) return;
    this.#seen = text;
    reload(text);
  }

  /** Looks no more; the metrics stay as they are. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}

function readText(path: string): string {
  return readFileSync(path, "utf8");
}
